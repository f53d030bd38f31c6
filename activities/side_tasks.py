"""Something that goes on beside an activity's body and may interrupt it: a beat, a watchdog, a leave.

All have one shape: a side task that runs until the body ends, or that raises; then the body is
interrupted, and comes out of it with the side task's error instead of a bare cancellation. A
cancellation by somebody else and the body's own error always win.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine


@contextlib.asynccontextmanager
async def beside(side: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `side` while the body runs; where it raises, the body is interrupted with its error."""
    body = asyncio.current_task()
    assert body is not None
    task = asyncio.create_task(side)

    def interrupt_the_body(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and ended.exception() is not None:
            body.cancel()

    task.add_done_callback(interrupt_the_body)
    try:
        yield
    except asyncio.CancelledError:
        crash = task.exception() if task.done() and not task.cancelled() else None
        if crash is None or body.uncancel() > 0:
            raise
        raise crash from None
    finally:
        task.remove_done_callback(interrupt_the_body)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # heard here at the latest, or asyncio complains that nobody looked
