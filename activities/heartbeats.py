"""Telling Temporal that an activity is alive, from a side task, while its work runs in a thread.

The interval follows the activity's own heartbeat timeout, so nobody has to keep two numbers in step.
A beat that crashes is never swallowed: without it the activity would be given to another worker
while this one still works, and nobody would know why. The body's own error always wins.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from temporalio import activity

from activities.side_tasks import beside
from whisper_farm.errors import WorkerFailed

#: Beats come at least this often, because a cancellation reaches an activity with the answer to a beat.
LONGEST_INTERVAL_SECONDS = 2.0

BEATS_IN_A_TIMEOUT = 4

Details = Callable[[], object]  #: what to send along with a beat, as JSON: how far the work has come


def interval_seconds(heartbeat_timeout_seconds: float | None) -> float:
    """How long to wait between beats under this timeout (None: the activity has none)."""
    if heartbeat_timeout_seconds is None:
        return LONGEST_INTERVAL_SECONDS
    return min(LONGEST_INTERVAL_SECONDS, heartbeat_timeout_seconds / BEATS_IN_A_TIMEOUT)


def heartbeats(details: Details | None = None) -> AbstractAsyncContextManager[None]:
    """Beat while the body runs, sending the newest `details()` along: `async with heartbeats(...)`.

    Raises, out of the body:
        WorkerFailed: the beat itself crashed, and the body was interrupted for it.
    """
    return beside(_beat(details))


async def _beat(details: Details | None) -> None:
    timeout = activity.info().heartbeat_timeout
    pause = interval_seconds(timeout.total_seconds() if timeout else None)
    while True:
        try:
            activity.heartbeat(*([] if details is None else [details()]))
        except Exception as error:
            raise WorkerFailed(
                f"This activity's heartbeat crashed ({error!r}); it is tried again."
            ) from error
        await asyncio.sleep(pause)
