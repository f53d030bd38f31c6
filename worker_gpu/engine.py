"""faster-whisper as the farm's speech engine: one loaded model, heard through by several threads.

A chunk's way stands here: where speech is, windows of it, batches of windows; then the guards look at what
was heard, suspect places are heard again (`rehearing`), and every word is put on speech (`standing`).
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
from whisper_farm.models import SAMPLE_RATE_HZ, Dropped, Rerun, Stretch
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard, Interrupted, LanguageVote, Listening
from whisper_farm.weights import Weights
from worker_gpu import language as languages
from worker_gpu import voice
from worker_gpu.guards import Known
from worker_gpu.hearing import Manner, fitting_prompt, hear_windows
from worker_gpu.hearsay import joined, known_prompt, reading_of, segments_of, told_dropped
from worker_gpu.looping import unlooped
from worker_gpu.memory import BatchSize, is_out_of_memory
from worker_gpu.rehearing import Mending, Reading, stages
from worker_gpu.standing import gathered, stand_on_speech
from worker_gpu.voice import Quiet, Voice
from worker_gpu.wide import WideModel, is_faster_wide
from worker_gpu.windows import Span, Window, borders, pack

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
            probabilities = voice.listen(audio)
            found = voice.voice_in(probabilities, len(audio), decoding)
            quiet = Quiet(audio, probabilities)
            windows = pack(_to_hear(found, decoding, len(audio)), quietest=quiet.quietest)
            listening.progressed(0.0)
            with self._models_for(windows, others, alone=alone) as (model, threads):
                hearing = _Hearing(audio, model, threads=threads, batch=self._batch, listening=listening)
                return _heard(hearing, windows, found, quiet, decoding, self._manner(decoding, language))

    def vote_language(self, pcm: "Pcm") -> LanguageVote:
        """Decide the language over the 30 s windows of `pcm`, by vote; silent windows don't vote."""
        if not self.is_multilingual:
            return LanguageVote(language="en", probability=1.0, votes={})
        with self._counted(), _as_worker_failure():
            return languages.vote(
                languages.windows_of(_to_float(pcm)),
                is_silent=voice.is_silent,
                detect=self._detect_language,
            )

    def _detect_language(self, audio: "Audio") -> dict[str, float]:
        _, _, all_of_them = self._model.detect_language(audio)
        return {str(language): float(probability) for language, probability in all_of_them}

    def _manner(self, decoding: Decoding, language: str) -> Manner:
        """How this model listens under these options. One that knows English only can't translate into it."""
        knows_many = self.is_multilingual
        return Manner(
            language=language if knows_many else "en",
            task=decoding.task if knows_many else "transcribe",
            multilingual=decoding.multilingual and knows_many,
            beam_size=decoding.beam_size,
            temperature=decoding.temperatures[0],
            initial_prompt=fitting_prompt(self._model, decoding.initial_prompt, decoding.hotwords),
            hotwords=decoding.hotwords,
        )

    @contextmanager
    def _models_for(
        self, windows: Sequence[Window], others: int, *, alone: bool
    ) -> "Iterator[tuple[WhisperModel, int]]":
        """The copy to hear with, and in how many threads: for a lone chunk, with the cores nobody else uses,
        all in one window after the other or one for each."""
        free = self._slots - others if alone else 1
        if (
            alone
            and self._wide is not None
            and others == 0
            and windows
            and is_faster_wide(len(windows), slots=free)
        ):
            with self._wide.loaded() as model:
                yield model, 1
        else:
            yield self._model, max(1, free)

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
    """One chunk being heard, perhaps by several threads, and perhaps more than once."""

    def __init__(
        self, audio: "Audio", model: "WhisperModel", *, threads: int, batch: BatchSize, listening: Listening
    ) -> None:
        self._audio = audio
        self._model = model
        self._threads = threads
        self._batch = batch
        self._listening = listening
        self._told = 0.0
        self._lock = threading.Lock()

    def hear(self, windows: Sequence[Window], manner: Manner, *, share: float) -> list[Reading]:
        """Hear `windows` in batches, saying so after each; stops between two of them when asked to.

        `share`: of the chunk's audio, what these windows are. A re-run is no progress, but a sign of life.
        """
        step = share * len(self._audio) / SAMPLE_RATE_HZ / max(1, len(windows))
        threads = min(self._threads, len(windows))
        if threads <= 1:
            return self._through(windows, manner, step)
        bounds = [len(windows) * i // threads for i in range(threads + 1)]
        shares = [windows[start:end] for start, end in pairwise(bounds)]
        with ThreadPoolExecutor(threads, thread_name_prefix="window") as pool:
            parts = list(pool.map(lambda each: self._through(each, manner, step), shares))
        return [reading for part in parts for reading in part]

    def _through(self, windows: Sequence[Window], manner: Manner, step: float) -> list[Reading]:
        readings: list[Reading] = []
        # Sampling takes one window after the other: each of them is a sign of life.
        largest = 1 if manner.temperature > 0 else self._batch.largest
        size = min(largest, self._batch.now)
        while len(readings) < len(windows):
            if self._listening.should_stop():
                raise Interrupted("nobody waits for this chunk any more")
            batch = windows[len(readings) : len(readings) + size]
            try:
                heard = hear_windows(self._model, self._audio, batch, manner)
            except (RuntimeError, MemoryError) as error:
                size = self._smaller(error, tried=len(batch))
                continue
            readings += map(reading_of, batch, heard)
            self._batch.went_well()
            size = min(largest, self._batch.now)
            self._tell(len(batch) * step)
        return readings

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

    def _tell(self, seconds: float) -> None:
        with self._lock:
            self._told += seconds
            told = self._told
        self._listening.progressed(told)


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


def _heard(
    hearing: _Hearing,
    windows: Sequence[Window],
    found: Voice,
    quiet: Quiet,
    decoding: Decoding,
    manner: Manner,
) -> Heard:
    """The chunk's way: heard once, its suspect places again, and every word put on speech."""
    readings = hearing.hear(windows, manner, share=1.0)
    words = joined(windows, [reading.words for reading in readings])
    edges = borders(windows)
    sureness = [reading.heard for reading in readings]
    reruns: tuple[Rerun, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    if decoding.guards and windows:
        words, removed = unlooped(words)
        mended = Mending(
            words,
            sureness,
            known=Known(
                speech=found.stretches,
                prompt=known_prompt(decoding),
                language=None if manner.multilingual else _written_in(manner),
            ),
            padded=found.padded if decoding.vad else lambda _: _to_hear(found, decoding, found.samples),
            quietest=quiet.quietest,
            hear=lambda again, how: hearing.hear(again, how, share=0.0),
        ).through(stages(decoding.temperatures), manner)
        words, sureness, reruns = mended.words, mended.windows, tuple(mended.reruns)
        words, rounds = unlooped(words)
        removed += rounds
        if decoding.vad:  # else somebody wants to hear what is no speech to the detector
            words, beside = stand_on_speech(words, found.stretches)
            removed += beside
        dropped = tuple(map(told_dropped, gathered(removed)))
    return Heard(
        segments=segments_of(words, sureness, edges),
        speech_seconds=found.speech_seconds,
        speech=tuple(
            Stretch(start=span.start / SAMPLE_RATE_HZ, end=span.end / SAMPLE_RATE_HZ)
            for span in found.stretches
        ),
        reruns=reruns,
        dropped=dropped,
    )


def _written_in(manner: Manner) -> str:
    return "en" if manner.task == "translate" else manner.language


def _to_hear(found: Voice, decoding: Decoding, samples: int) -> Sequence[Span]:
    """What goes into windows: speech with its padding, or all of the audio where that is asked for."""
    if decoding.vad:
        return found.padded()
    return [Span(0, samples)] if samples else []


def _to_float(pcm: "Pcm") -> "Audio":
    import numpy as np

    return pcm.astype(np.float32) / np.float32(_FULL_SCALE)
