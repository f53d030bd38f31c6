"""The farm's own code on one recording, in this process: plan, hear each chunk, merge, audit.

There is no Temporal and no store. As in a worker, as many chunks are heard at once as there are slots.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from benchmarks.against_truth.material import Pcm, seconds_of
from benchmarks.against_truth.proofs import audited, checked_subtitles
from benchmarks.against_truth.score import Transcribed
from benchmarks.against_truth.words import TimedWord, counted_words
from whisper_farm.chunking.planner import Cut, Planner
from whisper_farm.chunking.rules import LEAST_SECONDS, REVISION, WINDOW_SECONDS
from whisper_farm.merging.merge import merge
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, ChunkTranscript, PlanRules, Segment
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard
from worker_gpu.engine import FasterWhisperEngine

_NOBODY = "0" * 64  #: stands for hashes that nothing here asks for
_BLOCK = SAMPLE_RATE_HZ  #: the planner is fed by the second

#: Of a seam that is forced on speech: in the middle of the 2 to 5 s that the planner may give one.
FORCED_MARGIN_SECONDS = 3.0

#: With both margins, such a chunk is 26 s: one window.
FORCED_STEP_SECONDS = 20.0


class NobodyWaits:
    """Fits `speech.Listening`: nobody is told, and nobody stops it."""

    def progressed(self, audio_seconds: float) -> None:
        """Nobody asks."""

    def should_stop(self) -> bool:
        """Never."""
        return False


class Farm:
    """A loaded engine and the options that all chunks are heard with."""

    def __init__(self, engine: FasterWhisperEngine, *, slots: int, decoding: Decoding) -> None:
        self._engine = engine
        self._slots = slots
        self._decoding = decoding

    def unguarded(self) -> "Farm":
        """The same engine without guards: what they cost and what they mend is the difference."""
        decoding = self._decoding.model_copy(update={"guards": False})
        return Farm(self._engine, slots=self._slots, decoding=decoding)

    def transcribe(self, pcm: Pcm, cut: Callable[[Pcm], Sequence[Cut]]) -> Transcribed:
        """All of `pcm`, in the chunks that `cut` makes of it."""
        begun = time.perf_counter()
        parts = self.heard(pcm, cut(pcm))
        segments = merge(parts, duration_seconds=seconds_of(pcm))
        gaps = audited(parts, segments)
        seconds = time.perf_counter() - begun
        return Transcribed(
            words=tuple(words_of(segments)),
            seconds=seconds,
            seams=tuple(chunk.start_seconds for chunk, _ in parts[1:]),
            gaps=gaps,
            reruns=sum(len(transcript.reruns) for _, transcript in parts),
            subtitles=checked_subtitles(segments, language=self._decoding.language, seconds=seconds_of(pcm)),
        )

    @property
    def slots(self) -> int:
        """How many chunks it hears at once."""
        return self._slots

    def heard(self, pcm: Pcm, cuts: Sequence[Cut]) -> list[tuple[Chunk, ChunkTranscript]]:
        """Each chunk with what was heard in it, in order."""
        alone = len(cuts) == 1
        with ThreadPoolExecutor(self._slots, thread_name_prefix="slot") as slots:
            return list(slots.map(lambda cut: self.hear(pcm, cut, alone=alone), cuts))

    def hear(self, pcm: Pcm, cut: Cut, *, alone: bool = False) -> tuple[Chunk, ChunkTranscript]:
        """One chunk of `pcm`, margins included, and what was heard in it."""
        first, last = cut.start - cut.margin_before, cut.end + cut.margin_after
        heard = self._engine.hear(
            pcm[first:last],
            self._decoding,
            language=self._decoding.language,
            listening=NobodyWaits(),
            alone=alone,
        )
        return _chunk(cut), _transcript(heard, samples=last - first, language=self._decoding.language)


def words_of(segments: Sequence[Segment]) -> list[TimedWord]:
    """What counts of a transcript; a segment without words shares its time among those of its text."""
    return counted_words(
        said
        for segment in segments
        for said in (
            [(word.word, word.start, word.end) for word in segment.words]
            or [(segment.text, segment.start, segment.end)]
        )
    )


def planned(pcm: Pcm, *, target_seconds: float) -> list[Cut]:
    """Where the farm's planner cuts, at this target."""
    planner = Planner(rules_for(target_seconds, duration_seconds=seconds_of(pcm)))
    cuts = []
    for start in range(0, len(pcm), _BLOCK):
        cuts += planner.feed(pcm[start : start + _BLOCK])
    return cuts + planner.finish()


def rules_for(target_seconds: float, *, duration_seconds: float) -> PlanRules:
    """Rules under which each chunk has the same target, also the first ones and the last ones."""
    # Targets shrink as the told end comes near (`rules._ending`), so the end is told to be far away.
    far = duration_seconds + 2 * (target_seconds + WINDOW_SECONDS)
    return PlanRules(
        revision=REVISION,
        first=target_seconds,
        target=target_seconds,
        longest=1.5 * target_seconds,
        least=min(LEAST_SECONDS, target_seconds / 2),
        slots=1,
        duration=far,
    )


def forced(pcm: Pcm) -> list[Cut]:
    """A spoken seam every `FORCED_STEP_SECONDS`, whatever is said there."""
    step, margin = (
        round(seconds * SAMPLE_RATE_HZ) for seconds in (FORCED_STEP_SECONDS, FORCED_MARGIN_SECONDS)
    )
    # The rest stays with the last chunk where it is too short for margins of its own.
    starts = list(range(0, max(1, len(pcm) - 2 * margin), step))
    ends = [*starts[1:], len(pcm)]
    return [
        Cut(
            index=index,
            start=start,
            end=end,
            margin_before=margin if index else 0,
            margin_after=margin if index + 1 < len(starts) else 0,
            seam="spoken" if index else "silent",
        )
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _chunk(cut: Cut) -> Chunk:
    return Chunk(
        index=cut.index,
        start=cut.start,
        end=cut.end,
        margin_before=cut.margin_before,
        margin_after=cut.margin_after,
        seam=cut.seam,
        pcm_sha256=sha256(str(cut.index).encode()).hexdigest(),
    )


def _transcript(heard: Heard, *, samples: int, language: str) -> ChunkTranscript:
    return ChunkTranscript(
        pcm_sha256=_NOBODY,
        recipe_sha256=_NOBODY,
        recipe={},
        samples=samples,
        language=language,
        segments=heard.segments,
        speech_seconds=heard.speech_seconds,
        speech=heard.speech,
        reruns=heard.reruns,
        dropped=heard.dropped,
        elapsed_seconds=0.0,
        worker="benchmark",
    )
