"""The order of one job, on a real Temporal server."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from tests.workflows.conftest import chunk
from whisper_farm.messages import Progress

REQUEST = {"source": "s3://whisper-farm/recordings/talk.flac", "language": "en"}

StageFactory = Callable[[], Any]


async def _failure(handle: Any) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


async def _until_progress(handle: Any, condition: Callable[[Progress], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition(await handle.query("progress", result_type=Progress)):  # noqa: ASYNC110 - it polls
            await asyncio.sleep(0.05)  # a query has no event to wait for


async def test_every_chunk_is_heard_once_and_merged_in_order(stage: StageFactory) -> None:
    async with stage() as s:
        result = await (await s.start(REQUEST)).result()

        assert result["state"] == "complete"
        assert sorted(s.heard) == [0, 1, 2, 3, 4, 5]
        assert [heard.index for heard in s.merged[0].heard] == [0, 1, 2, 3, 4, 5]
        assert [order.state for order in s.closed] == ["complete"]


async def test_a_chunk_that_is_announced_twice_is_heard_once(stage: StageFactory) -> None:
    async with stage() as s:
        s.announcements = [s.chunks[:3], s.chunks[:4], s.chunks[3:], s.chunks]

        await (await s.start(REQUEST)).result()

        assert sorted(s.heard) == [0, 1, 2, 3, 4, 5]


async def test_one_index_with_two_spans_is_an_error_and_never_a_hole(stage: StageFactory) -> None:
    async with stage() as s:
        s.announcements = [s.chunks, [chunk(2, seconds=11.0)]]

        failure = await _failure(await s.start(REQUEST))

        assert failure.type == "CutsDisagree"
        assert "Chunk 2 came as samples" in failure.message
        assert [order.state for order in s.closed] == ["failed"]


async def test_a_chunk_that_nobody_announced_is_noticed(stage: StageFactory) -> None:
    async with stage() as s:
        s.announcements = [s.chunks[:-1]]

        failure = await _failure(await s.start(REQUEST))

        assert failure.type == "CutsDisagree"
        assert "speaks of 6 chunks and 5 were announced" in failure.message


async def test_an_unknown_field_fails_at_once_and_is_named(stage: StageFactory) -> None:
    async with stage() as s:
        failure = await _failure(await s.start(REQUEST | {"sauce": 1}))

        assert failure.type == "BadRequest"
        assert "'sauce' is not known" in failure.message


@pytest.mark.parametrize("payload", ["a string", 3, None, ["a", "list"], {}, {"source": 7}], ids=repr)
async def test_an_input_of_a_wrong_type_fails_at_once(stage: StageFactory, payload: Any) -> None:
    async with stage() as s:
        failure = await _failure(await s.start(payload, execution_timeout=timedelta(seconds=20)))

        assert failure.type == "BadRequest"


@pytest.mark.parametrize("job", ["../escape", "a/b", "-dash", "nul\x01", "x" * 200], ids=repr)
async def test_a_workflow_id_that_would_be_a_bad_path_is_refused(stage: StageFactory, job: str) -> None:
    async with stage() as s:
        failure = await _failure(await s.start(REQUEST, id=job))

        assert failure.type == "BadRequest"
        assert "can't be used" in failure.message
        assert s.closed == []


async def test_a_recording_that_can_not_be_read_fails_the_job_with_its_sentence(stage: StageFactory) -> None:
    async with stage() as s:
        failure = await _failure(await s.start({"source": "recordings/notes.txt"}))

        assert (failure.type, failure.message) == ("RecordingUnusable", "'notes.txt' is no recording.")
        assert [order.message for order in s.closed] == ["'notes.txt' is no recording."]


async def test_broken_audio_becomes_a_gap_and_the_job_goes_on(stage: StageFactory) -> None:
    async with stage() as s:
        s.broken[2] = ApplicationError("chunk 2 is broken", type="ChunkUnreadable", non_retryable=True)

        result = await (await s.start(REQUEST)).result()

        assert result["state"] == "complete"
        gap = s.merged[0].heard[2]
        assert (gap.result, gap.gap_fault, gap.gap_reason) == (None, "recording", "chunk 2 is broken")


async def test_a_chunk_lost_by_the_farm_leaves_the_job_incomplete(stage: StageFactory) -> None:
    async with stage() as s:
        s.broken[1] = ApplicationError("the engine broke", type="WorkerFailed", non_retryable=True)

        result = await (await s.start(REQUEST)).result()

        assert (result["state"], result["message"]) == ("incomplete", "the engine broke")


async def test_failed_chunks_are_tried_again_while_the_job_runs(stage: StageFactory) -> None:
    async with stage() as s:
        s.broken[1] = ApplicationError("the engine broke", type="WorkerFailed", non_retryable=True)
        s.held = {0}
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.chunks_failed == 1)
        del s.broken[1]

        assert await handle.execute_update("retry_failed") == 1
        s.held.clear()

        assert (await handle.result())["state"] == "complete"
        assert sorted(s.heard) == [0, 1, 2, 3, 4, 5]


async def test_a_chunk_whose_result_is_lost_is_heard_again(stage: StageFactory) -> None:
    async with stage() as s:
        s.lost = [2, 5]

        result = await (await s.start(REQUEST)).result()

        assert result["state"] == "complete"
        assert sorted(s.heard) == [0, 1, 2, 2, 3, 4, 5, 5]


async def test_a_cancelled_job_stops_its_chunks_and_is_closed_as_cancelled(stage: StageFactory) -> None:
    async with stage() as s:
        s.held = set(range(6))
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.chunks_running == 6)

        await handle.cancel()

        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
        assert isinstance(caught.value.cause, CancelledError)
        assert [order.state for order in s.closed] == ["cancelled"]
        assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED


async def test_a_person_may_give_one_chunk_up(stage: StageFactory) -> None:
    async with stage() as s:
        s.held = set(range(6))
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.chunks_running == 6)

        assert await handle.execute_update("cancel_chunk", 4) is True
        assert await handle.execute_update("cancel_chunk", 99) is False
        s.held.clear()
        result = await handle.result()

        assert result["state"] == "incomplete"
        assert s.merged[0].heard[4].gap_reason == "a person cancelled this chunk"


async def test_a_chunk_costs_at_most_seven_history_events(stage: StageFactory) -> None:
    async with stage() as s:
        s.chunks = [chunk(index) for index in range(100)]
        s.announcements = [s.chunks[:1], s.chunks[1:4], s.chunks[4:36], s.chunks[36:68], s.chunks[68:]]
        handle = await s.start(REQUEST)
        await handle.result()

        events = [event async for event in handle.fetch_history_events()]

        assert len(events) / 100 <= 7
