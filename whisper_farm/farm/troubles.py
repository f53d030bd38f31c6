"""Why a job does not move, in one sentence: what keeps failing, or whom it waits for.

Temporal tries failed steps again by itself, for a quarter of an hour and longer: whoever looks on has to
be told why nothing happens. It is all in the workflow's description: the failure of the last attempt of
each pending activity, and what nobody has taken yet.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.client import Client
from temporalio.service import RPCError

from whisper_farm import messages as wire
from whisper_farm.errors import FarmError
from whisper_farm.farm.queues import nobody_serves, serving
from whisper_farm.temporal_client import PASSING

_LIMIT = timedelta(seconds=5)
_SOON = timedelta(seconds=3)  #: a worker that lives takes what waits in this time, unless it is busy
_CONTROL_SOON = timedelta(seconds=10)
_LONGEST_CHARS = 400

_DOING = {
    wire.OPEN_JOB.name: "Opening the job",
    wire.FETCH_RECORDING.name: "Taking the recording in",
    wire.SETTLE_PLAN.name: "Planning the cuts",
    wire.SAMPLE_LANGUAGE.name: "Sampling for the language",
    wire.DETECT_LANGUAGE.name: "Deciding the language",
    wire.CUT_RECORDING.name: "Cutting the recording",
    wire.DROP_CHUNKS.name: "Removing chunks that can't be read",
    wire.TRANSCRIBE_CHUNK.name: "Hearing a chunk",
    wire.MERGE_TRANSCRIPT.name: "Writing the transcript",
    wire.CLOSE_JOB.name: "Closing the job",
}
_HEARING = {wire.DETECT_LANGUAGE.name, wire.TRANSCRIBE_CHUNK.name}


async def trouble_of(client: Client, job: str, model: str | None) -> str | None:
    """What keeps the job from going on now, in a sentence, or None where nothing is known to.

    `model` is the job's, where it is known.
    """
    try:
        raw = (await client.get_workflow_handle(job).describe(rpc_timeout=_LIMIT)).raw_description
        pending = list(raw.pending_activities)
        now = datetime.now(UTC)
        if (sentence := failing(pending)) is not None:
            return sentence
        if waits_for_a_worker(pending, now) and model is not None:
            found = await serving(client, model)
            return found.trouble or (None if found.workers else nobody_serves(model))
        if raw.HasField("pending_workflow_task") and waits_for_control(raw.pending_workflow_task, now):
            return (
                "No control worker answers: the job waits until one does; start one with"
                " 'python -m workflows', with the farm's address and store in its environment."
            )
    except RPCError as error:
        if error.status in PASSING:
            return "Temporal does not answer; it is asked again, and the job is kept."
    except FarmError as error:
        return str(error)
    return None


def failing(pending: Sequence[PendingActivityInfo]) -> str | None:
    """What of these has failed and waits for its next attempt, and why; the one tried most often."""
    failed = [
        each
        for each in pending
        if each.HasField("last_failure")
        and each.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        # One lost worker is no news: somebody else takes its chunk in a moment.
        and (not each.last_failure.HasField("timeout_failure_info") or each.attempt > 2)
    ]
    if not failed:
        return None
    worst = max(failed, key=lambda each: each.attempt)
    doing = _DOING.get(worst.activity_type.name, worst.activity_type.name)
    return f"{doing} fails and is tried again: {_why(worst)}"


def waits_for_a_worker(pending: Sequence[PendingActivityInfo], now: datetime) -> bool:
    """Whether something is to be heard and no worker has taken any of it."""
    to_hear = [each for each in pending if each.activity_type.name in _HEARING]
    return bool(to_hear) and all(
        each.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        and now - each.scheduled_time.ToDatetime(tzinfo=UTC) > _SOON
        for each in to_hear
    )


def waits_for_control(task: PendingWorkflowTaskInfo, now: datetime) -> bool:
    """Whether the workflow's next step has waited for a control worker for long."""
    waits = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    return waits and now - task.scheduled_time.ToDatetime(tzinfo=UTC) > _CONTROL_SOON


def _why(activity: PendingActivityInfo) -> str:
    failure = activity.last_failure
    while failure.HasField("server_failure_info") and failure.HasField("cause"):
        failure = failure.cause  # the server wraps a failure that is too large for it, and cuts it short
    if failure.HasField("timeout_failure_info"):
        return "the worker that had it was lost, or did not finish in time."
    lines = failure.message.strip().splitlines() or ["no reason is known."]
    return lines[0][:_LONGEST_CHARS]
