"""faster-whisper as the farm's speech engine: one loaded model, heard through by several threads.

A chunk's way stands here: where speech is, windows of it, batches of windows, and a look at what each
window gave (`coverage`). Further guards belong between a batch and its answer.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING

from whisper_farm.errors import WorkerFailed
from whisper_farm.identity import Recipe
from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard, Interrupted, LanguageVote, Listening
from whisper_farm.weights import Weights
from worker_gpu import language as languages
from worker_gpu import voice
from worker_gpu.coverage import (
    LONGEST_UNCOVERED_SECONDS,
    halves,
    is_beyond_help,
    of_window,
    uncovered_seconds,
)
from worker_gpu.hearing import hear_windows, says_something
from worker_gpu.memory import BatchSize, is_out_of_memory
from worker_gpu.wide import WideModel, is_faster_wide
from worker_gpu.windows import Window, pack

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from whisper_farm.speech import Pcm
    from worker_gpu.voice import Audio

#: Packages whose version decides, with everything else in the recipe, what is heard.
_ENGINE_PACKAGES = ("faster-whisper", "ctranslate2", "onnxruntime")

_FULL_SCALE = 32768.0


class FasterWhisperEngine:
    """Fits `speech.SpeechEngine`. Built by `worker_gpu.loading.load_engine`."""

    def __init__(
        self,
        model: "WhisperModel",
        weights: Weights,
        *,
        slots: int,
        batch_size: int,
        wide: WideModel | None,
    ) -> None:
        """`wide`: where a lone short clip is heard with all cores, or None where that is no gain."""
        self._model = model
        self._weights = weights
        self._slots = slots
        self._batch = BatchSize(batch_size)
        self._wide = wide
        self._versions = {name: version(name) for name in _ENGINE_PACKAGES}
        self._hearing = 0
        self._lock = threading.Lock()
        voice.warm_up()

    @property
    def model(self) -> str:
        """The name it is served under."""
        return self._weights.name

    @property
    def weights(self) -> str:
        """Fingerprint of its files (SHA-256, hex)."""
        return self._weights.fingerprint

    @property
    def is_multilingual(self) -> bool:
        """Whether it knows another language than English."""
        return bool(self._model.model.is_multilingual)

    @property
    def compute_type(self) -> str:
        """What the weights are computed in, as ctranslate2 settled it."""
        return str(self._model.model.compute_type)

    def recipe(self, decoding: Decoding, *, language: str, take: str) -> Recipe:
        """All that decides what it will hear. The language is the one it hears in, however it was chosen."""
        spoken = language if self.is_multilingual else "en"
        return Recipe(
            weights=self.weights,
            engine=self._versions,
            compute_type=self.compute_type,
            decoding=decoding.model_copy(update={"language": spoken}),
            language=spoken,
            take=take,
        )

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        """Transcribe one chunk; see `SpeechEngine.hear`."""
        with self._counted() as others, _as_worker_failure():
            audio = _to_float(pcm)
            speech = voice.speech_in(audio) if decoding.vad else voice.all_of(audio)
            windows = pack(speech)
            listening.progressed(0.0)
            hearing = _Hearing(
                audio=audio,
                windows=windows,
                beam_size=decoding.beam_size,
                language=language if self.is_multilingual else "en",
                batch=self._batch,
                listening=listening,
            )
            segments = self._hear_alone(hearing, others) if alone else hearing.through(self._model, windows)
        return Heard(
            segments=tuple(segments),
            speech_seconds=sum(span.samples for span in speech) / SAMPLE_RATE_HZ,
        )

    def vote_language(self, pcm: "Pcm") -> LanguageVote:
        """Decide the language over the 30 s windows of `pcm`, by vote; silent windows don't vote."""
        if not self.is_multilingual:
            return LanguageVote(language="en", probability=1.0, votes={})
        with self._counted(), _as_worker_failure():
            return languages.vote(
                languages.windows_of(_to_float(pcm)),
                is_silent=lambda audio: not voice.speech_in(audio),
                detect=self._detect_language,
            )

    def _detect_language(self, audio: "Audio") -> tuple[str, float]:
        language, probability, _ = self._model.detect_language(audio)
        return str(language), float(probability)

    def _hear_alone(self, hearing: "_Hearing", others: int) -> list[HeardSegment]:
        """Use the cores that nobody else uses: all in one window after the other, or one for each window."""
        windows = hearing.windows
        free = self._slots - others
        if self._wide is not None and others == 0 and windows and is_faster_wide(len(windows), slots=free):
            with self._wide.loaded() as model:
                return hearing.through(model, windows)
        threads = min(free, len(windows))
        if threads <= 1:
            return hearing.through(self._model, windows)
        bounds = [len(windows) * i // threads for i in range(threads + 1)]
        shares = [windows[start:end] for start, end in pairwise(bounds)]
        with ThreadPoolExecutor(threads, thread_name_prefix="window") as pool:
            parts = list(pool.map(lambda share: hearing.through(self._model, share), shares))
        return [segment for part in parts for segment in part]

    @contextmanager
    def _counted(self) -> Iterator[int]:
        """How many others are heard at this moment; counts this one for the time of the body."""
        with self._lock:
            others = self._hearing
            self._hearing += 1
        try:
            yield others
        finally:
            with self._lock:
                self._hearing -= 1


class _Hearing:
    """One chunk being heard, perhaps by several threads: what they share."""

    def __init__(
        self,
        *,
        audio: "Audio",
        windows: Sequence[Window],
        beam_size: int,
        language: str,
        batch: BatchSize,
        listening: Listening,
    ) -> None:
        self.windows = windows
        self._audio = audio
        self._beam_size = beam_size
        self._language = language
        self._batch = batch
        self._listening = listening
        self._done = 0
        self._lock = threading.Lock()

    def through(self, model: "WhisperModel", windows: Sequence[Window]) -> list[HeardSegment]:
        """Hear `windows` in batches, saying so after each; stops between two of them when asked to."""
        heard: list[HeardSegment] = []
        at, size = 0, self._batch.now
        while at < len(windows):
            if self._listening.should_stop():
                raise Interrupted("nobody waits for this chunk any more")
            batch = windows[at : at + size]
            try:
                heard += self._hear_and_look(model, batch)
            except (RuntimeError, MemoryError) as error:
                size = self._smaller(error, tried=len(batch))
                continue
            self._batch.went_well()
            at, size = at + len(batch), self._batch.now
            self._tell(len(batch))
        return heard

    def _hear_and_look(self, model: "WhisperModel", batch: Sequence[Window]) -> list[HeardSegment]:
        """Hear the batch; what lost a part of its speech is heard once more, in halves."""
        heard = self._hear(model, batch)
        kept = []
        for window in batch:
            first = of_window(window, heard)
            beyond_help = is_beyond_help(first)
            first = list(filter(says_something, first))
            uncovered = uncovered_seconds(window, first)
            parts = halves(window)
            if uncovered > LONGEST_UNCOVERED_SECONDS and len(parts) > 1 and not beyond_help:
                second = list(filter(says_something, self._hear(model, parts)))
                first = second if uncovered_seconds(window, second) < uncovered else first
            kept += first
        return kept

    def _hear(self, model: "WhisperModel", windows: Sequence[Window]) -> list[HeardSegment]:
        return hear_windows(model, self._audio, windows, beam_size=self._beam_size, language=self._language)

    def _smaller(self, error: Exception, *, tried: int) -> int:
        """The size to try next, where it was memory that ran out."""
        if not is_out_of_memory(error):
            raise error
        smaller = self._batch.ran_out(tried)
        if smaller is None:
            raise WorkerFailed(
                "The memory for one window of 30 s is not there; give this worker fewer slots"
                " (WHISPER_FARM_SLOTS), a smaller model, or a compute type as int8."
            ) from error
        return smaller

    def _tell(self, windows: int) -> None:
        with self._lock:
            self._done += windows
            share = self._done / len(self.windows)
        self._listening.progressed(share * len(self._audio) / SAMPLE_RATE_HZ)


@contextmanager
def _as_worker_failure() -> Iterator[None]:
    """Whatever breaks in the engine is this worker's fault, and no recording's."""
    try:
        yield
    except (Interrupted, WorkerFailed):
        raise
    except Exception as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise WorkerFailed(f"The speech engine failed: {said}; the chunk is tried again.") from error


def _to_float(pcm: "Pcm") -> "Audio":
    import numpy as np

    return pcm.astype(np.float32) / np.float32(_FULL_SCALE)
