"""What has been settled for one run so far, and the orders that follow from it. Pure."""

from dataclasses import dataclass, field
from typing import TypeVar

from whisper_farm.messages import (
    CloseJob,
    CutRecording,
    DetectLanguage,
    DropChunks,
    FetchRecording,
    JobOpened,
    JobResult,
    LanguageSampled,
    MergeTranscript,
    OpenJob,
    PlanSettled,
    RecordingCut,
    SampleLanguage,
    SettlePlan,
    TranscribeChunk,
    TranscriptMerged,
)
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, JobState, Recording
from whisper_farm.request import TranscribeRequest
from workflows.board import Board

T = TypeVar("T")


@dataclass(slots=True)
class JobFacts:
    """Each fact is None until the step that settles it is done."""

    job: str
    run: str
    request: TranscribeRequest
    opened: JobOpened | None = None
    recording: Recording | None = None
    plan: PlanSettled | None = None
    cut: RecordingCut | None = None
    language: str | None = None
    language_probability: float | None = None
    language_votes: dict[str, int] = field(default_factory=dict)
    merged: TranscriptMerged | None = None

    @property
    def duration_seconds(self) -> float | None:
        """Of the recording: counted once it is cut, as its header says before; None while unknown."""
        if self.cut is not None:
            return self.cut.samples / SAMPLE_RATE_HZ
        return self.recording.duration_seconds if self.recording else None

    @property
    def fairness_key(self) -> str:
        """Those who share it share one turn at the queue."""
        return self.request.owner or self.job

    def to_open(self, started_at: str) -> OpenJob:
        return OpenJob(job=self.job, run=self.run, started_at=started_at, request=self.request)

    def to_fetch(self) -> FetchRecording:
        return FetchRecording(job=self.job, source=self.request.source, name=self.request.name)

    def to_settle_plan(self) -> SettlePlan:
        opened, recording = settled(self.opened), settled(self.recording)
        return SettlePlan(job=self.job, model=opened.model, recording_sha256=recording.sha256)

    def to_cut(self) -> CutRecording:
        recording, plan = settled(self.recording), settled(self.plan)
        return CutRecording(
            job=self.job, run=self.run, recording_sha256=recording.sha256, plan_sha256=plan.plan_sha256
        )

    def to_drop(self, indices: list[int]) -> DropChunks:
        recording, plan = settled(self.recording), settled(self.plan)
        return DropChunks(
            recording_sha256=recording.sha256, plan_sha256=plan.plan_sha256, indices=sorted(indices)
        )

    def to_sample_language(self) -> SampleLanguage:
        recording, plan = settled(self.recording), settled(self.plan)
        return SampleLanguage(recording_sha256=recording.sha256, plan_sha256=plan.plan_sha256)

    def to_detect_language(self, sampled: LanguageSampled) -> DetectLanguage:
        return DetectLanguage(sample_key=sampled.key, weights=self.request.weights)

    def to_hear(self, chunk: Chunk) -> TranscribeChunk:
        opened, recording, plan = settled(self.opened), settled(self.recording), settled(self.plan)
        return TranscribeChunk(
            job=self.job,
            recording_sha256=recording.sha256,
            plan_sha256=plan.plan_sha256,
            chunk=chunk,
            decoding=opened.decoding,
            language=settled(self.language),
            weights=self.request.weights,
            take=opened.take,
            alone=self._is_whole(chunk),
        )

    def may_be_whole(self) -> bool:
        """Whether the first chunk may be all there is: nobody knows yet how long the recording is."""
        return self.cut is None and self.plan is not None and self.plan.rules.duration is None

    def _is_whole(self, chunk: Chunk) -> bool:
        """Whether the chunk is all of its recording, as far as is known."""
        if self.cut is not None:
            return self.cut.chunk_count == 1
        length = settled(self.plan).rules.duration
        return chunk.index == 0 and length is not None and chunk.end_seconds >= length - 1.0

    def to_merge(self, board: Board, elapsed_seconds: float) -> MergeTranscript:
        recording, plan, cut = settled(self.recording), settled(self.plan), settled(self.cut)
        opened = settled(self.opened)
        return MergeTranscript(
            job=self.job,
            run=self.run,
            recording_sha256=recording.sha256,
            plan_sha256=plan.plan_sha256,
            chunk_count=cut.chunk_count,
            heard=board.for_merge(),
            model=opened.model,
            decoding=opened.decoding,
            language=settled(self.language),
            language_probability=self.language_probability,
            duration_seconds=settled(self.duration_seconds),
            gaps=cut.gaps,
            warnings=cut.warnings,
            elapsed_seconds=elapsed_seconds,
            language_votes=self.language_votes,
            word_timestamps=self.request.word_timestamps,
            subtitles=self.request.subtitles,
        )

    def to_close(self, state: JobState, message: str | None, elapsed_seconds: float) -> CloseJob:
        return CloseJob(
            job=self.job,
            run=self.run,
            plan_sha256=self.plan.plan_sha256 if self.plan else None,
            recording_sha256=self.recording.sha256 if self.recording else None,
            state=state,
            message=message,
            merged=self.merged,
            elapsed_seconds=elapsed_seconds,
            language=self.language,
            chunk_count=self.cut.chunk_count if self.cut else None,
            duration_seconds=self.duration_seconds,
        )

    def result(self) -> JobResult:
        cut, merged = settled(self.cut), settled(self.merged)
        return JobResult(
            job=self.job,
            state=merged.state,
            version=merged.version,
            outputs=merged.outputs,
            language=settled(self.language),
            duration_seconds=settled(self.duration_seconds),
            chunk_count=cut.chunk_count,
            word_count=merged.word_count,
            gap_count=merged.gap_count,
            message=merged.message,
        )


def settled(fact: T | None) -> T:
    """`fact`, which an earlier step has settled: the order of the workflow says so."""
    assert fact is not None, "a step was taken before the one that it needs"
    return fact
