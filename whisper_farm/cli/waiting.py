"""One event loop for the whole command, entered from plain code as often as needed.

Commands are plain code, so that Ctrl-C ends blocking work (an upload, a build) where it stands; what
Temporal's client does happens in this loop. It is never closed: the command leaves by `leaving.leave`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TICK_SECONDS = 0.5

_runner: list[asyncio.Runner] = []


def wait_for(work: Coroutine[Any, Any, T], *, tick: Callable[[], object] | None = None) -> T:
    """Run `work` to its end; what it returns. Its loop is the same each time, so clients live on.

    `tick` is called now and then meanwhile: it may bring back what `work` waits for, or raise.
    """
    if not _runner:
        _runner.append(asyncio.Runner())
    return _runner[0].run(work if tick is None else _ticking(work, tick))


async def _ticking(work: Coroutine[Any, Any, T], tick: Callable[[], object]) -> T:
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_TICK_SECONDS)
            if not task.done():
                tick()
        return await task
    finally:
        task.cancel()
