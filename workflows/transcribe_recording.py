"""The order of one job: open, fetch, plan, cut and hear at once, merge, close.

The workflow carries keys and counts. The cutter announces chunks by signal while it goes on, so
hearing starts seconds after submission; its result, not its signals, is the truth about the cuts.
Whatever ends a job (done, failed, cancelled) also closes it in the store.
"""

import asyncio
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, TemporalError, TimeoutError

from whisper_farm.errors import BadRequest, CutsDisagree, FarmError, PermanentError, permanent_error_names
from whisper_farm.messages import (
    CANCEL_CHUNK_UPDATE,
    CHUNKS_READY_SIGNAL,
    CLOSE_JOB,
    CUT_RECORDING,
    DETECT_LANGUAGE,
    FETCH_RECORDING,
    MERGE_TRANSCRIPT,
    OPEN_JOB,
    PROGRESS_QUERY,
    RETRY_FAILED_UPDATE,
    SAMPLE_LANGUAGE,
    SEARCH_AUDIO_SECONDS_LEFT,
    SEARCH_MODEL,
    SEARCH_OWNER,
    SETTLE_PLAN,
    TIMELINE_QUERY,
    TRANSCRIBE_CHUNK,
    TRANSCRIBE_WORKFLOW,
    ChunksReady,
    CloseJob,
    CutRecording,
    DetectLanguage,
    Effect,
    FetchRecording,
    JobOpened,
    JobResult,
    LanguageDetected,
    MergeTranscript,
    OpenJob,
    PlanSettled,
    Progress,
    RecordingCut,
    SampleLanguage,
    SettlePlan,
    Timeline,
    TranscribeChunk,
    TranscriptMerged,
)
from whisper_farm.models import Chunk, Fact, JobState, Recording
from whisper_farm.request import TranscribeRequest, check_job_id, read_request
from workflows import deadlines
from workflows.board import DONE, FAILED, SCHEDULED, Board
from workflows.deadlines import Deadlines
from workflows.details import chunk_summary, job_panel

Answer = TypeVar("Answer")

_MODEL = SearchAttributeKey.for_keyword(SEARCH_MODEL)
_SECONDS_LEFT = SearchAttributeKey.for_float(SEARCH_AUDIO_SECONDS_LEFT)
_OWNER = SearchAttributeKey.for_keyword(SEARCH_OWNER)

#: The seconds left are told in steps of this share of the recording: each telling is a history event.
_TELL_EVERY = 0.1

#: Lines of the timeline in one answer, which must stay far below Temporal's 2 MiB.
_TIMELINE_LINES = 500


@workflow.defn(name=TRANSCRIBE_WORKFLOW)
class TranscribeWorkflow:
    """One request for one recording. Its id is the job's id."""

    def __init__(self) -> None:
        self._board = Board()
        self._stage = "opening"
        self._state: JobState = "running"
        self._request: TranscribeRequest | None = None
        self._opened: JobOpened | None = None
        self._recording: Recording | None = None
        self._plan: PlanSettled | None = None
        self._cut: RecordingCut | None = None
        self._language: str | None = None
        self._language_probability: float | None = None
        self._merged: TranscriptMerged | None = None
        self._priority = Priority()
        self._conflict: CutsDisagree | None = None
        self._to_hear: list[int] = []
        self._hearing: dict[int, asyncio.Task[None]] = {}
        self._fan_out_at: str | None = None
        self._told_left: float | None = None

    # ---- the job ----------------------------------------------------------------------------------

    @workflow.run
    async def run(self, payload: Any = None) -> JobResult:
        try:
            check_job_id(workflow.info().workflow_id)
            self._request = read_request(payload)
        except BadRequest as error:
            raise _failure(error) from None
        try:
            result = await self._transcribe(self._request)
        except (asyncio.CancelledError, CancelledError):
            await self._end_early("cancelled", "Cancelled.")
            raise
        except (TemporalError, FarmError) as error:
            if workflow.cancellation_reason() is not None:
                await self._end_early("cancelled", "Cancelled.")
                raise
            failure = _failure(error)
            await self._end_early("failed", failure.message)
            raise failure from error
        return result

    async def _transcribe(self, request: TranscribeRequest) -> JobResult:
        opened = self._opened = await self._open(request)
        recording = self._recording = await self._fetch(request)
        plan = self._plan = await self._settle_plan(opened, recording)
        workflow.upsert_search_attributes([_MODEL.value_set(opened.model), _OWNER.value_set(request.owner)])
        await self._cut_and_hear(opened, recording, plan)
        merged = self._merged = await self._merge(opened, recording, plan)
        self._state = merged.state
        await self._close(merged.state, merged.message)
        self._at_stage("done")
        return self._result(merged)

    async def _open(self, request: TranscribeRequest) -> JobOpened:
        info = workflow.info()
        self._priority = deadlines.priority_for(None, fairness_key=request.owner or info.workflow_id)
        order = OpenJob(
            job=info.workflow_id, run=info.run_id, started_at=info.start_time.isoformat(), request=request
        )
        return await self._do(OPEN_JOB, order, deadlines.BRIEF, summary="open the job")

    async def _fetch(self, request: TranscribeRequest) -> Recording:
        self._at_stage("fetching")
        order = FetchRecording(job=workflow.info().workflow_id, source=request.source, name=request.name)
        recording = (
            await self._do(FETCH_RECORDING, order, deadlines.FETCH, summary=f"fetch {_shown(request.source)}")
        ).recording
        self._priority = deadlines.priority_for(
            recording.duration_seconds, fairness_key=request.owner or workflow.info().workflow_id
        )
        return recording

    async def _settle_plan(self, opened: JobOpened, recording: Recording) -> PlanSettled:
        order = SettlePlan(
            job=workflow.info().workflow_id, model=opened.model, recording_sha256=recording.sha256
        )
        return await self._do(SETTLE_PLAN, order, deadlines.BRIEF, summary="settle the plan")

    # ---- cutting and hearing, at once -------------------------------------------------------------

    async def _cut_and_hear(self, opened: JobOpened, recording: Recording, plan: PlanSettled) -> None:
        self._at_stage("transcribing")
        cutting = asyncio.create_task(self._do_cut(recording, plan))
        deciding = asyncio.create_task(self._decide_language(opened, recording, plan))
        try:
            await self._hear_until_done(cutting, deciding)
        finally:
            await _cancelled(cutting, deciding, *self._hearing.values())

    async def _hear_until_done(self, cutting: "asyncio.Task[None]", deciding: "asyncio.Task[None]") -> None:
        """Hand chunks out as they come, `WINDOW` at a time, until all are cut and each is heard or failed."""
        while not (cutting.done() and deciding.done() and not self._to_hear and not self._hearing):
            await workflow.wait_condition(lambda: self._something_to_do(cutting, deciding))
            if self._conflict is not None:
                raise self._conflict
            for task in (cutting, deciding):
                if task.done():
                    await task  # raises what it failed with
            self._start_hearing()
            if cutting.done() and not self._hearing and not self._to_hear:
                await self._all_announced()

    def _something_to_do(self, cutting: "asyncio.Task[None]", deciding: "asyncio.Task[None]") -> bool:
        if self._conflict is not None or any(t.done() and t.exception() for t in (cutting, deciding)):
            return True
        if self._language is None:
            return False
        can_start = bool(self._to_hear) and len(self._hearing) < deadlines.WINDOW
        return can_start or (cutting.done() and not self._hearing)

    async def _all_announced(self) -> None:
        """The cutter has ended, so all its signals are in: what it says must be what was announced."""
        assert self._cut is not None
        if not self._board.agrees_with(self._cut):
            raise CutsDisagree(
                f"The cutter speaks of {self._cut.chunk_count} chunks and {len(self._board.chunks)} were"
                " announced, or their spans differ; try: whisper-farm retry"
                f" {workflow.info().workflow_id}"
            )

    def _start_hearing(self) -> None:
        if self._language is None:
            return
        while self._to_hear and len(self._hearing) < deadlines.WINDOW:
            index = self._to_hear.pop(0)
            if index not in self._hearing:
                self._fan_out_at = self._fan_out_at or workflow.now().isoformat()
                self._hearing[index] = asyncio.create_task(self._hear(index))

    async def _do_cut(self, recording: Recording, plan: PlanSettled) -> None:
        info = workflow.info()
        order = CutRecording(
            job=info.workflow_id,
            run=info.run_id,
            recording_sha256=recording.sha256,
            plan_sha256=plan.plan_sha256,
        )
        self._cut = await self._do(
            CUT_RECORDING, order, deadlines.CUT, summary="cut the recording into chunks"
        )
        self._board.cut_seconds = self._duration()
        self._show()

    async def _decide_language(self, opened: JobOpened, recording: Recording, plan: PlanSettled) -> None:
        if opened.decoding.language != "auto":
            self._language = opened.decoding.language
            return
        sample = SampleLanguage(recording_sha256=recording.sha256, plan_sha256=plan.plan_sha256)
        sampled = await self._do(SAMPLE_LANGUAGE, sample, deadlines.MERGE, summary="sample for the language")
        detect = DetectLanguage(sample_key=sampled.key, weights=self._asked().weights)
        detected: LanguageDetected = await self._do(
            DETECT_LANGUAGE,
            detect,
            deadlines.LANGUAGE,
            summary="decide the language",
            task_queue=opened.queue,
        )
        self._language, self._language_probability = detected.language, detected.probability
        self._show()

    async def _hear(self, index: int) -> None:
        chunk = self._board.chunks[index].chunk
        self._board.scheduled(index, workflow.now())
        try:
            answer = await self._do(
                TRANSCRIBE_CHUNK,
                self._order_for(chunk),
                deadlines.for_chunk(chunk.audio_seconds),
                summary=chunk_summary(chunk, self._cut.chunk_count if self._cut else None),
                task_queue=self._settled().queue,
            )
        except ActivityError as error:
            # A chunk that is cancelled, alone or with its job, was marked by whoever cancelled it.
            if not isinstance(error.cause, CancelledError):
                self._give_up_on(index, error)
        else:
            self._board.heard(index, answer, workflow.now())
        finally:
            self._hearing.pop(index, None)
            self._show()

    def _order_for(self, chunk: Chunk) -> TranscribeChunk:
        opened, recording, plan = self._settled(), self._recording, self._plan
        assert recording is not None and plan is not None and self._language is not None
        duration = plan.rules.duration
        return TranscribeChunk(
            job=workflow.info().workflow_id,
            recording_sha256=recording.sha256,
            plan_sha256=plan.plan_sha256,
            chunk=chunk,
            decoding=opened.decoding,
            language=self._language,
            weights=self._asked().weights,
            take=opened.take,
            alone=chunk.index == 0 and duration is not None and chunk.end_seconds >= duration - 1.0,
        )

    def _give_up_on(self, index: int, error: ActivityError) -> None:
        failure = _failure(error)
        fault = "recording" if failure.type in permanent_error_names() else "farm"
        self._board.failed(index, failure.message, fault, workflow.now())

    # ---- the end ----------------------------------------------------------------------------------

    async def _merge(self, opened: JobOpened, recording: Recording, plan: PlanSettled) -> TranscriptMerged:
        self._at_stage("merging")
        info, cut = workflow.info(), self._cut
        assert cut is not None and self._language is not None
        order = MergeTranscript(
            job=info.workflow_id,
            run=info.run_id,
            recording_sha256=recording.sha256,
            plan_sha256=plan.plan_sha256,
            chunk_count=cut.chunk_count,
            heard=self._board.for_merge(),
            model=opened.model,
            decoding=opened.decoding,
            language=self._language,
            language_probability=self._language_probability,
            duration_seconds=self._duration(),
            gaps=cut.gaps,
            warnings=cut.warnings,
            elapsed_seconds=self._elapsed_seconds(),
        )
        return await self._do(
            MERGE_TRANSCRIPT, order, deadlines.MERGE, summary="merge and write the transcript"
        )

    async def _close(self, state: JobState, message: str | None) -> None:
        info = workflow.info()
        order = CloseJob(
            job=info.workflow_id,
            run=info.run_id,
            plan_sha256=self._plan.plan_sha256 if self._plan else None,
            recording_sha256=self._recording.sha256 if self._recording else None,
            state=state,
            message=message,
            merged=self._merged,
            elapsed_seconds=self._elapsed_seconds(),
            language=self._language,
            chunk_count=self._cut.chunk_count if self._cut else None,
            duration_seconds=self._duration() if self._recording else None,
        )
        await self._do(CLOSE_JOB, order, deadlines.BRIEF, summary=f"close the job as {state}")

    async def _end_early(self, state: JobState, message: str) -> None:
        """A job that was never opened has nothing in the store, and a job that is not ours is not closed by us."""
        self._state = state
        if self._opened is not None:
            await self._close(state, message)
        self._at_stage("done")

    def _result(self, merged: TranscriptMerged) -> JobResult:
        assert self._cut is not None and self._language is not None
        return JobResult(
            job=workflow.info().workflow_id,
            state=merged.state,
            version=merged.version,
            outputs=merged.outputs,
            language=self._language,
            duration_seconds=self._duration(),
            chunk_count=self._cut.chunk_count,
            word_count=merged.word_count,
            gap_count=merged.gap_count,
            message=merged.message,
        )

    # ---- what others say and ask ------------------------------------------------------------------

    @workflow.signal(name=CHUNKS_READY_SIGNAL, description="Chunks that the cutter has stored")
    def chunks_ready(self, batch: ChunksReady) -> None:
        try:
            for chunk in batch.chunks:
                if self._board.announce(chunk):
                    self._to_hear.append(chunk.index)
        except CutsDisagree as conflict:
            self._conflict = conflict
        self._board.cut_seconds = max(self._board.cut_seconds, batch.decoded_seconds)
        self._show()

    @workflow.query(name=PROGRESS_QUERY, description="Counts and seconds, for a bar or a script")
    def progress(self) -> Progress:
        board, request, recording = self._board, self._request, self._recording
        return Progress(
            job=workflow.info().workflow_id,
            stage=self._stage,
            state=self._state,
            name=(recording.name if recording else None) or (request.name if request else None),
            model=self._opened.model if self._opened else None,
            queue=self._opened.queue if self._opened else None,
            language=self._language,
            duration_seconds=self._duration() if recording else None,
            cut_seconds=board.cut_seconds,
            heard_seconds=board.heard_seconds,
            chunks_cut=len(board.chunks),
            chunks_heard=board.count(DONE),
            chunks_failed=board.count(FAILED),
            chunks_running=board.count(SCHEDULED),
            all_cut=self._cut is not None,
            started_at=workflow.info().start_time.isoformat(),
            fan_out_at=self._fan_out_at,
        )

    @workflow.query(
        name=TIMELINE_QUERY, description="Who heard which chunk when, 500 lines from index `first` on"
    )
    def timeline(self, first: int = 0) -> Timeline:
        return Timeline(
            first=first,
            chunk_count=len(self._board.chunks),
            chunks=self._board.times(first, _TIMELINE_LINES),
        )

    @workflow.update(
        name=RETRY_FAILED_UPDATE, description="Try the chunks again that failed through the farm's fault"
    )
    def retry_failed(self) -> int:
        failed = self._board.failed_by_farm()
        for index in failed:
            self._board.again(index)
            self._to_hear.append(index)
        return len(failed)

    @workflow.update(name=CANCEL_CHUNK_UPDATE, description="Give one chunk up; it becomes a gap")
    def cancel_chunk(self, index: int) -> bool:
        state = self._board.chunks.get(index)
        if state is None or state.state in {DONE, FAILED}:
            return False
        self._board.failed(index, "a person cancelled this chunk", "farm", workflow.now())
        self._to_hear = [waiting for waiting in self._to_hear if waiting != index]
        if (task := self._hearing.get(index)) is not None:
            task.cancel()
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
        )
        return answer

    def _at_stage(self, stage: str) -> None:
        self._stage = stage
        self._show()

    def _show(self) -> None:
        """Bring what Temporal's UI and its search show up to date."""
        progress = self.progress()
        workflow.set_current_details(job_panel(progress))
        if progress.duration_seconds is None or self._opened is None:
            return
        left = max(0.0, progress.duration_seconds - self._board.heard_seconds)
        step = _TELL_EVERY * progress.duration_seconds
        if self._told_left is None or self._told_left - left >= step or (left < 0.5 < self._told_left):
            self._told_left = left
            workflow.upsert_search_attributes([_SECONDS_LEFT.value_set(round(left, 1))])

    def _duration(self) -> float:
        """Of the recording: counted once it is cut, as its header says before."""
        if self._cut is not None:
            return self._cut.samples / 16_000
        return (self._recording.duration_seconds if self._recording else None) or 0.0

    def _elapsed_seconds(self) -> float:
        return (workflow.now() - workflow.info().start_time).total_seconds()

    def _asked(self) -> TranscribeRequest:
        assert self._request is not None
        return self._request

    def _settled(self) -> JobOpened:
        assert self._opened is not None
        return self._opened


def _shown(source: str) -> str:
    """A source without what may be secret in an address."""
    return source.split("?", 1)[0]


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    """Cancel what still runs and wait until it has ended, whatever it ends with."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _failure(error: BaseException) -> ApplicationError:
    """The sentence at the bottom of `error`, as the failure of a workflow or of a chunk."""
    cause: BaseException = error
    while isinstance(cause, ActivityError) and cause.cause is not None:
        cause = cause.cause
    match cause:
        case ApplicationError():
            return ApplicationError(cause.message, type=cause.type, non_retryable=True)
        case FarmError():
            return ApplicationError(
                str(cause), type=type(cause).__name__, non_retryable=isinstance(cause, PermanentError)
            )
        case TimeoutError():
            return ApplicationError(
                "No worker finished it in time, or each one that took it was lost; look at its attempts in"
                " Temporal's UI, then: whisper-farm retry",
                type="WorkerFailed",
                non_retryable=True,
            )
        case _:
            return ApplicationError(
                str(cause) or type(cause).__name__, type="WorkerFailed", non_retryable=True
            )
