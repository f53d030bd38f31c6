"""Noticing an engine that makes no progress any more.

A hung GPU looks alive: its process runs and its heartbeats come from another thread. So whoever waits
for an engine also watches for signs of life from it, which are the ends of its steps. A hung thread
can't be killed, so the worker that has one must leave, and its supervisor starts another.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from activities.pace import Pace
from activities.side_tasks import beside
from whisper_farm.errors import WorkerFailed

_LONGEST_NAP_SECONDS = 5.0


class Progress:
    """What an engine has said so far: fits `speech.Listening`. Written by its threads, read by ours."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._steps_begun = False
        self._last_sign: float | None = None
        self.heard_seconds = 0.0

    def start(self) -> None:
        """The engine begins now; until here the chunk was waiting for a slot."""
        with self._lock:
            self._last_sign = time.monotonic()

    def progressed(self, audio_seconds: float) -> None:
        """A sign of life; the first one says that the steps begin now."""
        with self._lock:
            now = time.monotonic()
            if self._steps_begun and self._last_sign is not None:
                self._pace.step_took(now - self._last_sign)
            self._steps_begun = True
            self._last_sign = now
            self.heard_seconds = max(self.heard_seconds, audio_seconds)

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stop.set()

    @property
    def quiet_seconds(self) -> float:
        """How long ago the last sign of life was; 0 while the engine has not begun."""
        with self._lock:
            return 0.0 if self._last_sign is None else time.monotonic() - self._last_sign


def watched(
    progress: Progress, pace: Pace, *, subject: str, steps: int, hung: Callable[[str], None]
) -> AbstractAsyncContextManager[None]:
    """Watch over the body: where `progress` stands still for too long, tell `hung` and interrupt it.

    `steps`: how many steps the engine may take between two signs of life. `subject`, as in
    'Chunk 3 of my-job', begins the sentence that tells what happened.

    Raises, out of the body:
        WorkerFailed: the engine counts as hung.
    """
    return beside(_watch(progress, pace, subject, steps, hung))


async def _watch(
    progress: Progress, pace: Pace, subject: str, steps: int, hung: Callable[[str], None]
) -> None:
    while (quiet := progress.quiet_seconds) < (patience := pace.patience_seconds(steps)):  # noqa: ASYNC110 - no event marks silence
        await asyncio.sleep(min(patience - quiet, _LONGEST_NAP_SECONDS))
    sentence = (
        f"{subject} made no progress for {quiet:.0f} s, where {patience:.0f} s are allowed;"
        " the engine counts as hung."
    )
    hung(sentence)
    raise WorkerFailed(sentence)
