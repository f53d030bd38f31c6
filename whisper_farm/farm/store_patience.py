"""Patience with a store that is away: an embedded MinIO that was killed is back in seconds.

A running command outlives the loss of any process but itself, so each of its steps that needs the store
is done again while the store is away. Whoever only asks whether there is a farm has no use for this: a
store that is down before anything began is said at once.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from whisper_farm.errors import StoreFull, StoreUnreachable

T = TypeVar("T")

#: The supervisor needs seconds to bring a store back; what takes longer is for a person to see to.
PATIENCE_SECONDS = 60.0

#: An upload may be long in failing: it gets so many tries, whatever time they take.
_LEAST_TRIES = 4

_PAUSE_SECONDS = 0.5


def is_away(error: Exception) -> bool:
    """Whether the store may be back soon. A full one will not."""
    return isinstance(error, StoreUnreachable) and not isinstance(error, StoreFull)


class StorePatience:
    """Does steps again while the store is away, and says once that it is."""

    def __init__(
        self,
        *,
        told: Callable[[str], None],
        tick: Callable[[], object] = lambda: None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`tick` is called before each new try: it may keep a stack alive, and find that it can't.

        With 0 seconds there is no patience at all.
        """
        self._told, self._tick, self._patience_seconds = told, tick, patience_seconds
        self._is_told = False

    def patiently(self, step: Callable[[], T]) -> T:
        """`step()`, again and again while the store is away. It blocks, and must do no harm if repeated.

        Raises:
            StoreUnreachable: it stays away. StoreFull: at once.
            Whatever else `step` or `tick` raises.
        """
        absence = _Absence(self._patience_seconds)
        while True:
            try:
                return self._back(step())
            except StoreUnreachable as error:
                if not is_away(error) or absence.is_too_long():
                    raise
                self._say(error)
            time.sleep(_PAUSE_SECONDS)
            self._tick()

    async def patiently_async(self, step: Callable[[], T]) -> T:
        """The same in the event loop, where others go on while this one waits. `step` still blocks."""
        absence = _Absence(self._patience_seconds)
        while True:
            try:
                return self._back(step())
            except StoreUnreachable as error:
                if not is_away(error) or absence.is_too_long():
                    raise
                self._say(error)
            await asyncio.sleep(_PAUSE_SECONDS)
            self._tick()

    def _back(self, given: T) -> T:
        self._is_told = False  # away again is news again
        return given

    def _say(self, error: StoreUnreachable) -> None:
        if not self._is_told:
            self._is_told = True
            self._told(f"The store is away and is asked again for {self._patience_seconds:.0f} s: {error}")


class _Absence:
    """How often, and for how long, one step has met a store that is away."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._tries = 0
        self._began_at = 0.0

    def is_too_long(self) -> bool:
        """Met it once more: whether that is the end of all patience."""
        now = time.monotonic()
        if self._tries == 0:
            self._began_at = now
        self._tries += 1
        tries = _LEAST_TRIES if self._patience_seconds else 1
        return self._tries >= tries and now - self._began_at >= self._patience_seconds
