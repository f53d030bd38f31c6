"""Serving one model's queue until told to leave: polling, draining, and saying why.

Wired here and handed everything, so that a test may serve with an engine of its own.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.chunks import ChunkActivities
from activities.pace import Pace
from activities.slots import Slots
from whisper_farm.fleet_identity import WorkerIdentity
from whisper_farm.messages import gpu_queue
from whisper_farm.speech import SpeechEngine
from whisper_farm.storage.base import ObjectStore

log = logging.getLogger("whisper_farm.worker")

#: A cancellation reaches a chunk with the answer to a heartbeat, and the SDK holds beats back for so long.
HEARTBEAT_THROTTLE = timedelta(seconds=3)

LEFT_WHEN_TOLD = 0
LEFT_BECAUSE_HUNG = 4


@dataclass
class Leave:
    """Why and how the worker leaves, once it does. The first reason counts."""

    reason: str = ""
    exit_code: int = LEFT_WHEN_TOLD
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, reason: str, *, exit_code: int = LEFT_WHEN_TOLD) -> None:
        """Leave for this `reason`, a clause or a sentence. From the event loop only."""
        if not self.asked.is_set():
            self.reason, self.exit_code = reason, exit_code
            self.asked.set()

    def on_signals(self, *, at_once: Callable[[int], object]) -> None:
        """SIGTERM and SIGINT ask to leave; a second one ends the process through `at_once`."""
        loop = asyncio.get_running_loop()

        def told(number: signal.Signals) -> None:
            if self.asked.is_set():
                at_once(128 + number)
            self.ask(f"it was told to ({number.name})")

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this worker offers to the queue."""

    identity: WorkerIdentity
    slots: int
    prefetch: int  #: orders accepted beyond the slots, so that their audio is here when a slot is free
    drain_seconds: float


async def serve(
    engine: SpeechEngine, store: ObjectStore, client: Client, *, offer: Offer, pace: Pace, leave: Leave
) -> None:
    """Hear chunks of the engine's queue until `leave` is asked for; then drain.

    Draining is: ask for no more work; finish what will be done in `drain_seconds` and hand the rest back,
    to be taken by another worker at once; say goodbye. A thread in the middle of a batch can't be
    stopped and is left behind: the process must end without waiting for it.
    """
    slots = Slots(offer.slots)
    chunks = ChunkActivities(
        engine,
        store,
        slots=slots,
        pace=pace,
        worker=str(offer.identity),
        drain_seconds=offer.drain_seconds,
        hung=lambda sentence: leave.ask(sentence, exit_code=LEFT_BECAUSE_HUNG),
    )
    worker = Worker(
        client,
        task_queue=gpu_queue(engine.model),
        activities=[chunks.transcribe_chunk, chunks.detect_language],
        identity=str(offer.identity),
        max_concurrent_activities=offer.slots + offer.prefetch,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=offer.drain_seconds),
    )
    try:
        async with worker:
            await leave.asked.wait()
            log.info(
                "This worker leaves: %s. What is not done in %.0f s goes to other workers",
                *(leave.reason.rstrip("."), offer.drain_seconds),
                extra={"action": "worker_draining"},
            )
    finally:
        slots.close()
    log.info("Left the queue '%s'", gpu_queue(engine.model), extra={"action": "worker_left"})
