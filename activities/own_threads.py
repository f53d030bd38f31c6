"""Work that blocks, beside an activity: in a daemon thread of its own.

A pool's threads are waited for when the loop or the interpreter ends, so one that hangs in a write to
the store, or in a read from a slow server, would hold up a worker that was told to leave.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


#: How nice (see nice(1)) an unhurried thread is towards others that want the same core.
_NICE = 10


def in_own_thread(work: Callable[[], T], *, name: str, unhurried: bool = False) -> asyncio.Future[T]:
    """Start `work`; what it returns or raises comes out of the future. Cancelling that does not stop it.

    `unhurried`: it, and all threads and programs that it starts, step back where others want the core.
    """
    promise: Future[T] = Future()
    promise.set_running_or_notify_cancel()

    def run() -> None:
        try:
            if unhurried:
                _step_back()
            promise.set_result(work())
        except BaseException as error:
            promise.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    waiting = asyncio.wrap_future(promise)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever waited may be gone
    return waiting


def _step_back() -> None:
    """Lower this thread's priority; one that is lower already stays so, because raising it takes leave."""
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < _NICE:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, thread, _NICE)
