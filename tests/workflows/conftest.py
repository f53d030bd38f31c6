"""The real workflow on the real dev server, among activities whose faults can't be produced otherwise."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.failures import told_apart
from whisper_farm import messages as m
from whisper_farm.errors import ChunkUnreadable, ResultsLost
from whisper_farm.identity import digest
from whisper_farm.models import Chunk, PlanRules, Recording
from whisper_farm.temporal_client import connect
from workflows.sandbox import sandbox
from workflows.transcribe_recording import ENDS_A_JOB, TranscribeWorkflow

SHA = "a" * 64
RULES = PlanRules(revision=1, first=15, target=60, longest=90, least=15, slots=2, duration=60.0)


def chunk(index: int, *, seconds: float = 10.0, sha: str = SHA) -> Chunk:
    step = int(seconds * 16_000)
    return Chunk(index=index, start=index * step, end=(index + 1) * step, pcm_sha256=sha)


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Stage:
    """Same-named activities, and what they shall do wrong."""

    client: Client
    chunks: list[Chunk] = field(default_factory=lambda: [chunk(index) for index in range(6)])
    announcements: list[list[Chunk]] | None = None  #: what is signalled; default: each chunk once
    broken: dict[int, ApplicationError] = field(default_factory=dict)  #: by chunk index
    held: set[int] = field(default_factory=set)  #: indices of chunks that wait as long as they are here
    unreadable: list[int] = field(default_factory=list)  #: stored chunks that are hurt, once for each mention
    heard: list[int] = field(default_factory=list)
    orders: list[m.TranscribeChunk] = field(default_factory=list)
    dropped: list[list[int]] = field(default_factory=list)
    cuts: int = 0
    votes: int = 0
    duration_seconds: float | None = 60.0  #: as the recording's header says
    lost: list[int] = field(default_factory=list)  #: results that merging finds lost, one at a time
    closed: list[m.CloseJob] = field(default_factory=list)
    merged: list[m.MergeTranscript] = field(default_factory=list)
    merging: asyncio.Event = field(default_factory=_set_event)  #: a merge waits while it is clear
    gpu_queue: str = field(default_factory=lambda: f"gpu-{uuid.uuid4()}")

    @activity.defn(name="open_job")
    async def open_job(self, order: m.OpenJob) -> m.JobOpened:
        return m.JobOpened(
            model="tiny",
            queue=self.gpu_queue,
            decoding=order.request.decoding,
            submitted_at=order.started_at,
            take="",
        )

    @activity.defn(name="fetch_recording")
    async def fetch_recording(self, order: m.FetchRecording) -> m.RecordingFetched:
        if order.source.endswith(".txt"):
            raise ApplicationError(
                "'notes.txt' is no recording.", type="RecordingUnusable", non_retryable=True
            )
        return m.RecordingFetched(
            recording=Recording(
                sha256=SHA, key=order.source, name="talk.flac", size_bytes=1, container="flac", codec="flac",
                channels=1, sample_rate_hz=16_000, duration_seconds=self.duration_seconds, streamable=True,
            )
        )  # fmt: skip

    @activity.defn(name="settle_plan")
    async def settle_plan(self, order: m.SettlePlan) -> m.PlanSettled:
        rules = RULES.model_copy(update={"duration": self.duration_seconds})
        return m.PlanSettled(plan_sha256=SHA, rules=rules)

    @activity.defn(name="sample_language")
    async def sample_language(self, order: m.SampleLanguage) -> m.LanguageSampled:
        return m.LanguageSampled(key="chunks/language.flac", windows=1)

    @activity.defn(name="detect_language")
    async def detect_language(self, order: m.DetectLanguage) -> m.LanguageDetected:
        self.votes += 1
        return m.LanguageDetected(language="de", probability=0.9, votes={"de": 4, "nl": 1})

    @activity.defn(name="drop_chunks")
    async def drop_chunks(self, order: m.DropChunks) -> m.ChunksDropped:
        self.dropped.append(order.indices)
        return m.ChunksDropped()

    @activity.defn(name="cut_recording")
    async def cut_recording(self, order: m.CutRecording) -> m.RecordingCut:
        self.cuts += 1
        handle = self.client.get_workflow_handle(order.job, run_id=order.run)
        for batch in self.announcements if self.announcements is not None else [[c] for c in self.chunks]:
            await handle.signal(m.CHUNKS_READY_SIGNAL, m.ChunksReady(chunks=batch, decoded_seconds=10.0))
        return m.RecordingCut(
            chunk_count=len(self.chunks),
            chunks_sha256=digest([c.model_dump(mode="json") for c in self.chunks]),
            samples=self.chunks[-1].end,
        )

    @activity.defn(name="transcribe_chunk")
    async def transcribe_chunk(self, order: m.TranscribeChunk) -> m.ChunkTranscribed:
        index = order.chunk.index
        beaten_at = 0.0
        while index in self.held:
            if time.monotonic() - beaten_at > 0.5:
                beaten_at = time.monotonic()
                activity.heartbeat()
            await asyncio.sleep(0.05)
        if index in self.broken:
            raise self.broken[index]
        if index in self.unreadable:
            self.unreadable.remove(index)
            with told_apart():
                raise ChunkUnreadable(f"Chunk {index} can't be read.")
        self.orders.append(order)
        self.heard.append(index)
        return m.ChunkTranscribed(
            result=f"results/{index}", weights=SHA, worker="here", word_count=1, audio_seconds=10.0,
            elapsed_seconds=0.1, attempt=activity.info().attempt, stored_before=False,
        )  # fmt: skip

    @activity.defn(name="merge_transcript")
    async def merge_transcript(self, order: m.MergeTranscript) -> m.TranscriptMerged:
        self.merged.append(order)
        await self.merging.wait()
        if self.lost:
            with told_apart():
                raise ResultsLost([self.lost.pop()], "it is gone.")
        lost = [heard for heard in order.heard if heard.gap_fault == "farm"]
        return m.TranscriptMerged(
            version="v", outputs={}, word_count=1, segment_count=1, gap_count=len(lost),
            state="incomplete" if lost else "complete", message=lost[0].gap_reason if lost else None,
        )  # fmt: skip

    @activity.defn(name="close_job")
    async def close_job(self, order: m.CloseJob) -> m.JobClosed:
        self.closed.append(order)
        return m.JobClosed()

    async def start(self, request: Any, **options: Any) -> WorkflowHandle[Any, dict[str, Any]]:
        handle: WorkflowHandle[Any, dict[str, Any]] = await self.client.start_workflow(
            m.TRANSCRIBE_WORKFLOW,
            request,
            id=options.pop("id", f"job-{uuid.uuid4()}"),
            task_queue=options.pop("task_queue", self.gpu_queue),
            **options,
        )
        return handle


@asynccontextmanager
async def staged(address: str) -> AsyncIterator[Stage]:
    client = await connect(identity="stage", address=address)
    stage = Stage(client)
    async with Worker(
        client,
        task_queue=stage.gpu_queue,
        workflows=[TranscribeWorkflow],
        activities=[
            stage.open_job, stage.fetch_recording, stage.settle_plan, stage.cut_recording,
            stage.transcribe_chunk, stage.merge_transcript, stage.close_job, stage.sample_language,
            stage.detect_language, stage.drop_chunks,
        ],
        workflow_failure_exception_types=list(ENDS_A_JOB),
        workflow_runner=sandbox(),
        max_heartbeat_throttle_interval=timedelta(seconds=1),
    ):  # fmt: skip
        yield stage


@pytest.fixture
def stage(temporal_address: str) -> Callable[[], Any]:
    return lambda: staged(temporal_address)
