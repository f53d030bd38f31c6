"""Merging: from the results of a job's chunks to one version of its transcript, in every format.

Results are read in order, one at a time, and checked before they count. What is written follows from
the order and from what is stored, under a name that follows from the run: a retry overwrites itself
with itself. `current.json` comes last, so whoever follows it finds every file of its version.
The audit of what was heard against what was spoken belongs between `merge` and `_publish`.
"""

from collections.abc import Sequence

from temporalio import activity

from activities.failures import told_apart
from activities.reading_results import ResultReader
from whisper_farm import keys
from whisper_farm.identity import program_version
from whisper_farm.merging.merge import merge
from whisper_farm.merging.segmenting import text_of
from whisper_farm.messages import MERGE_TRANSCRIPT, MergeTranscript, TranscriptMerged
from whisper_farm.models import Current, Gap, Segment, Transcript
from whisper_farm.report import ChunkReport, Report, workers_of
from whisper_farm.request import Decoding
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import write_document
from whisper_farm.subtitles.formats import WRITERS, write
from whisper_farm.verdict import Verdict, joined_gaps, judge


class TranscriptActivities:
    """Makes transcripts from what lies in the store that it was handed."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @activity.defn(name=MERGE_TRANSCRIPT.name)
    def merge_transcript(self, order: MergeTranscript) -> TranscriptMerged:
        """Merge the job's results and publish them as the version of its run.

        Raises (as failures): `ObjectMissing`, `ObjectDamaged`, `StoreUnreachable`, all tried again;
        `PermanentError` where chunks were heard with different weights.
        """
        with told_apart():
            reading = ResultReader(self._store, order)
            segments = merge(reading.parts(), duration_seconds=reading.duration_seconds())
            gaps = joined_gaps([*order.gaps, *(chunk.gap for chunk in reading.chunks if chunk.gap)])
            verdict = judge(gaps, [*order.warnings, *_other_language(order, reading.chunks)])
            return self._publish(
                order, reading, _transcript(order, reading, segments, gaps, verdict), verdict
            )

    def _publish(
        self, order: MergeTranscript, reading: ResultReader, transcript: Transcript, verdict: Verdict
    ) -> TranscriptMerged:
        version = version_of(order.run)
        outputs = {}
        for extension in WRITERS:
            activity.heartbeat(f"writing {extension}")
            outputs[extension] = keys.transcript(order.job, version, extension)
            self._store.put(outputs[extension], write(transcript, extension).encode())
        report = _report(order, reading.chunks, transcript, verdict)
        write_document(self._store, keys.report(order.job, version), report)
        current = Current(version=version, state=verdict.state)
        write_document(self._store, keys.job_current(order.job), current)
        return TranscriptMerged(
            version=version,
            outputs=outputs,
            word_count=report.word_count,
            segment_count=report.segment_count,
            gap_count=report.gap_count,
            state=verdict.state,
            message=verdict.message,
        )


def version_of(run: str) -> str:
    """The name of a run's version. Editors' versions are named otherwise, so no run overwrites one."""
    return f"run-{run}"


def _transcript(
    order: MergeTranscript,
    reading: ResultReader,
    segments: tuple[Segment, ...],
    gaps: tuple[Gap, ...],
    verdict: Verdict,
) -> Transcript:
    return Transcript(
        version=program_version(),
        job=order.job,
        recording_sha256=order.recording_sha256,
        model=order.model,
        weights=reading.weights,
        language=_language(order.language, reading.chunks),
        language_probability=order.language_probability,
        duration=reading.duration_seconds(),
        text=text_of(segments),
        segments=segments,
        gaps=gaps,
        warnings=verdict.warnings,
        decoding=_decoding_used(order, reading.chunks).model_dump(mode="json"),
        chunks=tuple(chunk.provenance for chunk in reading.chunks),
    )


def _language(locked: str, chunks: Sequence[ChunkReport]) -> str:
    """The language in which the chunks were heard; the one locked for the job where none was."""
    return next((chunk.language for chunk in chunks if chunk.language), locked)


def _decoding_used(order: MergeTranscript, chunks: Sequence[ChunkReport]) -> Decoding:
    """The order's options; a language that was chosen is the one that was heard."""
    if order.decoding.language == "auto":
        return order.decoding
    return order.decoding.model_copy(update={"language": _language(order.language, chunks)})


def _other_language(order: MergeTranscript, chunks: Sequence[ChunkReport]) -> list[str]:
    """What to say where the model does not know the language that was asked for."""
    heard = _language(order.language, chunks)
    if heard == order.language:
        return []
    return [f"The model knows no language but '{heard}'; it was heard as that, and not as '{order.language}'"]


def _report(
    order: MergeTranscript, chunks: Sequence[ChunkReport], transcript: Transcript, verdict: Verdict
) -> Report:
    return Report(
        job=order.job,
        run=order.run,
        version=version_of(order.run),
        state=verdict.state,
        message=verdict.message,
        model=order.model,
        weights=transcript.weights,
        duration_seconds=transcript.duration,
        elapsed_seconds=order.elapsed_seconds,
        pace=round(transcript.duration / order.elapsed_seconds, 3) if order.elapsed_seconds else None,
        gpu_seconds=round(sum(chunk.elapsed_seconds or 0.0 for chunk in chunks), 3),
        chunk_count=order.chunk_count,
        chunks_heard=sum(chunk.result is not None for chunk in chunks),
        attempts=sum(chunk.attempts for chunk in chunks),
        speech_seconds=round(sum(chunk.speech_seconds or 0.0 for chunk in chunks), 3),
        word_count=sum(len(segment.words) or len(segment.text.split()) for segment in transcript.segments),
        segment_count=len(transcript.segments),
        gap_count=len(transcript.gaps),
        gap_seconds=round(sum(gap.end - gap.start for gap in transcript.gaps), 3),
        workers=workers_of(chunks),
        chunks=tuple(chunks),
    )
