"""What Temporal is told of each step: how long it may take, who goes first, and what people read."""

from datetime import timedelta

import pytest

from tests.workflows.conftest import chunk
from whisper_farm.errors import permanent_error_names
from whisper_farm.messages import Progress
from worker_gpu.serving import HEARTBEAT_THROTTLE
from workflows import deadlines
from workflows.details import chunk_summary, job_panel


@pytest.mark.parametrize("seconds", [1.0, 28.0, 112.0, 588.0])
def test_a_model_of_a_twentieth_of_realtime_has_time_for_a_chunk_twice_over(seconds: float) -> None:
    given = deadlines.for_chunk(seconds)

    assert given.start_to_close > timedelta(seconds=2 * 20 * seconds)
    assert given.heartbeat is not None
    assert given.heartbeat > 3 * HEARTBEAT_THROTTLE


@pytest.mark.parametrize("given", [deadlines.BRIEF, deadlines.FETCH, deadlines.CUT, deadlines.MERGE])
def test_what_is_nobodys_fault_is_tried_again_for_a_while_and_what_is_not_at_once_given_up(
    given: deadlines.Deadlines,
) -> None:
    assert given.retry.non_retryable_error_types == permanent_error_names()
    assert given.retry.maximum_attempts >= 20


def test_a_clip_goes_before_an_archive_and_owners_take_turns() -> None:
    clip = deadlines.priority_for(120.0, fairness_key="ann")
    archive = deadlines.priority_for(36_000.0, fairness_key="bob")
    unknown = deadlines.priority_for(None, fairness_key="x" * 200)

    assert clip.priority_key is not None
    assert archive.priority_key is not None
    assert clip.priority_key < archive.priority_key
    assert (clip.fairness_key, unknown.fairness_key) == ("ann", "x" * 64)


def test_a_chunk_reads_in_temporals_ui_as_it_does_on_the_command_line() -> None:
    assert chunk_summary(chunk(11, seconds=307.0), 80) == "chunk 12/80 · 00:56:17-01:01:24"
    assert chunk_summary(chunk(0), None) == "chunk 1 · 00:00:00-00:00:10"


def test_a_recordings_name_can_not_break_the_panel() -> None:
    panel = job_panel(
        Progress(
            job="j", stage="transcribing", state="running", name="a | b\n# c", model="tiny", queue="q",
            language=None, duration_seconds=61.0, cut_seconds=61.0, heard_seconds=30.0, chunks_cut=2,
            chunks_heard=1, chunks_failed=1, chunks_running=0, all_cut=True, started_at="", fan_out_at=None,
        )
    )  # fmt: skip

    assert "| Recording | a \\| b # c (00:01:01) |" in panel
    assert "| Heard | 00:00:30 of 00:01:01 |" in panel
    assert "retry_failed" in panel
