"""Workers that serve one queue of a real Temporal, as they leave it to each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import CancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.pace import Pace
from tests.faults.engines import Hanging, Wrapped
from whisper_farm import keys
from whisper_farm.audio.flac import encode_flac, pcm_sha256
from whisper_farm.fleet_identity import this_process
from whisper_farm.messages import TRANSCRIBE_CHUNK, ChunkTranscribed, TranscribeChunk, gpu_queue
from whisper_farm.models import Chunk
from whisper_farm.request import Decoding
from whisper_farm.speech import SpeechEngine
from whisper_farm.storage.disk import DiskStore
from whisper_farm.temporal_client import connect
from worker_gpu.loading import Loaded
from worker_gpu.serving import LEFT_BECAUSE_HUNG, LEFT_WHEN_TOLD, Leave, Offer, serve

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

RECORDING, PLAN = "ab" * 32, "cd" * 32

#: Far longer than these tests may take: what is taken over sooner was handed over.
HEARTBEAT_TIMEOUT = timedelta(seconds=120)


@workflow.defn
class OneChunk:
    """Hears one chunk on the queue it is told."""

    @workflow.run
    async def run(self, queue: str, order: TranscribeChunk) -> ChunkTranscribed:
        heard: ChunkTranscribed = await workflow.execute_activity(
            TRANSCRIBE_CHUNK.name,
            order,
            result_type=ChunkTranscribed,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=300),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=5),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        return heard


class Named(Wrapped):
    """Served under a name of its own, so that no test hears another's chunks."""

    name = ""

    @property
    def model(self) -> str:
        return self.name


class Hall:
    """One queue, a store with one chunk for it, and workers that come and go."""

    def __init__(self, client: Client, engine: SpeechEngine, store: DiskStore, pcm: "Pcm") -> None:
        self.client = client
        self.engine = Named(engine)
        self.engine.name = f"test-{uuid4().hex[:8]}"
        self.store = store
        store.put(keys.chunk_audio(RECORDING, PLAN, 0), encode_flac(pcm))
        self.order = TranscribeChunk(
            job="talk",
            recording_sha256=RECORDING,
            plan_sha256=PLAN,
            chunk=Chunk(index=0, start=0, end=len(pcm), pcm_sha256=pcm_sha256(pcm)),
            decoding=Decoding(),
            language="en",
            weights=None,
            take="",
            alone=False,
        )

    @asynccontextmanager
    async def worker(
        self, engine: SpeechEngine, *, leave: Leave, pace: Pace | None = None
    ) -> "AsyncIterator[asyncio.Task[None]]":
        """A worker that serves with `engine` until `leave` is asked for, at the end at the latest."""
        client = await connect(identity="test", address=self.client.service_client.config.target_host)
        identity = this_process(model=engine.model, weights=engine.weights, slots=1, version="0.1.0")
        offer = Offer(identity=identity, slots=1, prefetch=0, drain_seconds=1.0)
        pace = pace or Pace(step_audio_seconds=30.0)
        serving = asyncio.create_task(serve(engine, self.store, client, offer=offer, pace=pace, leave=leave))
        try:
            yield serving
        finally:
            if isinstance(engine, Hanging):
                engine.let_go.set()
            leave.ask("the test is over")
            await asyncio.wait_for(serving, 30)

    async def wants(self) -> "WorkflowHandle[OneChunk, ChunkTranscribed]":
        return await self.client.start_workflow(
            OneChunk.run,
            args=[gpu_queue(self.engine.model), self.order],
            id=f"one-{uuid4()}",
            task_queue="one-chunk",
        )


class Impatient(Pace):
    """Waits for a moment only."""

    def patience_seconds(self, steps: int = 1) -> float:
        return 0.5


@pytest.fixture
async def hall(
    loaded: Loaded, podcast: "Pcm", tmp_path: Path, temporal_address: str
) -> "AsyncIterator[Hall]":
    store = DiskStore(tmp_path / "store", "whisper-farm")
    store.check()
    client = await connect(identity="test", address=temporal_address)
    async with Worker(
        client,
        task_queue="one-chunk",
        workflows=[OneChunk],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield Hall(client, loaded.engine, store, podcast[: 5 * 16_000])


async def test_a_chunk_of_a_leaving_worker_is_taken_by_the_next_at_once(hall: Hall) -> None:
    hanging, leave = Hanging(hall.engine), Leave()
    async with hall.worker(hanging, leave=leave) as leaving:
        job = await hall.wants()
        await asyncio.to_thread(hanging.hangs.wait, 30)
        async with hall.worker(hall.engine, leave=Leave()):
            leave.ask("it was told to")
            await asyncio.wait_for(asyncio.shield(leaving), 30)
            heard = await asyncio.wait_for(job.result(), 60)

    assert heard.attempt == 2
    assert heard.word_count > 0
    assert leave.exit_code == LEFT_WHEN_TOLD


async def test_a_worker_whose_engine_hangs_leaves_its_chunk_to_the_next(hall: Hall) -> None:
    hanging, leave = Hanging(hall.engine), Leave()
    async with hall.worker(hanging, leave=leave, pace=Impatient(step_audio_seconds=30.0)) as stuck:
        job = await hall.wants()
        await asyncio.wait_for(asyncio.shield(stuck), 60)
        async with hall.worker(hall.engine, leave=Leave()):
            heard = await asyncio.wait_for(job.result(), 60)

    assert heard.attempt == 2
    assert leave.exit_code == LEFT_BECAUSE_HUNG
    assert "made no progress" in leave.reason


async def test_a_cancelled_job_is_let_go_within_seconds(hall: Hall) -> None:
    hanging = Hanging(hall.engine)
    async with hall.worker(hanging, leave=Leave()):
        job = await hall.wants()
        await asyncio.to_thread(hanging.hangs.wait, 30)

        await job.cancel()
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(job.result(), 15)

    assert isinstance(failed.value.cause, CancelledError)
