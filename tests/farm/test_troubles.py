"""Why a job stands still is told from what Temporal says of its pending steps."""

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.failure.v1 import Failure, ServerFailureInfo, TimeoutFailureInfo
from temporalio.api.workflow.v1 import PendingActivityInfo

from whisper_farm.farm.troubles import failing, waits_for_a_worker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WAITS = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
RUNS = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED


def _step(
    name: str,
    *,
    state: "PendingActivityState.ValueType" = WAITS,
    attempt: int = 1,
    failure: Failure | None = None,
    waited: float = 60.0,
) -> PendingActivityInfo:
    step = PendingActivityInfo(state=state, attempt=attempt, last_failure=failure)
    step.activity_type.name = name
    step.scheduled_time.FromDatetime(NOW - timedelta(seconds=waited))
    return step


def test_a_step_that_keeps_failing_is_told_with_its_reason() -> None:
    full = Failure(message="No room is left on the device of '/data'; make some.\nmore")

    said = failing([_step("cut_recording", attempt=4, failure=full), _step("transcribe_chunk", state=RUNS)])

    assert said == (
        "Cutting the recording fails and is tried again: No room is left on the device of '/data'; make some."
    )


def test_the_step_that_was_tried_most_often_is_told() -> None:
    steps = [
        _step("transcribe_chunk", attempt=tried, failure=Failure(message=f"reason {tried}"))
        for tried in (2, 7, 3)
    ]

    assert failing(steps) == "Hearing a chunk fails and is tried again: reason 7"


def test_a_failure_that_the_server_cut_short_still_tells_its_reason() -> None:
    wrapped = Failure(
        message="Failure exceeds size limit.",
        server_failure_info=ServerFailureInfo(),
        cause=Failure(message="The disk is full."),
    )

    said = failing([_step("cut_recording", attempt=2, failure=wrapped)])

    assert said == "Cutting the recording fails and is tried again: The disk is full."


def test_a_step_that_runs_again_is_no_trouble() -> None:
    assert failing([_step("close_job", state=RUNS, attempt=2, failure=Failure(message="x"))]) is None


def test_one_lost_worker_is_no_news_and_the_third_is() -> None:
    lost = Failure(message="activity timeout", timeout_failure_info=TimeoutFailureInfo())

    assert failing([_step("transcribe_chunk", attempt=2, failure=lost)]) is None
    assert "was lost" in str(failing([_step("transcribe_chunk", attempt=3, failure=lost)]))


def test_chunks_that_nobody_has_taken_for_seconds_wait_for_a_worker() -> None:
    chunk = "transcribe_chunk"

    assert waits_for_a_worker([_step(chunk), _step(chunk)], NOW)
    assert not waits_for_a_worker([_step(chunk), _step(chunk, state=RUNS)], NOW)
    assert not waits_for_a_worker([_step(chunk, waited=0.5)], NOW)
    assert not waits_for_a_worker([_step("cut_recording")], NOW)
    assert not waits_for_a_worker([], NOW)
