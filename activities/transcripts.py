"""Merging: from the results of a job's chunks to one version of its transcript, in every format.

Results are read in order, one at a time, and checked before they count. What is written follows from
the order and from what is stored, under a name that follows from the run: a retry overwrites itself
with itself. `current.json` comes last, so whoever follows it finds every file of its version.
Before anything is written the audit holds the merged words against the speech of every chunk: what is
spoken and not covered is told as a gap, never passed over.
"""

from collections.abc import Sequence

from temporalio import activity

from activities.failures import told_apart
from activities.reading_results import ResultReader
from whisper_farm import keys
from whisper_farm.audit import Audited, audit_speech
from whisper_farm.identity import program_version
from whisper_farm.merging.merge import merge
from whisper_farm.merging.segmenting import text_of
from whisper_farm.messages import MERGE_TRANSCRIPT, MergeTranscript, TranscriptMerged
from whisper_farm.models import Audit, Current, Segment, Transcript
from whisper_farm.report import ChunkReport, Report, workers_of
from whisper_farm.request import Decoding
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import write_document
from whisper_farm.subtitles.formats import STORED_FORMATS, Rendering
from whisper_farm.verdict import Verdict, judge

#: Below this the vote is little more than a guess: faster-whisper's own threshold for looking further.
SURE_OF_LANGUAGE = 0.5


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
            lost = [*order.gaps, *(chunk.gap for chunk in reading.chunks if chunk.gap)]
            audited = audit_speech(reading.findings, segments, lost)
            verdict = judge(audited.gaps, [*order.warnings, *_about_language(order, reading.chunks)])
            transcript = _transcript(order, reading, segments, audited, verdict)
            report = _report(order, reading.chunks, transcript, audited.audit, verdict)
            return self._publish(order, transcript, report)

    def _publish(self, order: MergeTranscript, transcript: Transcript, report: Report) -> TranscriptMerged:
        version = version_of(order.run)
        outputs: dict[str, str] = {}
        rendering = Rendering(transcript, order.subtitles, word_timestamps=order.word_timestamps)
        for extension in STORED_FORMATS:
            activity.heartbeat(f"writing {extension}")
            outputs[extension] = keys.transcript(order.job, version, extension)
            self._store.put(outputs[extension], rendering.written(extension).encode())
        write_document(self._store, keys.report(order.job, version), report)
        current = Current(version=version, state=report.state)
        write_document(self._store, keys.job_current(order.job), current)
        return TranscriptMerged(
            version=version,
            outputs=outputs,
            word_count=report.word_count,
            segment_count=report.segment_count,
            gap_count=report.gap_count,
            model_gap_count=report.model_gap_count,
            state=report.state,
            message=report.message,
        )


def version_of(run: str) -> str:
    """The name of a run's version. Editors' versions are named otherwise, so no run overwrites one."""
    return f"run-{run}"


def _transcript(
    order: MergeTranscript,
    reading: ResultReader,
    segments: tuple[Segment, ...],
    audited: Audited,
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
        language_votes=order.language_votes,
        duration=reading.duration_seconds(),
        text=text_of(segments),
        segments=segments,
        gaps=audited.gaps,
        audit=audited.audit,
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


def _about_language(order: MergeTranscript, chunks: Sequence[ChunkReport]) -> list[str]:
    """What to say where the model does not know the language, or where it was decided on little ground."""
    heard = _language(order.language, chunks)
    if heard != order.language:
        other = f"it was heard as that, and not as '{order.language}'"
        return [f"The model knows no language but '{heard}'; {other}"]
    sure, decides_alone = order.language_probability, not order.decoding.multilingual
    if order.language_votes and decides_alone and sure is not None and sure < SURE_OF_LANGUAGE:
        guess = f"'{heard}' with little confidence ({100 * sure:.0f} %)"
        return [f"The language was decided as {guess}; give --language CODE if that is wrong"]
    return []


def _report(
    order: MergeTranscript,
    chunks: Sequence[ChunkReport],
    transcript: Transcript,
    audit: Audit,
    verdict: Verdict,
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
        speech_seconds=audit.speech_seconds,
        covered_seconds=audit.covered_seconds,
        word_count=transcript.word_count,
        segment_count=len(transcript.segments),
        gap_count=len(transcript.gaps),
        model_gap_count=sum(gap.fault == "model" for gap in transcript.gaps),
        rerun_count=len(audit.reruns),
        gap_seconds=round(sum(gap.end - gap.start for gap in transcript.gaps), 3),
        workers=workers_of(chunks),
        chunks=tuple(chunks),
    )
