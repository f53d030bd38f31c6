"""What the farm itself says of its transcript: its audit's gaps, and its subtitles' exceptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.against_truth.coverage import Interval
from whisper_farm.models import Chunk, ChunkTranscript, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """Of the subtitles in the default preset, as an independent checker finds them."""

    cues: int
    explained: int  #: violations that the writer told of
    faults: int  #: violations that it did not tell of


def audited(
    parts: Sequence[tuple[Chunk, ChunkTranscript]], segments: Sequence[Segment]
) -> tuple[Interval, ...]:
    """The gaps that the audit tells, in seconds."""
    return ()


def checked_subtitles(segments: Sequence[Segment], *, language: str, seconds: float) -> Subtitles | None:
    """The subtitles of this transcript; None where nothing can check them."""
    return None
