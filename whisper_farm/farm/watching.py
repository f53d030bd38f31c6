"""Watching a job until it ends, whatever dies meanwhile.

Two questions are asked at once: the workflow's result, for its end, and its `progress` query, for what
to show. Both are asked again for as long as the server or the control worker is away; only a server
that does not know the job any more (its database was replaced, and nobody has started the job again)
ends the watch, and says so. While nothing moves, a third question is asked: why not.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.exceptions import (
    ApplicationError,
    CancelledError,
    TerminatedError,
)
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm.errors import FarmUnreachable, permanent_error_names
from whisper_farm.farm.troubles import trouble_of
from whisper_farm.messages import PROGRESS_QUERY, JobResult, Progress
from whisper_farm.models import JobState
from whisper_farm.temporal_client import PASSING

_QUERY_LIMIT = timedelta(seconds=5)

#: How long a job may be unknown to its server: a control worker that starts looks for lost jobs first.
_LOST_SECONDS = 60.0

#: How long a job may stand still before it is asked why, and how often it is asked then.
_STILL_SECONDS = 3.0
_ASKED_EVERY_SECONDS = 5.0

#: How long the server may be away. An embedded one is back in seconds; a farm's may be moved meanwhile.
_AWAY_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended."""

    job: str
    state: JobState
    result: JobResult | None  #: where there is a transcript
    message: str | None  #: why it failed, or what was lost, in a sentence
    fault: str | None = None  #: name of the error's class, where it failed
    found: bool = False  #: whether it had ended before it was asked for
    weights: str | None = None  #: fingerprint of those that heard it, where its transcript was looked at

    @property
    def is_permanent(self) -> bool:
        """Whether trying again would change nothing."""
        return self.fault in permanent_error_names()


async def watch(
    client: Client,
    job: str,
    *,
    seen: Callable[[Progress], None] = lambda progress: None,
    troubled: Callable[[str], None] = lambda sentence: None,
    tick: Callable[[], None] = lambda: None,
    every_seconds: float = 0.5,
) -> Ended:
    """Wait until the job's present run ends; `seen` hears of its progress, `tick` is called each time.

    `troubled` hears why the job stands still, again every few seconds while it does.

    Raises:
        FarmUnreachable: Temporal stays away, or does not know the job any more.
        Whatever `tick` raises: it may keep a stack alive, and find that it can't.
    """
    handle: WorkflowHandle[object, JobResult] = client.get_workflow_handle(job, result_type=JobResult)
    end = asyncio.create_task(_end_of(handle, job))
    still = _Standstill()
    why = asyncio.create_task(_tell_troubles(client, job, still, troubled))
    try:
        while not end.done():
            tick()
            progress = await _asked(handle)
            still.saw(progress)
            if progress is not None:
                seen(progress)
            await asyncio.wait({end}, timeout=every_seconds)
        return await end
    finally:
        end.cancel()
        why.cancel()


async def progress_of(client: Client, job: str) -> Progress | None:
    """The job's progress now, or None where nobody can say."""
    return await _asked(client.get_workflow_handle(job, result_type=JobResult))


class _Standstill:
    """For how long a job has not moved, as far as its progress tells."""

    def __init__(self) -> None:
        self.progress: Progress | None = None  #: the last that was seen
        self._moved_at = time.monotonic()

    def saw(self, progress: Progress | None) -> None:
        """This is its progress now; None: nobody can say."""
        if progress is not None and progress != self.progress:
            self.progress, self._moved_at = progress, time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._moved_at


async def _tell_troubles(
    client: Client, job: str, still: _Standstill, troubled: Callable[[str], None]
) -> None:
    """Asked apart from the progress: a server that is away answers neither for seconds."""
    while True:
        await asyncio.sleep(max(0.1, _STILL_SECONDS - still.seconds))
        if still.seconds < _STILL_SECONDS:
            continue
        model = still.progress.model if still.progress is not None else None
        sentence = await trouble_of(client, job, model)
        if sentence is not None and still.seconds >= _STILL_SECONDS:
            troubled(sentence)
        await asyncio.sleep(_ASKED_EVERY_SECONDS)


async def _end_of(handle: WorkflowHandle[object, JobResult], job: str) -> Ended:
    lost, away = _Spell(), _Spell()
    while True:
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            return _ended_badly(job, error.cause)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                if lost.lasts_seconds() > _LOST_SECONDS:
                    raise FarmUnreachable(
                        f"Temporal does not know the job '{job}' any more; give the same command again, what"
                        " was finished is kept."
                    ) from None
            elif error.status not in PASSING or away.lasts_seconds() > _AWAY_SECONDS:
                raise FarmUnreachable(
                    f"Temporal does not tell how the job '{job}' goes ({_first_line(error)}); the job is"
                    " kept, look at 'whisper-farm status'."
                ) from None
            await asyncio.sleep(0.5)
        else:
            return Ended(job=job, state=result.state, result=result, message=result.message)


class _Spell:
    """How long a trouble has lasted. A trouble not met for half a minute is over: the next is a new one."""

    def __init__(self) -> None:
        self._began = self._met = float("-inf")

    def lasts_seconds(self) -> float:
        """Met it now: the seconds since it began."""
        now = time.monotonic()
        if now - self._met > 30.0:
            self._began = now
        self._met = now
        return now - self._began


def _first_line(error: RPCError) -> str:
    return (error.message.strip().splitlines() or [error.status.name])[0][:200]


def _ended_badly(job: str, cause: BaseException | None) -> Ended:
    match cause:
        case CancelledError():
            return Ended(job=job, state="cancelled", result=None, message="It was cancelled.")
        case TerminatedError():
            message = f"Its run was ended from outside; try: whisper-farm retry {job}"
            return Ended(job=job, state="failed", result=None, message=message)
        case ApplicationError():
            return Ended(job=job, state="failed", result=None, message=cause.message, fault=cause.type)
        case _:
            return Ended(job=job, state="failed", result=None, message=str(cause) if cause else None)


async def _asked(handle: WorkflowHandle[object, JobResult]) -> Progress | None:
    """The answer to the query, or None while server or control worker is away or busy."""
    try:
        progress: Progress = await handle.query(
            PROGRESS_QUERY, result_type=Progress, rpc_timeout=_QUERY_LIMIT
        )
        return progress
    except (RPCError, WorkflowQueryFailedError):
        return None
