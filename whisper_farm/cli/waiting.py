"""One event loop for the whole command, entered from plain code as often as needed.

Commands are plain code, so that Ctrl-C ends blocking work (an upload, a build) where it stands; what
Temporal's client does happens in this loop. It is never closed: the command leaves by `leaving.leave`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_runner: list[asyncio.Runner] = []


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; what it returns. Its loop is the same each time, so clients live on."""
    if not _runner:
        _runner.append(asyncio.Runner())
    return _runner[0].run(work)
