"""A worker's compute slots: how many chunks are heard at once, whatever became of who asked for them.

A slot belongs to the thread that computes, not to the activity that waits for it: a batch that runs
can't be interrupted, so an activity may be long cancelled while its thread still heats the machine.
The slot is given back when the thread really ends.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Slots:
    """A fixed number of threads, handed out in the order in which they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = asyncio.Semaphore(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="hearing")

    async def start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Wait for a free slot, then start `work` in it. The future it returns is never cancelled by
        whoever waits for it: wait with `asyncio.shield`."""
        await self._free.acquire()
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._give_back)
        return running

    def _give_back(self, ended: asyncio.Future[T]) -> None:
        self._free.release()
        if not ended.cancelled():
            ended.exception()  # whoever asked may be gone; then nobody else looks at it

    def close(self) -> None:
        """Take no more work. Does not wait for a thread that is still busy."""
        self._threads.shutdown(wait=False, cancel_futures=True)
