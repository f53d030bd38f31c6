"""What the farm itself says of its transcript: its audit's gaps, and its subtitles' exceptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.against_truth.coverage import Interval
from tests.subtitles.checker import check_subtitles
from whisper_farm.audit import audit_speech, findings_of
from whisper_farm.merging.segmenting import text_of
from whisper_farm.models import Chunk, ChunkTranscript, Segment, Transcript
from whisper_farm.subtitles.formats import Rendering

_NOBODY = "0" * 64  #: stands for hashes that nothing here asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """Of the subtitles in the default preset, as an independent checker finds them."""

    cues: int
    explained: int  #: violations that the writer told of
    faults: int  #: 1 where the checker found what the writer did not tell of, or other words


def audited(
    parts: Sequence[tuple[Chunk, ChunkTranscript]], segments: Sequence[Segment]
) -> tuple[Interval, ...]:
    """The gaps that the audit tells, in seconds."""
    found = audit_speech([findings_of(chunk, heard) for chunk, heard in parts], segments, ())
    return tuple((gap.start, gap.end) for gap in found.gaps)


def checked_subtitles(segments: Sequence[Segment], *, language: str, seconds: float) -> Subtitles:
    """The subtitles of this transcript, written as the farm writes them and read by the tests' checker."""
    written = Rendering(
        Transcript(
            version="0",
            job="benchmark",
            recording_sha256=_NOBODY,
            model="benchmark",
            weights=_NOBODY,
            language=language,
            duration=seconds,
            text=text_of(segments),
            segments=tuple(segments),
            decoding={},
        )
    )
    try:
        explained = check_subtitles(*(written.written(extension) for extension in ("json", "srt", "vtt")))
    except AssertionError:
        return Subtitles(cues=len(written.cues), explained=0, faults=1)
    return Subtitles(cues=len(written.cues), explained=len(explained), faults=0)
