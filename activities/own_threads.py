"""Work that blocks, beside an activity: in a daemon thread of its own.

A pool's threads are waited for when the loop or the interpreter ends, so one that hangs in a write to
the store, or in a read from a slow server, would hold up a worker that was told to leave.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_own_thread(work: Callable[[], T], *, name: str) -> asyncio.Future[T]:
    """Start `work`; what it returns or raises comes out of the future. Cancelling that does not stop it."""
    promise: Future[T] = Future()
    promise.set_running_or_notify_cancel()

    def run() -> None:
        try:
            promise.set_result(work())
        except BaseException as error:
            promise.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    waiting = asyncio.wrap_future(promise)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever waited may be gone
    return waiting
