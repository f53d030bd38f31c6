"""The nouns of the farm: what it stores and what it hands around inside one process.

All are frozen, and all become JSON documents. A stored document carries the number of its schema; a
reader that meets another number says so instead of guessing. Times are float seconds from the start
of the recording, except in `ChunkTranscript`, whose times start at its chunk's first sample. Spans in
samples count 16 kHz mono samples. Nothing here may import anything heavy: workflows read this module.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SAMPLE_RATE_HZ = 16_000

Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Samples = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Fault = Literal["recording", "model", "farm"]
Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


#: What a transcript's JSON says for readers of OpenAI's `verbose_json`. It is derived from the rest.
VERBOSE_SEGMENT_FIELDS = frozenset(
    {"seek", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob"}
)
VERBOSE_FIELDS = frozenset({"task"})


def _without(given: object, derived: frozenset[str]) -> object:
    """What is read of a JSON object that also holds derived fields."""
    if isinstance(given, dict) and not derived.isdisjoint(given):
        return {name: value for name, value in given.items() if name not in derived}
    return given


class Fact(BaseModel):
    """Something that is so: frozen, and strict about fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(Fact):
    """A fact that is stored: it carries the number of its schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    schema_number: Literal[1] = Field(default=1, alias="schema")


class Chapter(Fact):
    """A chapter mark of the recording."""

    start: Seconds
    end: Seconds
    title: str


class Recording(Document):
    """`recordings/<sha256>/meta.json`: what is known of one input media file."""

    sha256: Sha256
    key: str  #: where its bytes lie in the store
    name: str  #: the file name it came with, for people only
    size_bytes: int
    container: str  #: demuxer's name, as `mov,mp4,m4a,3gp,3g2,mj2`
    codec: str
    channels: int
    sample_rate_hz: int
    duration_seconds: Seconds | None  #: as its header says; None where it says nothing
    streamable: bool  #: whether it can be decoded from a pipe, without seeking
    linked_mtime_ns: int | None = None  #: of the person's own file, where the store only links to it
    title: str | None = None
    chapters: tuple[Chapter, ...] = ()


class PlanRules(Fact):
    """What the cuts depend on: settled once when a job starts, kept with it, and binding ever after.

    All lengths in seconds. `first` is the target of the first chunk; targets double until `target`;
    near the end of the recording they shrink to `least`, so that the slots finish together.
    """

    revision: int  #: of the planner itself: raised when the same audio would be cut elsewhere
    first: float
    target: float
    longest: float  #: no chunk is longer
    least: float  #: no target is shorter; only a recording that is shorter has a shorter chunk
    slots: int  #: how many chunks could be heard at once when the job started
    duration: float | None  #: of the recording as its header says; None where unknown


class Plan(Document):
    """`jobs/<job-id>/plan.json` and `chunks/<recording>/<plan>/plan.json`."""

    recording_sha256: Sha256
    job_id: str
    rules: PlanRules


SeamKind = Literal["silent", "spoken"]


class Chunk(Fact):
    """An interval `[start, end)` of the recording in samples, stored as one FLAC.

    The FLAC holds `[start - margin_before, end + margin_after)`. Margins are 0 at silent seams.
    `pcm_sha256` is the hash of the stored interval as 16 kHz mono s16le PCM (not of its FLAC, which
    differs between encoders). `seam` is the kind of the seam at `start`; the first chunk's is silent.
    """

    index: int = Field(ge=0)
    start: Samples
    end: Samples
    margin_before: Samples = 0
    margin_after: Samples = 0
    seam: SeamKind = "silent"
    pcm_sha256: Sha256

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.end <= self.start or self.margin_before > self.start:
            raise ValueError(f"chunk {self.index} has no length or an impossible margin")
        return self

    @property
    def audio_seconds(self) -> float:
        """How long the stored audio is, margins included."""
        return (self.end + self.margin_after - self.start + self.margin_before) / SAMPLE_RATE_HZ

    @property
    def start_seconds(self) -> float:
        return self.start / SAMPLE_RATE_HZ

    @property
    def end_seconds(self) -> float:
        return self.end / SAMPLE_RATE_HZ


class Word(Fact):
    """The smallest timed thing. `word` is its text with the leading space the model gave it, if any."""

    start: Seconds
    end: Seconds
    word: str
    probability: Probability


class Segment(Fact):
    """A phrase with start and end, made of words."""

    id: int = Field(ge=0)
    start: Seconds
    end: Seconds
    text: str
    words: tuple[Word, ...]

    @model_validator(mode="before")
    @classmethod
    def _as_it_was(cls, given: object) -> object:
        return _without(given, VERBOSE_SEGMENT_FIELDS)


class Gap(Fact):
    """An interval that could not be transcribed: always marked, never silent.

    `fault` says whose it is. `recording` (damaged, cut short) and `model` (somebody speaks there, and no
    hearing found words) leave a job complete, with a warning; `farm` gaps do not.
    """

    start: Seconds
    end: Seconds
    reason: str
    fault: Fault


class Stretch(Fact):
    """An interval in which somebody speaks, as voice activity detection found it, without padding."""

    start: Seconds
    end: Seconds


class Rerun(Fact):
    """An interval that was heard again, because a guard did not trust what was heard there first."""

    start: Seconds
    end: Seconds
    reason: str  #: the guard's finding in a few words: `speech without words for 2.4 s`
    how: str  #: what was tried: `other windows`, `beam 10`, `sampled at 0.4`
    kept: bool  #: whether the new hearing was the better one, and stands in the transcript
    sampled: bool = False  #: at a temperature above 0: not to be had again, so it is stored once


class Dropped(Fact):
    """Words that a guard took out: text over silence, a prompt read back, the rounds of a loop."""

    start: Seconds
    end: Seconds
    text: str
    reason: str


class HeardSegment(Fact):
    """What the engine made of one window, in seconds from its chunk's first stored sample."""

    start: Seconds
    end: Seconds
    text: str
    words: tuple[Word, ...]
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    temperature: float


class ChunkTranscript(Document):
    """`results/<pcm-sha256>/<recipe-sha256>.json`: one chunk heard once, by one recipe.

    Its times start at the first stored sample of the chunk (margin included), so that the same
    audio in another job or at another place finds it again.
    """

    pcm_sha256: Sha256
    recipe_sha256: Sha256
    recipe: dict[str, object]  #: as `identity.Recipe` writes it
    samples: Samples  #: length of the chunk
    language: str
    segments: tuple[HeardSegment, ...]
    speech_seconds: Seconds  #: what the voice activity detection took for speech
    speech: tuple[Stretch, ...] = ()  #: where that was, in order
    reruns: tuple[Rerun, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    elapsed_seconds: Seconds
    worker: str


class ChunkProvenance(Fact):
    """Which result each chunk of a transcript was made from, and by whom."""

    index: int
    start: Seconds
    end: Seconds
    seam: SeamKind
    result: str | None  #: key of the stored result; None where the chunk is a gap
    worker: str | None
    attempts: int


class AuditGap(Fact):
    """A gap as the audit tells it."""

    start: Seconds
    end: Seconds
    reason: str


class Audit(Fact):
    """How much of what was spoken is covered by words, over the whole recording.

    Each stretch of speech longer than 1.5 s has words or lies in one of `gaps`; no words stand over silence.
    """

    speech_seconds: Seconds
    covered_seconds: Seconds  #: of them, by words; what is shorter than the bound may be uncovered and no gap
    words_outside_speech: int  #: words that stand where voice activity detection found nobody
    gaps: tuple[AuditGap, ...]  #: all gaps of the transcript, whoever's fault
    reruns: tuple[Rerun, ...]
    dropped: tuple[Dropped, ...] = ()


class SubtitleRules(Fact):
    """What every cue of the subtitles keeps to. Columns count a wide character (CJK, emoji) as two."""

    line_columns: int
    lines: int
    shortest_ms: int
    longest_ms: int
    characters_per_second: float  #: reading speed, blanks included; 0: no limit
    smallest_gap_ms: int  #: between one cue and the next
    closed_gap_ms: int  #: a gap that is smaller is made the smallest; 0: none is


SubtitleRule = Literal["columns", "shortest", "longest", "reading speed", "gap", "closed gap", "article"]


class SubtitleException(Fact):
    """A rule that one cue could not keep to, and why."""

    format: Literal["srt", "vtt"]
    cue: int = Field(ge=1)  #: its number in that file, from 1
    rule: SubtitleRule
    reason: str


class SubtitleStyle(Fact):
    """What the files for the screen are written by."""

    preset: str
    rules: SubtitleRules  #: the preset's, but for what was asked otherwise
    word_times: bool = False  #: VTT and LRC tell when each word is said
    paragraph_times: bool = False  #: each paragraph of the plain text begins with its time


class SubtitleReport(SubtitleStyle):
    """What the subtitles of a transcript were written by, and where they could not keep to it."""

    cue_count: int
    exceptions: tuple[SubtitleException, ...] = ()

    @property
    def style(self) -> SubtitleStyle:
        """The first half of it."""
        return SubtitleStyle.model_validate(self.model_dump(include=set(SubtitleStyle.model_fields)))


class Transcript(Document):
    """`jobs/<job-id>/versions/<version>/transcript.json`: what a person gets.

    `text` is the segments' text joined by single spaces. Word starts never decrease.
    """

    program: Literal["whisper-farm"] = "whisper-farm"
    version: str  #: of the program
    job: str
    recording_sha256: Sha256
    model: str
    weights: str  #: fingerprint of the weights
    language: str
    language_probability: Probability | None = None  #: None where a person chose the language
    language_votes: dict[str, int] = Field(default_factory=dict)  #: windows that sounded like each language
    duration: Seconds
    text: str
    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...] = ()
    audit: Audit | None = None  #: None in transcripts of versions that had no audit
    subtitles: SubtitleReport | None = None  #: None where no subtitles were written yet
    warnings: tuple[str, ...] = ()
    decoding: dict[str, object]  #: every decoding option that was used
    chunks: tuple[ChunkProvenance, ...] = ()

    @property
    def word_count(self) -> int:
        """Timed words; of a segment without them, those of its text."""
        return sum(len(segment.words) or len(segment.text.split()) for segment in self.segments)

    @model_validator(mode="before")
    @classmethod
    def _as_it_was(cls, given: object) -> object:
        return _without(given, VERBOSE_FIELDS)


JobState = Literal["running", "complete", "incomplete", "failed", "cancelled"]


class Current(Document):
    """`jobs/<job-id>/current.json`: which version people see. Replaced whole."""

    version: str
    state: JobState


class CatalogueEntry(Document):
    """`catalog/<yyyy-mm-dd>/<job-id>.json`: a small summary of a job, rewritten as it ends."""

    job: str
    state: JobState
    name: str  #: the recording's file name, or the source's last part
    source: str
    model: str
    owner: str
    labels: dict[str, str] = Field(default_factory=dict)
    submitted_at: str  #: ISO 8601, UTC
    ended_at: str | None = None
    recording_sha256: str | None = None
    duration_seconds: float | None = None
    language: str | None = None
    chunk_count: int | None = None
    word_count: int | None = None
    gap_count: int | None = None
    elapsed_seconds: float | None = None
    version: str | None = None  #: the version of the transcript people see
    message: str | None = None  #: why it failed or what was lost, in a sentence


class FarmDefaults(Document):
    """`settings/farm.json`: what the whole farm shares."""

    model: str | None = None  #: for requests that name none


class OpenMark(Document):
    """`open/<job-id>.json`: lies there from a job's start to its end, so that a lost server loses no job."""

    job: str
    submitted_at: str  #: ISO 8601, UTC
