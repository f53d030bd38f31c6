"""What an activity does when its worker is told to leave: finish if that fits, else hand back at once.

A chunk that is handed back goes to the next idle worker now. A worker that just went away would leave it
to its heartbeat timeout, and a person would watch nothing happen for a minute.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.side_tasks import beside

WORKER_LEAVING = "WorkerLeaving"  #: type of the failure with which an activity is handed back

#: Temporal takes 0 for "as the retry policy says".
_NEXT_TRY_IN = timedelta(milliseconds=10)


def handed_back(subject: str) -> ApplicationError:
    """The failure that gives an activity back to its queue. Nobody's fault, so it is benign."""
    return ApplicationError(
        f"{subject} was handed back, because its worker is leaving; another one takes it now.",
        type=WORKER_LEAVING,
        next_retry_delay=_NEXT_TRY_IN,
        category=ApplicationErrorCategory.BENIGN,
    )


def handing_back(subject: str, *, may_finish: Callable[[], bool]) -> AbstractAsyncContextManager[None]:
    """While the body runs: once the worker is told to leave, interrupt it unless `may_finish()`.

    Raises, out of the body:
        ApplicationError: as `handed_back` makes it.
    """
    return beside(_hand_back(subject, may_finish))


async def _hand_back(subject: str, may_finish: Callable[[], bool]) -> None:
    await activity.wait_for_worker_shutdown()
    if not may_finish():
        raise handed_back(subject)


def time_is_up() -> bool:
    """Whether the cancellation that just came is the worker's end, and nobody's wish."""
    details = activity.cancellation_details()
    return details is not None and details.worker_shutdown and not details.cancel_requested
