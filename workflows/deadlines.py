"""How long each step may take, how often it says that it lives, and how often it is tried again.

Nothing here guesses how fast a machine is: the bounds are for machines that hang, not for slow ones.
A chunk may take up to 100 times its own length (0.01x realtime) in each attempt, twice over because
it may wait in a worker that fetched it ahead; a worker that dies is noticed by its missing heartbeat,
and one that stalls notices itself by the pace it has measured.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio.common import Priority, RetryPolicy

from whisper_farm.errors import permanent_error_names

#: A lost worker costs a chunk this long before somebody else takes it.
CHUNK_HEARTBEAT = timedelta(seconds=15)
SLOWEST_PACE = 0.01  #: times realtime, of a worker that still counts as working

#: Chunks of one job that may wait at workers' doors at once. Twice the slots of a fleet of 250; far
#: below Temporal's 2,000 pending activities, and 500 orders of 1.5 kB stay below its 4 MB message.
WINDOW = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """What Temporal is told about one activity."""

    start_to_close: timedelta
    heartbeat: timedelta | None
    retry: RetryPolicy
    is_seen_off: bool = False  #: whether its cancellation waits until it has really stopped


def _retry(*, attempts: int, longest: timedelta = timedelta(seconds=30)) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=longest,
        maximum_attempts=attempts,
        non_retryable_error_types=permanent_error_names(),
    )


#: Short effects on the store. Thirty attempts outlast a store that is away for a quarter of an hour.
BRIEF = Deadlines(start_to_close=timedelta(minutes=2), heartbeat=None, retry=_retry(attempts=30))
FETCH = Deadlines(
    start_to_close=timedelta(hours=24), heartbeat=timedelta(seconds=60), retry=_retry(attempts=30)
)
MERGE = Deadlines(
    start_to_close=timedelta(hours=2), heartbeat=timedelta(seconds=60), retry=_retry(attempts=30)
)
#: A cutter that still ran while its job is closed would store chunks that nobody clears away.
CUT = Deadlines(
    start_to_close=timedelta(hours=24),
    heartbeat=timedelta(seconds=20),
    retry=_retry(attempts=30),
    is_seen_off=True,
)
LANGUAGE = Deadlines(start_to_close=timedelta(hours=2), heartbeat=CHUNK_HEARTBEAT, retry=_retry(attempts=20))


def for_chunk(audio_seconds: float) -> Deadlines:
    """The deadlines of one chunk of this length."""
    longest = timedelta(seconds=600 + 2 * audio_seconds / SLOWEST_PACE)
    return Deadlines(start_to_close=longest, heartbeat=CHUNK_HEARTBEAT, retry=_retry(attempts=20))


def priority_for(duration_seconds: float | None, *, fairness_key: str) -> Priority:
    """Short recordings before long ones; within one priority, owners (or jobs) take turns."""
    bounds = ((600.0, 2), (3600.0, 3))
    known = duration_seconds if duration_seconds is not None else float("inf")
    key = next((key for bound, key in bounds if known < bound), 4)
    return Priority(priority_key=key, fairness_key=fairness_key[:64])
