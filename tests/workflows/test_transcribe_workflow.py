"""The order of one job, on a real Temporal server."""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, CancelledError

from tests.workflows.conftest import chunk
from whisper_farm.messages import Progress, Timeline
from whisper_farm.request import Decoding
from workflows import deadlines

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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"source": "\\ud800"}', "'source' is wrong"),
        (b"[" * 60_000, "nested too deep"),
        (b'{"source": ', "no JSON"),
        (b'{"source": "\xff"}', "no JSON"),
        (b'{"source": "' + b"x" * 70_000 + b'"}', "a request at most"),
        (json.dumps({f"field{i}": i for i in range(2_000)}).encode(), "and 1996 more"),
    ],
    ids=["half a character", "deep", "torn", "not utf-8", "large", "many fields"],
)
async def test_hostile_json_fails_at_once_with_a_short_sentence(
    stage: StageFactory, text: bytes, why: str
) -> None:
    raw = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=text))
    async with stage() as s:
        failure = await _failure(await s.start(raw, execution_timeout=timedelta(seconds=20)))

        assert failure.type == "BadRequest"
        assert why in failure.message
        assert len(failure.message) < 1_000


async def test_two_inputs_end_the_job(stage: StageFactory) -> None:
    async with stage() as s:
        handle = await s.client.start_workflow(
            "TranscribeWorkflow",
            args=[REQUEST, REQUEST],
            id=f"job-{uuid.uuid4()}",
            task_queue=s.gpu_queue,
            execution_timeout=timedelta(seconds=20),
        )

        assert "positional argument" in (await _failure(handle)).message


async def test_the_language_is_decided_once_and_locked_for_all_chunks(stage: StageFactory) -> None:
    async with stage() as s:
        result = await (await s.start(REQUEST | {"language": "auto"})).result()

        assert (result["language"], s.votes) == ("de", 1)
        assert {order.language for order in s.orders} == {"de"}
        assert len(s.orders) == 6
        (merged,) = s.merged
        assert (merged.language_probability, merged.language_votes) == (0.9, {"de": 4, "nl": 1})


_OPTIONS: dict[str, Any] = {
    "multilingual": True,
    "task": "translate",
    "initial_prompt": "A talk about durable execution.",
    "hotwords": "Temporal, MinIO",
    "beam_size": 7,
    "temperatures": [0.0, 0.3],
    "guards": False,
    "vad": False,
    "vad_threshold": 0.4,
    "vad_min_silence_ms": 300,
    "vad_padding_ms": 200,
}


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        pytest.param(_OPTIONS, _OPTIONS, id="flat"),
        pytest.param({"decoding": _OPTIONS}, _OPTIONS, id="under decoding"),
        pytest.param({"preset": "fast"}, {"beam_size": 1, "temperatures": [0.0]}, id="preset"),
        pytest.param({"preset": "accurate", "beam_size": 8}, {"beam_size": 8}, id="field over preset"),
        pytest.param({"temperature": 0.2}, {"temperatures": [0.2]}, id="one temperature"),
    ],
)
async def test_each_option_reaches_every_chunk(
    stage: StageFactory, asked: dict[str, Any], reached: dict[str, Any]
) -> None:
    async with stage() as s:
        await (await s.start({"source": REQUEST["source"]} | asked)).result()

        assert len(s.orders) == 6
        for order in s.orders:
            assert order.decoding == Decoding.model_validate(reached)
        assert s.merged[0].decoding == s.orders[0].decoding


async def test_whether_words_are_timed_in_the_json_is_for_the_merge_alone(stage: StageFactory) -> None:
    async with stage() as s:
        await (await s.start(REQUEST | {"word_timestamps": False})).result()

        assert s.merged[0].word_timestamps is False
        assert {order.decoding for order in s.orders} == {Decoding(language="en")}


@pytest.mark.parametrize(
    ("seconds", "chunks", "alone"), [(10.0, 1, True), (None, 1, True), (60.0, 6, False), (None, 6, False)]
)
async def test_only_a_recording_of_one_chunk_is_heard_alone(
    stage: StageFactory, seconds: float | None, chunks: int, alone: bool
) -> None:
    async with stage() as s:
        s.duration_seconds = seconds
        s.chunks = [chunk(index) for index in range(chunks)]

        await (await s.start(REQUEST)).result()

        assert {order.alone for order in s.orders} == {alone}


async def test_searches_find_a_job_by_its_model_its_owner_and_the_seconds_left(stage: StageFactory) -> None:
    async with stage() as s:
        s.held = {5}
        handle = await s.start(REQUEST | {"owner": "ann"})
        await _until_progress(handle, lambda progress: progress.chunks_heard == 5)

        found = (await handle.describe()).typed_search_attributes
        told = {pair.key.name: pair.value for pair in found}
        assert told["WhisperModel"] == "tiny"
        assert told["WhisperOwner"] == "ann"
        assert 10.0 <= told["WhisperAudioSecondsLeft"] <= 16.0

        s.held.clear()
        await handle.result()
        found = (await handle.describe()).typed_search_attributes
        assert {pair.key.name: pair.value for pair in found}["WhisperAudioSecondsLeft"] == 0.0


async def test_temporals_ui_tells_each_chunk_and_how_far_the_job_is(stage: StageFactory) -> None:
    async with stage() as s:
        s.held = {5}
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.chunks_heard == 5)

        (pending,) = (await handle.describe()).raw_description.pending_activities
        history = await handle.fetch_history()
        summaries = {
            event.user_metadata.summary.data.decode()
            for event in history.events
            if event.HasField("activity_task_scheduled_event_attributes")
        }
        panel = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        timeline = await handle.query("timeline", 4, result_type=Timeline)

        assert pending.activity_type.name == "transcribe_chunk"
        assert any("chunk 1" in said and "00:00:00-00:00:10" in said for said in summaries)
        assert "| Chunks | 5 of 6 |" in panel.current_details
        assert [(line.index, line.state) for line in timeline.chunks] == [(4, "done"), (5, "scheduled")]
        assert timeline.chunks[0].worker == "here"
        s.held.clear()
        await handle.result()


async def test_a_long_recording_keeps_a_bounded_number_of_chunks_waiting(stage: StageFactory) -> None:
    async with stage() as s:
        s.chunks = [chunk(index) for index in range(deadlines.WINDOW + 40)]
        s.announcements = [s.chunks[start : start + 64] for start in range(0, len(s.chunks), 64)]
        s.held = set(range(len(s.chunks)))
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.all_cut)
        await _until_progress(handle, lambda progress: progress.chunks_running == deadlines.WINDOW)

        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()


async def test_a_retry_is_refused_while_the_transcript_is_written(stage: StageFactory) -> None:
    async with stage() as s:
        s.broken[1] = ApplicationError("the engine broke", type="WorkerFailed", non_retryable=True)
        s.merging.clear()
        handle = await s.start(REQUEST)
        await _until_progress(handle, lambda progress: progress.stage == "merging")

        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update("retry_failed")

        assert "being written" in str(refused.value.cause)
        s.merging.set()
        await handle.result()


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


async def test_chunks_that_are_hurt_in_the_store_are_cut_anew_and_heard(stage: StageFactory) -> None:
    async with stage() as s:
        s.unreadable = [2, 4, 4]

        result = await (await s.start(REQUEST)).result()

        assert result["state"] == "complete"
        assert sorted(s.heard) == [0, 1, 2, 3, 4, 5]
        assert (s.dropped, s.cuts) == ([[2, 4], [4]], 3)


async def test_a_chunk_that_stays_unreadable_is_the_farms_fault(stage: StageFactory) -> None:
    async with stage() as s:
        s.unreadable = [2] * 100

        result = await (await s.start(REQUEST)).result()

        gap = s.merged[0].heard[2]
        assert (result["state"], gap.result, gap.gap_fault) == ("incomplete", None, "farm")


async def test_what_is_the_recordings_fault_is_a_gap_in_a_complete_job(stage: StageFactory) -> None:
    async with stage() as s:
        s.broken[2] = ApplicationError("chunk 2 is no sound", type="RecordingUnusable", non_retryable=True)

        result = await (await s.start(REQUEST)).result()

        gap = s.merged[0].heard[2]
        assert (result["state"], gap.gap_fault, gap.gap_reason) == (
            "complete",
            "recording",
            "chunk 2 is no sound",
        )


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
