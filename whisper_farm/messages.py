"""The wire: names of queues, workflows and activities, and what travels through Temporal.

Temporal carries keys and counts, never text or secrets. Clients start workflows by the names here,
so neither CLI nor dashboard imports workflow code.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import Field

from whisper_farm.models import Chunk, Fact, Gap, JobState, PlanRules, Recording
from whisper_farm.request import Decoding, TranscribeRequest
from whisper_farm.subtitles.options import SubtitleOptions

CONTROL_QUEUE = "whisper-farm"
TRANSCRIBE_WORKFLOW = "TranscribeWorkflow"

CHUNKS_READY_SIGNAL = "chunks_ready"
PROGRESS_QUERY = "progress"
TIMELINE_QUERY = "timeline"
RETRY_FAILED_UPDATE = "retry_failed"
CANCEL_CHUNK_UPDATE = "cancel_chunk"

SEARCH_MODEL = "WhisperModel"  #: Keyword
SEARCH_AUDIO_SECONDS_LEFT = "WhisperAudioSecondsLeft"  #: Double
SEARCH_OWNER = "WhisperOwner"  #: Keyword


def gpu_queue(model: str) -> str:
    """The task queue that workers of this model poll."""
    return f"whisper-farm-gpu.{model}"


Order = TypeVar("Order")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Effect(Generic[Order, Answer]):
    """An activity as workflows know it: its name on the wire, and what goes in and comes out."""

    name: str
    order: type[Order]
    answer: type[Answer]


class OpenJob(Fact):
    """Check the request, keep it, and settle what it left open."""

    job: str
    run: str  #: run id of the workflow
    started_at: str  #: ISO 8601, UTC: when this run started
    request: TranscribeRequest


class JobOpened(Fact):
    """What was settled for the job: binding for this run and the next ones."""

    model: str
    queue: str
    decoding: Decoding
    submitted_at: str  #: of the first run
    take: str  #: see `identity.Recipe.take`


class FetchRecording(Fact):
    """Bring the source into the store, once, and look at it."""

    job: str
    source: str
    name: str | None


class RecordingFetched(Fact):
    """The recording, stored and probed."""

    recording: Recording


class SettlePlan(Fact):
    """Settle what the cuts depend on, or find it settled."""

    job: str
    model: str
    recording_sha256: str


class PlanSettled(Fact):
    """The plan that binds this job."""

    plan_sha256: str
    rules: PlanRules


class SampleLanguage(Fact):
    """Take spaced windows of the recording, from which the language can be decided."""

    recording_sha256: str
    plan_sha256: str


class LanguageSampled(Fact):
    """Where the sample lies."""

    key: str
    windows: int  #: of 30 s at most each, laid end to end in one FLAC


class DetectLanguage(Fact):
    """Decide the language of a sample, by vote."""

    sample_key: str
    weights: str | None


class LanguageDetected(Fact):
    """The language that the whole job is heard in."""

    language: str
    probability: float
    votes: dict[str, int] = Field(default_factory=dict)


class CutRecording(Fact):
    """Decode from the first sample, cut, store and announce chunks."""

    job: str
    run: str
    recording_sha256: str
    plan_sha256: str


class ChunksReady(Fact):
    """A small batch of chunks, announced by signal while cutting goes on. May come twice."""

    chunks: list[Chunk] = Field(max_length=64)
    decoded_seconds: float  #: how far cutting has come


class RecordingCut(Fact):
    """The cutter's result: the truth about the cuts, whatever signals said."""

    chunk_count: int
    chunks_sha256: str  #: `identity.digest` of all chunks in order, as JSON
    samples: int
    gaps: list[Gap] = Field(
        default_factory=list
    )  #: what the recording itself lost: cut short, broken in the middle
    warnings: list[str] = Field(default_factory=list)


class DropChunks(Fact):
    """Remove stored chunks that can't be read, so that the cutter stores them anew."""

    recording_sha256: str
    plan_sha256: str
    indices: list[int]


class ChunksDropped(Fact):
    """Nothing more to say."""


class TranscribeChunk(Fact):
    """Hear one chunk, or find that it was heard."""

    job: str
    recording_sha256: str
    plan_sha256: str
    chunk: Chunk
    decoding: Decoding
    language: str
    weights: str | None
    take: str
    alone: bool  #: nothing else of this job can be heard at the same time


class ChunkTranscribed(Fact):
    """A summary; the text lies in the store under `result`."""

    result: str
    weights: str
    worker: str
    word_count: int
    audio_seconds: float
    elapsed_seconds: float
    attempt: int  #: of the activity, from 1
    stored_before: bool  #: found, not computed


class ChunkHeard(Fact):
    """A chunk by its index, and what became of it: what merging goes by."""

    index: int
    result: str | None
    worker: str | None
    attempts: int
    gap_reason: str | None = None
    gap_fault: str | None = None


class MergeTranscript(Fact):
    """Read the results in order, settle the seams, write every format as one version."""

    job: str
    run: str
    recording_sha256: str
    plan_sha256: str
    chunk_count: int
    heard: list[ChunkHeard]
    model: str
    decoding: Decoding
    language: str
    language_probability: float | None
    duration_seconds: float
    gaps: list[Gap]
    warnings: list[str]
    elapsed_seconds: float
    language_votes: dict[str, int] = Field(default_factory=dict)
    word_timestamps: bool = True  #: whether the JSON tells the time of each word
    subtitles: SubtitleOptions = SubtitleOptions()


class TranscriptMerged(Fact):
    """The version that was written, and what it amounts to."""

    version: str
    outputs: dict[str, str]  #: format to key
    word_count: int
    segment_count: int
    gap_count: int
    state: JobState
    message: str | None
    model_gap_count: int = 0  #: of all gaps, those in which somebody speaks and the model found no words


class CloseJob(Fact):
    """Write the catalogue's entry, take the open mark away, clear what the policy clears."""

    job: str
    run: str
    plan_sha256: str | None
    recording_sha256: str | None
    state: JobState
    message: str | None
    merged: TranscriptMerged | None
    elapsed_seconds: float
    language: str | None
    chunk_count: int | None
    duration_seconds: float | None


class JobClosed(Fact):
    """Nothing more to say."""


OPEN_JOB = Effect("open_job", OpenJob, JobOpened)
FETCH_RECORDING = Effect("fetch_recording", FetchRecording, RecordingFetched)
SETTLE_PLAN = Effect("settle_plan", SettlePlan, PlanSettled)
SAMPLE_LANGUAGE = Effect("sample_language", SampleLanguage, LanguageSampled)
DETECT_LANGUAGE = Effect("detect_language", DetectLanguage, LanguageDetected)
CUT_RECORDING = Effect("cut_recording", CutRecording, RecordingCut)
DROP_CHUNKS = Effect("drop_chunks", DropChunks, ChunksDropped)
TRANSCRIBE_CHUNK = Effect("transcribe_chunk", TranscribeChunk, ChunkTranscribed)
MERGE_TRANSCRIPT = Effect("merge_transcript", MergeTranscript, TranscriptMerged)
CLOSE_JOB = Effect("close_job", CloseJob, JobClosed)


class Progress(Fact):
    """Answer of the `progress` query: counts and seconds, for a bar or a script."""

    job: str
    stage: str  #: `opening`, `fetching`, `cutting`, `transcribing`, `merging`, `done`
    state: JobState
    name: str | None
    model: str | None
    queue: str | None
    language: str | None
    duration_seconds: float | None
    cut_seconds: float
    heard_seconds: float
    chunks_cut: int
    chunks_heard: int
    chunks_failed: int
    chunks_running: int
    all_cut: bool
    started_at: str
    fan_out_at: str | None  #: when the first chunk was handed out


class ChunkTimes(Fact):
    """One line of the timeline: who heard which chunk when. Times are ISO 8601, UTC."""

    index: int
    start: float
    end: float
    state: str  #: `waiting`, `scheduled`, `done`, `failed`
    scheduled_at: str | None
    done_at: str | None
    worker: str | None
    elapsed_seconds: float | None
    stored_before: bool
    reason: str | None


class Timeline(Fact):
    """Answer of the `timeline` query: `chunks` from index `first` on, at most 500 of them."""

    first: int
    chunk_count: int
    chunks: list[ChunkTimes]


class JobResult(Fact):
    """What `TranscribeWorkflow` returns: small, keys and totals."""

    job: str
    state: JobState
    version: str
    outputs: dict[str, str]
    language: str
    duration_seconds: float
    chunk_count: int
    word_count: int
    gap_count: int
    message: str | None
