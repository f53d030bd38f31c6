"""Reading the results of a job's chunks: in order, one at a time, none trusted before it is checked."""

from collections.abc import Iterator

from pydantic import ValidationError
from temporalio import activity

from whisper_farm import keys
from whisper_farm.audit import ChunkFindings, findings_of
from whisper_farm.errors import ObjectDamaged, ObjectMissing, PermanentError, ResultsLost
from whisper_farm.messages import ChunkHeard, MergeTranscript
from whisper_farm.models import Chunk, ChunkTranscript
from whisper_farm.report import ChunkReport, report_heard, report_unheard
from whisper_farm.results import check_result, check_same_weights, weights_of
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import read_document


class ResultReader:
    """Reads the chunks and their results in order, and keeps what is to be told about each of them.

    `weights` (empty until a result was read), `chunks` and `findings` fill while `parts` is read. Of each
    result only what the audit needs is kept: its words are whoever's who reads the parts.
    """

    def __init__(self, store: ObjectStore, order: MergeTranscript) -> None:
        self._store = store
        self._order = order
        self.weights = ""
        self.chunks: list[ChunkReport] = []
        self.findings: list[ChunkFindings] = []

    def duration_seconds(self) -> float:
        """How long the recording is: as the order says, but never shorter than its chunks."""
        count = self._order.chunk_count
        end = self._chunk(count - 1).end_seconds if count else 0.0
        return max(self._order.duration_seconds, end)

    def parts(self) -> Iterator[tuple[Chunk, ChunkTranscript | None]]:
        """Each chunk with what was heard in it, or None where nobody could hear it."""
        heard = sorted(self._order.heard, key=lambda each: each.index)
        if [each.index for each in heard] != list(range(self._order.chunk_count)):
            raise PermanentError(
                f"The order to merge job '{self._order.job}' does not tell of each of its"
                f" {self._order.chunk_count} chunks once; start the job again."
            )
        self._look_for_lost(heard)
        end = 0
        for each in heard:
            chunk = self._chunk(each.index)
            if chunk.start != end:
                raise ObjectDamaged(
                    self._cut_key(each.index), f"it begins at sample {chunk.start}, not at {end}"
                )
            end = chunk.end
            yield chunk, self._result(chunk, each)
            activity.heartbeat(f"read {each.index + 1} of {self._order.chunk_count} chunks")

    def _look_for_lost(self, heard: list[ChunkHeard]) -> None:
        """Before anything is merged: a result that vanished costs its own chunk and not the job."""
        gone = []
        for each in heard:
            if each.result is not None and not self._store.exists(each.result):
                gone.append(each.index)
            activity.heartbeat(f"looked for {each.index + 1} of {self._order.chunk_count} results")
        if gone:
            raise ResultsLost(gone, "they are no longer in the store.")

    def _cut_key(self, index: int) -> str:
        return keys.chunk_cut(self._order.recording_sha256, self._order.plan_sha256, index)

    def _chunk(self, index: int) -> Chunk:
        key = self._cut_key(index)
        try:
            chunk = Chunk.model_validate_json(self._store.get(key))
        except ValidationError as error:
            raise ObjectDamaged(
                key, f"it is no cut ({error.errors(include_url=False)[0]['msg'].lower()})"
            ) from None
        if chunk.index != index:
            raise ObjectDamaged(key, f"it is the cut of chunk {chunk.index}")
        return chunk

    def _result(self, chunk: Chunk, each: ChunkHeard) -> ChunkTranscript | None:
        if each.result is None:
            self.chunks.append(
                report_unheard(
                    chunk,
                    worker=each.worker,
                    attempts=each.attempts,
                    reason=each.gap_reason,
                    fault=each.gap_fault,
                )
            )
            return None
        try:
            heard = read_document(self._store, each.result, ChunkTranscript)
            check_result(each.result, chunk, heard)
        except (ObjectMissing, ObjectDamaged) as fault:
            # A worker may write results but not judge them: what is damaged goes, so that it is heard anew.
            self._store.delete([each.result])
            raise ResultsLost([chunk.index], str(fault)) from fault
        self.weights = self.weights or weights_of(heard)
        check_same_weights(chunk.index, weights_of(heard), others=self.weights, model=self._order.model)
        stored = self._store.stat(each.result)
        heard_at = stored.modified_at.isoformat(timespec="milliseconds") if stored else None
        self.chunks.append(
            report_heard(chunk, heard, result=each.result, heard_at=heard_at, attempts=each.attempts)
        )
        self.findings.append(findings_of(chunk, heard))
        return heard
