"""What one job knows of its chunks: pure state, from which queries and the merge are answered."""

from dataclasses import dataclass, field
from datetime import datetime

from whisper_farm.errors import CutsDisagree
from whisper_farm.identity import digest
from whisper_farm.messages import ChunkHeard, ChunkTimes, ChunkTranscribed, RecordingCut
from whisper_farm.models import Chunk

WAITING, SCHEDULED, DONE, FAILED = "waiting", "scheduled", "done", "failed"


@dataclass(slots=True)
class ChunkState:
    """One chunk and what became of it so far."""

    chunk: Chunk
    state: str = WAITING
    scheduled_at: datetime | None = None
    done_at: datetime | None = None
    answer: ChunkTranscribed | None = None
    attempts: int = 0
    reason: str | None = None  #: why it failed, in a sentence
    fault: str | None = None  #: whose fault that is: `recording` or `farm`


@dataclass(slots=True)
class Board:
    """The chunks of one run, by index. Fed by signals, checked against the cutter's result."""

    chunks: dict[int, ChunkState] = field(default_factory=dict)
    cut_seconds: float = 0.0
    heard_seconds: float = 0.0

    def announce(self, chunk: Chunk) -> bool:
        """Take a chunk in; False where it is known already.

        Raises:
            CutsDisagree: the same index came with another span or hash, which would make a hole.
        """
        known = self.chunks.get(chunk.index)
        if known is None:
            self.chunks[chunk.index] = ChunkState(chunk)
            return True
        if known.chunk != chunk:
            raise CutsDisagree(
                f"Chunk {chunk.index} came as samples {known.chunk.start}-{known.chunk.end} first and"
                f" as {chunk.start}-{chunk.end} later; hand the recording in under another id."
            )
        return False

    def agrees_with(self, cut: RecordingCut) -> bool:
        """Whether the announced chunks are exactly those that the cutter's result speaks of."""
        if set(self.chunks) != set(range(cut.chunk_count)):
            return False
        in_order = [self.chunks[index].chunk.model_dump(mode="json") for index in range(cut.chunk_count)]
        return digest(in_order) == cut.chunks_sha256

    def scheduled(self, index: int, now: datetime) -> None:
        state = self.chunks[index]
        state.state, state.scheduled_at = SCHEDULED, now

    def heard(self, index: int, answer: ChunkTranscribed, now: datetime) -> None:
        state = self.chunks[index]
        state.state, state.done_at, state.answer = DONE, now, answer
        state.attempts = answer.attempt
        self.heard_seconds += state.chunk.end_seconds - state.chunk.start_seconds

    def failed(self, index: int, reason: str, fault: str, now: datetime) -> None:
        state = self.chunks[index]
        state.state, state.done_at, state.reason, state.fault = FAILED, now, reason, fault

    def again(self, index: int) -> None:
        """Back to waiting, after a failure that is to be tried anew or a result that was lost."""
        before = self.chunks[index]
        if before.state == DONE:
            self.heard_seconds -= before.chunk.end_seconds - before.chunk.start_seconds
        self.chunks[index] = ChunkState(before.chunk)

    def count(self, state: str) -> int:
        return sum(1 for chunk in self.chunks.values() if chunk.state == state)

    def failed_by_farm(self) -> list[int]:
        return [
            index for index, chunk in self.chunks.items() if chunk.state == FAILED and chunk.fault == "farm"
        ]

    def for_merge(self) -> list[ChunkHeard]:
        """All chunks in order, as the merge takes them."""
        return [
            ChunkHeard(
                index=index,
                result=chunk.answer.result if chunk.answer else None,
                worker=chunk.answer.worker if chunk.answer else None,
                attempts=chunk.attempts,
                gap_reason=chunk.reason,
                gap_fault=chunk.fault,
            )
            for index, chunk in sorted(self.chunks.items())
        ]

    def times(self, first: int, count: int) -> list[ChunkTimes]:
        """The timeline from index `first` on, at most `count` lines."""
        return [
            ChunkTimes(
                index=index,
                start=chunk.chunk.start_seconds,
                end=chunk.chunk.end_seconds,
                state=chunk.state,
                scheduled_at=chunk.scheduled_at.isoformat() if chunk.scheduled_at else None,
                done_at=chunk.done_at.isoformat() if chunk.done_at else None,
                worker=chunk.answer.worker if chunk.answer else None,
                elapsed_seconds=chunk.answer.elapsed_seconds if chunk.answer else None,
                stored_before=chunk.answer.stored_before if chunk.answer else False,
                reason=chunk.reason,
            )
            for index, chunk in sorted(self.chunks.items())
            if first <= index < first + count
        ]
