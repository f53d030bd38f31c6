"""Announcing chunks to the workflow that ordered them, by signal, while cutting goes on.

The first chunk goes out at once, and what gathers while a signal travels goes with the next one. Then
the pauses between signals double up to `LONGEST_PAUSE_SECONDS`: an early chunk should not wait, and
thousands of later ones should not cost the workflow a task each. A signal may arrive twice.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm.errors import FarmUnreachable
from whisper_farm.messages import CHUNKS_READY_SIGNAL, ChunksReady
from whisper_farm.models import Chunk

log = logging.getLogger(__name__)

MOST_CHUNKS_IN_A_SIGNAL = 64
#: So many chunks that wait are announced before their pause is over.
ENOUGH_CHUNKS = 32
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0

#: The SDK itself has tried for some ten seconds by then; a server that restarts takes longer.
_RETRY_SECONDS = 1.0
_WORTH_ANOTHER_TRY = frozenset(
    {
        RPCStatusCode.ABORTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.UNKNOWN,
    }
)


class SignalledWorkflow(Protocol):
    """What is needed of `temporalio.client.WorkflowHandle`."""

    async def signal(self, signal: str, arg: object) -> None:
        """Send one signal; an `RPCError` where it was not taken."""


class SignalsWorkflows(Protocol):
    """What is needed of `temporalio.client.Client`."""

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> SignalledWorkflow:
        """The handle of one run of a workflow."""


def job_gone(job: str) -> ApplicationError:
    """Nobody waits for the chunks any more: ends the activity for good, without a word in the log."""
    return ApplicationError(
        f"The job '{job}' is closed, so nobody waits for its chunks any more.",
        type="JobGone",
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


class Announcer:
    """Sends what it is given to one run of a job's workflow. Belongs to one event loop."""

    def __init__(self, client: SignalsWorkflows, *, job: str, run: str) -> None:
        self._workflow = client.get_workflow_handle(job, run_id=run)
        self._job = job
        self._waiting: list[Chunk] = []
        self._closed = False
        self._changed = asyncio.Event()
        self.decoded_seconds = 0.0  #: how far cutting has come: goes along with the next signal

    def add(self, chunks: list[Chunk]) -> None:
        """Announce these soon."""
        self._waiting += chunks
        self._changed.set()

    def close(self) -> None:
        """No more chunks will come: `run` returns once all are announced."""
        self._closed = True
        self._changed.set()

    async def run(self) -> None:
        """Announce until closed.

        Raises:
            ApplicationError: the workflow is closed or gone.
            FarmUnreachable: the server does not take the signal, for a reason that waiting does not mend.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._until(lambda: bool(self._waiting) or self._closed)
            if not self._waiting:
                return
            while self._waiting:
                batch = self._waiting[:MOST_CHUNKS_IN_A_SIGNAL]
                del self._waiting[: len(batch)]
                await self._send(ChunksReady(chunks=batch, decoded_seconds=self.decoded_seconds))
            await self._until(
                lambda: len(self._waiting) >= ENOUGH_CHUNKS or self._closed, at_most_seconds=pause
            )
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _until(self, holds: Callable[[], bool], *, at_most_seconds: float | None = None) -> None:
        try:
            async with asyncio.timeout(at_most_seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return

    async def _send(self, ready: ChunksReady) -> None:
        while True:
            try:
                return await self._workflow.signal(CHUNKS_READY_SIGNAL, ready)
            except RPCError as error:
                if error.status == RPCStatusCode.NOT_FOUND:
                    raise job_gone(self._job) from error
                if error.status not in _WORTH_ANOTHER_TRY:
                    raise FarmUnreachable(
                        f"Temporal does not take news of the chunks of '{self._job}' ({error.message})."
                    ) from error
                log.warning("Temporal can't be told of new chunks (%s); trying again", error.message)
                await asyncio.sleep(_RETRY_SECONDS)
