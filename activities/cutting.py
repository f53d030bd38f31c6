"""Settling a job's plan, and cutting its recording under it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio import activity

from activities.announcing import Announcer, SignalsWorkflows
from activities.failures import told_apart
from activities.heartbeats import heartbeats
from activities.own_threads import in_own_thread
from whisper_farm import identity, keys
from whisper_farm.chunking.rules import plan_rules
from whisper_farm.messages import (
    CUT_RECORDING,
    DROP_CHUNKS,
    SETTLE_PLAN,
    ChunksDropped,
    CutRecording,
    DropChunks,
    PlanSettled,
    RecordingCut,
    SettlePlan,
)
from whisper_farm.models import Chunk, Plan, Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document, read_document, write_document

SlotsOf = Callable[[str], Awaitable[int]]  #: how many chunks can be heard at once on this model's queue, now

#: A cancelled cutter waits so long for its thread, which may be within a write to the store.
_STOPPING_SECONDS = 1.0


class CuttingActivities:
    """Cuts recordings out of the store that it was handed, and signals through the client."""

    def __init__(
        self,
        store: ObjectStore,
        client: SignalsWorkflows,
        intake: IntakeSettings,
        scratch: Path,
        slots_of: SlotsOf,
    ) -> None:
        self._store = store
        self._client = client
        self._intake = intake
        self._scratch = scratch
        self._slots_of = slots_of

    @activity.defn(name=SETTLE_PLAN.name)
    async def settle_plan(self, order: SettlePlan) -> PlanSettled:
        """The plan that binds this job: the one it has for this recording, or one for the slots alive now."""
        with told_apart():
            plan = await asyncio.to_thread(self._find_plan, order)
            if plan is None:
                slots = await self._slots_of(order.model)
                plan = await asyncio.to_thread(self._make_plan, order, slots)
            return PlanSettled(plan_sha256=identity.plan_sha256(plan), rules=plan.rules)

    def _find_plan(self, order: SettlePlan) -> Plan | None:
        plan = find_document(self._store, keys.job_plan(order.job), Plan)
        if plan is None or plan.recording_sha256 != order.recording_sha256:
            return None
        self._lay_beside_chunks(plan)
        return plan

    def _make_plan(self, order: SettlePlan, slots: int) -> Plan:
        recording = read_document(self._store, keys.recording_meta(order.recording_sha256), Recording)
        plan = Plan(
            recording_sha256=order.recording_sha256,
            job_id=order.job,
            rules=plan_rules(duration_seconds=recording.duration_seconds, slots=slots),
        )
        self._lay_beside_chunks(plan)
        # Last, because it is what binds: a plan without it was never settled.
        write_document(self._store, keys.job_plan(order.job), plan)
        return plan

    def _lay_beside_chunks(self, plan: Plan) -> None:
        key = keys.chunk_plan(plan.recording_sha256, identity.plan_sha256(plan))
        if not self._store.exists(key):
            write_document(self._store, key, plan)

    @activity.defn(name=CUT_RECORDING.name)
    async def cut_recording(self, order: CutRecording) -> RecordingCut:
        """Cut the recording into stored chunks and announce each; its result is the truth about them.

        Raises (as failures): `RecordingUnusable`, permanent; `JobGone`, where nobody waits any more; and
        whatever failed in the store or the decoder, to be tried again.
        """
        with told_apart():
            announcer = Announcer(self._client, job=order.job, run=order.run)
            async with heartbeats(lambda: {"decoded_seconds": round(announcer.decoded_seconds, 1)}):
                return await self._cut_and_announce(order, announcer)

    @activity.defn(name=DROP_CHUNKS.name)
    def drop_chunks(self, order: DropChunks) -> ChunksDropped:
        """Remove these chunks, whether they are there or not. Their spans stay: the plan binds the cutter."""
        with told_apart():
            place = order.recording_sha256, order.plan_sha256
            # Cuts before audio: a cut promises its audio, so it must not outlive it.
            self._store.delete([keys.chunk_cut(*place, index) for index in order.indices])
            self._store.delete([keys.chunk_audio(*place, index) for index in order.indices])
            return ChunksDropped()

    async def _cut_and_announce(self, order: CutRecording, announcer: Announcer) -> RecordingCut:
        stop = threading.Event()
        loop = asyncio.get_running_loop()

        def stored(chunks: list[Chunk]) -> None:
            loop.call_soon_threadsafe(announcer.add, chunks)

        def decoded(seconds: float) -> None:
            announcer.decoded_seconds = seconds

        # Where workers share its machine, the first chunks would wait for cores that cut the last ones.
        cutting = in_own_thread(
            lambda: self._cut(order, stored, decoded, stop.is_set), name="cutting", unhurried=True
        )
        announcing = asyncio.create_task(announcer.run())
        both: set[asyncio.Future[Any]] = {cutting, announcing}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if announcing.done():
                await announcing  # raises: it can't have ended otherwise
            cut = cutting.result()
            announcer.close()
            await announcing
            return cut
        finally:
            stop.set()
            announcing.cancel()
            await asyncio.wait(both, timeout=_STOPPING_SECONDS)
            cutting.cancel()  # a thread that still hangs in a write speaks to nobody

    def _cut(
        self,
        order: CutRecording,
        stored: Callable[[list[Chunk]], None],
        decoded: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> RecordingCut:
        # Audio code loads numpy and more: `workflows` loads it beside its start.
        from whisper_farm.chunking.cutter import Telling, cut_recording

        return cut_recording(
            self._store,
            read_document(self._store, keys.recording_meta(order.recording_sha256), Recording),
            read_document(self._store, keys.chunk_plan(order.recording_sha256, order.plan_sha256), Plan),
            longest_seconds=self._intake.longest_recording_seconds,
            scratch=self._scratch,
            telling=Telling(stored=stored, decoded=decoded, should_stop=should_stop),
        )
