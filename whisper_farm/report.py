"""`report.json` beside each transcript: who heard which chunk when, how often it was tried, what it took."""

from collections.abc import Sequence
from typing import Literal

from whisper_farm.models import (
    Chunk,
    ChunkProvenance,
    ChunkTranscript,
    Document,
    Fact,
    Gap,
    JobState,
    SeamKind,
)


class ChunkReport(Fact):
    """What became of one chunk. What is None is not known: nobody heard it."""

    index: int
    start: float
    end: float
    seam: SeamKind
    audio_seconds: float
    attempts: int
    worker: str | None
    result: str | None = None  #: key of the stored result
    heard_at: str | None = None  #: ISO 8601, UTC: when that was stored, in this job or an earlier one
    elapsed_seconds: float | None = None
    speech_seconds: float | None = None
    language: str | None = None
    word_count: int = 0
    rerun_count: int = 0  #: stretches that were heard again, because a guard did not trust them
    dropped_count: int = 0  #: places where a guard took words out
    gap_reason: str | None = None
    gap_fault: Literal["recording", "farm"] | None = None

    @property
    def gap(self) -> Gap | None:
        """The gap that the chunk is, where nobody heard it."""
        if self.gap_reason is None or self.gap_fault is None:
            return None
        return Gap(start=self.start, end=self.end, reason=self.gap_reason, fault=self.gap_fault)

    @property
    def provenance(self) -> ChunkProvenance:
        """As a transcript tells of it."""
        return ChunkProvenance(
            index=self.index,
            start=self.start,
            end=self.end,
            seam=self.seam,
            result=self.result,
            worker=self.worker,
            attempts=self.attempts,
        )


class WorkerReport(Fact):
    """What one worker did for this transcript."""

    worker: str
    chunk_count: int
    audio_seconds: float
    elapsed_seconds: float


class Report(Document):
    """`jobs/<job-id>/versions/<version>/report.json`."""

    job: str
    run: str
    version: str
    state: JobState
    message: str | None
    model: str
    weights: str
    duration_seconds: float
    elapsed_seconds: float  #: of the run, up to merging
    pace: float | None  #: seconds of recording for each second of the run
    gpu_seconds: float  #: that workers (of whatever hardware) spent on the chunks, all together
    chunk_count: int
    chunks_heard: int
    attempts: int
    speech_seconds: float
    covered_seconds: float | None = None  #: of the speech, by words; None in reports of earlier versions
    word_count: int
    segment_count: int
    gap_count: int
    gap_seconds: float
    model_gap_count: int = 0  #: of all gaps, those in which somebody speaks and no words were found
    rerun_count: int = 0
    workers: tuple[WorkerReport, ...]
    chunks: tuple[ChunkReport, ...]


def report_heard(
    chunk: Chunk, heard: ChunkTranscript, *, result: str, heard_at: str | None, attempts: int
) -> ChunkReport:
    """Of a chunk that was heard."""
    return ChunkReport(
        index=chunk.index,
        start=chunk.start_seconds,
        end=chunk.end_seconds,
        seam=chunk.seam,
        audio_seconds=chunk.audio_seconds,
        attempts=attempts,
        worker=heard.worker,
        result=result,
        heard_at=heard_at,
        elapsed_seconds=round(heard.elapsed_seconds, 3),
        speech_seconds=round(heard.speech_seconds, 3),
        language=heard.language,
        word_count=sum(len(segment.words) for segment in heard.segments),
        rerun_count=len(heard.reruns),
        dropped_count=len(heard.dropped),
    )


def report_unheard(
    chunk: Chunk, *, worker: str | None, attempts: int, reason: str | None, fault: str | None
) -> ChunkReport:
    """Of a chunk that nobody could hear. It counts as the farm's fault unless the recording's is said."""
    return ChunkReport(
        index=chunk.index,
        start=chunk.start_seconds,
        end=chunk.end_seconds,
        seam=chunk.seam,
        audio_seconds=chunk.audio_seconds,
        attempts=attempts,
        worker=worker,
        gap_reason=reason or "nobody heard this part",
        gap_fault="recording" if fault == "recording" else "farm",
    )


def workers_of(chunks: Sequence[ChunkReport]) -> tuple[WorkerReport, ...]:
    """Each worker's share, by name."""
    names = sorted({chunk.worker for chunk in chunks if chunk.worker is not None})
    return tuple(_share(name, [chunk for chunk in chunks if chunk.worker == name]) for name in names)


def _share(worker: str, chunks: Sequence[ChunkReport]) -> WorkerReport:
    return WorkerReport(
        worker=worker,
        chunk_count=len(chunks),
        audio_seconds=round(sum(chunk.audio_seconds for chunk in chunks), 3),
        elapsed_seconds=round(sum(chunk.elapsed_seconds or 0.0 for chunk in chunks), 3),
    )
