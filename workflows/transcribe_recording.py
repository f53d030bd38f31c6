"""The order of one job: open, fetch, plan, cut and hear at once, merge, close.

The workflow carries keys and counts. The cutter announces chunks by signal while it goes on, so
hearing starts seconds after submission; its result, not its signals, is the truth about the cuts.
Whatever ends a job (done, failed, cancelled) also closes it in the store.
"""

import asyncio
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RawValue, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, TemporalError

from whisper_farm import messages as wire
from whisper_farm.errors import (
    BadRequest,
    ChunkUnreadable,
    CutsDisagree,
    FarmError,
    ResultsLost,
    permanent_error_names,
)
from whisper_farm.messages import ChunksReady, Effect, JobResult, Progress, Timeline, TranscriptMerged
from whisper_farm.models import Fact, JobState
from whisper_farm.request import check_job_id, parse_request
from workflows import deadlines
from workflows.board import DONE, FAILED, SCHEDULED, Board
from workflows.deadlines import Deadlines
from workflows.details import chunk_summary, job_panel
from workflows.facts import JobFacts, settled
from workflows.failing import failure_of, lost_results
from workflows.inputs import NO_INPUT, json_of

Answer = TypeVar("Answer")

#: Errors that end a job instead of its task being tried again for ever. More than one input is a `TypeError`.
ENDS_A_JOB: tuple[type[BaseException], ...] = (FarmError, TypeError)

_MODEL = SearchAttributeKey.for_keyword(wire.SEARCH_MODEL)
_SECONDS_LEFT = SearchAttributeKey.for_float(wire.SEARCH_AUDIO_SECONDS_LEFT)
_OWNER = SearchAttributeKey.for_keyword(wire.SEARCH_OWNER)

#: The seconds left are told in steps of this share of the recording: each telling is a history event.
_TELL_EVERY = 0.1

#: How often a merge may find results lost before the job gives up.
_ROUNDS_OF_MENDING = 10

#: How often chunks that can't be read are cut anew before they count as lost.
_ROUNDS_OF_CUTTING = 3

#: Lines of the timeline in one answer, which must stay far below Temporal's 2 MiB.
_TIMELINE_LINES = 500


@workflow.defn(name=wire.TRANSCRIBE_WORKFLOW)
class TranscribeWorkflow:
    """One request for one recording. Its id is the job's id."""

    def __init__(self) -> None:
        self._facts: JobFacts | None = None
        self._board = Board()
        self._stage = "opening"
        self._state: JobState = "running"
        self._priority = Priority()
        self._to_hear: list[int] = []
        self._hearing: dict[int, asyncio.Task[None]] = {}
        self._unreadable: set[int] = set()
        self._conflict: CutsDisagree | None = None
        self._fan_out_at: str | None = None
        self._told_left: float | None = None

    # ---- the job ----------------------------------------------------------------------------------

    @workflow.run
    async def run(self, payload: RawValue = NO_INPUT) -> JobResult:
        # Raw, because what the SDK can't decode itself it would try to decode for ever.
        info = workflow.info()
        try:
            job = check_job_id(info.workflow_id)
            request = parse_request(json_of(payload))
            facts = self._facts = JobFacts(job=job, run=info.run_id, request=request)
        except BadRequest as error:
            raise failure_of(error) from None
        try:
            return await self._transcribe(facts)
        except (asyncio.CancelledError, TemporalError, FarmError) as error:
            if workflow.cancellation_reason() is not None:
                await self._end_early(facts, "cancelled", "Cancelled.")
                raise
            failure = failure_of(error)
            await self._end_early(facts, "failed", failure.message)
            raise failure from error

    async def _transcribe(self, facts: JobFacts) -> JobResult:
        await self._open(facts)
        await self._fetch(facts)
        facts.plan = await self._do(
            wire.SETTLE_PLAN, facts.to_settle_plan(), deadlines.BRIEF, summary="settle the plan"
        )
        await self._cut_and_hear(facts)
        merged = await self._merge(facts)
        await self._close(facts, merged.state, merged.message)
        return facts.result()

    async def _open(self, facts: JobFacts) -> None:
        self._priority = deadlines.priority_for(None, fairness_key=facts.fairness_key)
        started_at = workflow.info().start_time.isoformat()
        opened = facts.opened = await self._do(
            wire.OPEN_JOB, facts.to_open(started_at), deadlines.BRIEF, summary="open the job"
        )
        workflow.upsert_search_attributes(
            [_MODEL.value_set(opened.model), _OWNER.value_set(facts.request.owner)]
        )

    async def _fetch(self, facts: JobFacts) -> None:
        self._at_stage("fetching")
        without_query = facts.request.source.split("?", 1)[0]  # an address may hold a secret behind its `?`
        fetched = await self._do(
            wire.FETCH_RECORDING, facts.to_fetch(), deadlines.FETCH, summary=f"fetch {without_query}"
        )
        facts.recording = fetched.recording
        self._priority = deadlines.priority_for(facts.duration_seconds, fairness_key=facts.fairness_key)

    async def _merge(self, facts: JobFacts) -> TranscriptMerged:
        """Merge; chunks whose stored results turn out lost are heard again, each round at least one."""
        lost: list[int] = []
        for _ in range(_ROUNDS_OF_MENDING):
            self._at_stage("merging")
            order = facts.to_merge(self._board, _elapsed_seconds())
            try:
                facts.merged = await self._do(
                    wire.MERGE_TRANSCRIPT, order, deadlines.MERGE, summary="merge and write the transcript"
                )
            except ActivityError as error:
                lost = lost_results(error)
                if not lost:
                    raise
                await self._hear_again(facts, lost)
            else:
                return facts.merged
        raise ResultsLost(lost, f"they were lost {_ROUNDS_OF_MENDING} times over.")

    async def _hear_again(self, facts: JobFacts, indices: list[int]) -> None:
        self._at_stage("transcribing")
        for index in indices:
            self._board.again(index)
            self._to_hear.append(index)
        try:
            await self._hear_all(facts)
        finally:
            await _cancelled(*self._hearing.values())

    async def _close(self, facts: JobFacts, state: JobState, message: str | None) -> None:
        self._state = state
        order = facts.to_close(state, message, _elapsed_seconds())
        await self._do(wire.CLOSE_JOB, order, deadlines.BRIEF, summary=f"close the job as {state}")
        self._at_stage("done")

    async def _end_early(self, facts: JobFacts, state: JobState, message: str) -> None:
        """A job that was never opened is not ours to close: its id may be another request's."""
        if facts.opened is not None:
            await self._close(facts, state, message)

    # ---- cutting and hearing, at once -------------------------------------------------------------

    async def _cut_and_hear(self, facts: JobFacts) -> None:
        self._at_stage("transcribing")
        cutting = asyncio.create_task(self._cut(facts))
        deciding = asyncio.create_task(self._decide_language(facts))
        try:
            await self._hear_all(facts, cutting, deciding)
        finally:
            await _cancelled(cutting, deciding, *self._hearing.values())

    async def _hear_all(self, facts: JobFacts, *preparing: "asyncio.Task[None]") -> None:
        """Hear every chunk; those that turn out unreadable are cut anew, and heard then."""
        await self._hear_until_done(facts, *preparing)
        for _ in range(_ROUNDS_OF_CUTTING):
            unreadable = [index for index in self._board.failed_by_farm() if index in self._unreadable]
            if not unreadable:
                return
            await self._cut_anew(facts, unreadable)
            await self._hear_until_done(facts)

    async def _cut_anew(self, facts: JobFacts, indices: list[int]) -> None:
        """Have the cutter store these chunks again: what it finds stored it leaves as it is."""
        await self._do(
            wire.DROP_CHUNKS,
            facts.to_drop(indices),
            deadlines.BRIEF,
            summary=f"remove {len(indices)} chunks that can't be read",
        )
        await self._cut(facts)
        for index in indices:
            self._unreadable.discard(index)
            self._board.again(index)
            self._to_hear.append(index)

    async def _hear_until_done(self, facts: JobFacts, *preparing: "asyncio.Task[None]") -> None:
        """Hand chunks out as they come, `WINDOW` at a time, until all are cut and each is heard or failed."""
        while True:
            await workflow.wait_condition(lambda: self._something_to_do(facts, *preparing))
            if self._conflict is not None:
                raise self._conflict
            for task in preparing:
                if task.done():
                    await task  # raises what it failed with
            self._start_hearing(facts)
            if all(task.done() for task in preparing) and not self._hearing:
                self._check_announced(facts)
                return

    def _something_to_do(self, facts: JobFacts, *preparing: "asyncio.Task[None]") -> bool:
        if self._conflict is not None or any(task.done() and task.exception() for task in preparing):
            return True
        if facts.language is None:
            return False
        can_start = self._can_start(facts) and len(self._hearing) < deadlines.WINDOW
        return can_start or (all(task.done() for task in preparing) and not self._hearing)

    def _check_announced(self, facts: JobFacts) -> None:
        """The cutter has ended, so all its signals are in: what it says must be what was announced."""
        cut = settled(facts.cut)
        if not self._board.agrees_with(cut):
            raise CutsDisagree(
                f"The cutter speaks of {cut.chunk_count} chunks and {len(self._board.chunks)} were announced,"
                f" or their spans differ; try: whisper-farm retry {facts.job}"
            )

    def _can_start(self, facts: JobFacts) -> bool:
        """Whether a chunk may be handed out: a first one only once it is known whether it is the only one."""
        return bool(self._to_hear) and not (len(self._board.chunks) == 1 and facts.may_be_whole())

    def _start_hearing(self, facts: JobFacts) -> None:
        if facts.language is None or not self._can_start(facts):
            return
        while self._to_hear and len(self._hearing) < deadlines.WINDOW:
            index = self._to_hear.pop(0)
            self._fan_out_at = self._fan_out_at or workflow.now().isoformat()
            self._hearing[index] = asyncio.create_task(self._hear(facts, index))

    async def _cut(self, facts: JobFacts) -> None:
        facts.cut = await self._do(
            wire.CUT_RECORDING, facts.to_cut(), deadlines.CUT, summary="cut the recording into chunks"
        )
        self._board.cut_seconds = facts.duration_seconds or 0.0
        self._show()

    async def _decide_language(self, facts: JobFacts) -> None:
        opened = settled(facts.opened)
        if opened.decoding.language != "auto":
            facts.language = opened.decoding.language
            return
        sampled = await self._do(
            wire.SAMPLE_LANGUAGE,
            facts.to_sample_language(),
            deadlines.MERGE,
            summary="sample for the language",
        )
        detected = await self._do(
            wire.DETECT_LANGUAGE,
            facts.to_detect_language(sampled),
            deadlines.LANGUAGE,
            summary="decide the language",
            task_queue=opened.queue,
        )
        facts.language, facts.language_probability = detected.language, detected.probability
        facts.language_votes = detected.votes
        self._show()

    async def _hear(self, facts: JobFacts, index: int) -> None:
        chunk = self._board.chunks[index].chunk
        self._board.scheduled(index, workflow.now())
        try:
            answer = await self._do(
                wire.TRANSCRIBE_CHUNK,
                facts.to_hear(chunk),
                deadlines.for_chunk(chunk.audio_seconds),
                summary=chunk_summary(chunk, facts.cut.chunk_count if facts.cut else None),
                task_queue=settled(facts.opened).queue,
            )
        except ActivityError as error:
            self._note_failure(index, error)
        except asyncio.CancelledError:  # and no `finally`, which would act also where this is only forgotten
            self._hearing.pop(index, None)
            raise
        else:
            self._board.heard(index, answer, workflow.now())
        self._hearing.pop(index, None)
        self._show()

    def _note_failure(self, index: int, error: ActivityError) -> None:
        """A chunk that is cancelled, alone or with its job, was marked by whoever cancelled it."""
        if isinstance(error.cause, CancelledError):
            return
        failure = failure_of(error)
        if failure.type == ChunkUnreadable.__name__:
            self._unreadable.add(index)
        fault = "recording" if failure.type in permanent_error_names() else "farm"
        self._board.failed(index, failure.message, fault, workflow.now())

    # ---- what others say and ask ------------------------------------------------------------------

    @workflow.signal(name=wire.CHUNKS_READY_SIGNAL, description="Chunks that the cutter has stored")
    def chunks_ready(self, batch: ChunksReady) -> None:
        try:
            for chunk in batch.chunks:
                if self._board.announce(chunk):
                    self._to_hear.append(chunk.index)
        except CutsDisagree as conflict:
            self._conflict = conflict
        self._board.cut_seconds = max(self._board.cut_seconds, batch.decoded_seconds)
        self._show()

    @workflow.query(name=wire.PROGRESS_QUERY, description="Counts and seconds, for a bar or a script")
    def progress(self) -> Progress:
        facts, board = self._facts, self._board
        recording, opened = (facts.recording, facts.opened) if facts else (None, None)
        return Progress(
            job=workflow.info().workflow_id,
            stage=self._stage,
            state=self._state,
            name=(recording.name if recording else None) or (facts.request.name if facts else None),
            model=opened.model if opened else None,
            queue=opened.queue if opened else None,
            language=facts.language if facts else None,
            duration_seconds=facts.duration_seconds if facts else None,
            cut_seconds=board.cut_seconds,
            heard_seconds=board.heard_seconds,
            chunks_cut=len(board.chunks),
            chunks_heard=board.count(DONE),
            chunks_failed=board.count(FAILED),
            chunks_running=board.count(SCHEDULED),
            all_cut=facts is not None and facts.cut is not None,
            started_at=workflow.info().start_time.isoformat(),
            fan_out_at=self._fan_out_at,
        )

    @workflow.query(
        name=wire.TIMELINE_QUERY, description="Who heard which chunk when: 500 lines from `first` on"
    )
    def timeline(self, first: int = 0) -> Timeline:
        lines = self._board.times(first, _TIMELINE_LINES)
        return Timeline(first=first, chunk_count=len(self._board.chunks), chunks=lines)

    @workflow.update(
        name=wire.RETRY_FAILED_UPDATE, description="Try again what failed through the farm's fault"
    )
    def retry_failed(self) -> int:
        if self._stage in {"merging", "done"}:
            raise ApplicationError(
                "The transcript is being written; 'whisper-farm retry' takes the job up again after it.",
                type="TooLate",
            )
        failed = self._board.failed_by_farm()
        for index in failed:
            self._board.again(index)
            self._to_hear.append(index)
        return len(failed)

    @workflow.update(name=wire.CANCEL_CHUNK_UPDATE, description="Give one chunk up; it becomes a gap")
    def cancel_chunk(self, index: int) -> bool:
        state = self._board.chunks.get(index)
        if state is None or state.state in {DONE, FAILED}:
            return False
        self._board.failed(index, "a person cancelled this chunk", "farm", workflow.now())
        self._to_hear = [waiting for waiting in self._to_hear if waiting != index]
        if (task := self._hearing.get(index)) is not None:
            task.cancel()
        self._show()
        return True

    # ---- small words ------------------------------------------------------------------------------

    async def _do(
        self,
        effect: Effect[Any, Answer],
        order: Fact,
        within: Deadlines,
        *,
        summary: str,
        task_queue: str | None = None,
    ) -> Answer:
        answer: Answer = await workflow.execute_activity(
            effect.name,
            order,
            result_type=effect.answer,
            task_queue=task_queue,
            start_to_close_timeout=within.start_to_close,
            heartbeat_timeout=within.heartbeat,
            retry_policy=within.retry,
            summary=summary[:200],
            priority=self._priority,
            cancellation_type=(
                workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
                if within.is_seen_off
                else workflow.ActivityCancellationType.TRY_CANCEL
            ),
        )
        return answer

    def _at_stage(self, stage: str) -> None:
        self._stage = stage
        self._show()

    def _show(self) -> None:
        """Bring what Temporal's UI and its search show up to date."""
        progress = self.progress()
        workflow.set_current_details(job_panel(progress))
        if not progress.duration_seconds:
            return
        left = max(0.0, progress.duration_seconds - self._board.heard_seconds)
        step = _TELL_EVERY * progress.duration_seconds
        if self._told_left is None or self._told_left - left >= step or (left < 0.5 < self._told_left):
            self._told_left = left
            workflow.upsert_search_attributes([_SECONDS_LEFT.value_set(round(left, 1))])


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    """Cancel what still runs and wait until it has ended, whatever it ends with."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _elapsed_seconds() -> float:
    return (workflow.now() - workflow.info().start_time).total_seconds()
