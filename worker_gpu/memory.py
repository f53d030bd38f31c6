"""How many windows go through the model at once, and what running out of memory changes about that."""

import threading

#: Batches that must go well at one size before the next larger one is tried again.
GOOD_BATCHES_TO_GROW = 32


class BatchSize:
    """The batch size of one loaded model: halved when memory runs out, and slowly grown back.

    Memory is shared with other slots and other programs, so what did not fit once may fit later. May be
    used from several threads.
    """

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._now = largest
        self._went_well = 0
        self._lock = threading.Lock()

    @property
    def now(self) -> int:
        """Windows to hear at once."""
        with self._lock:
            return self._now

    def ran_out(self, tried: int) -> int | None:
        """Memory ran out with `tried` windows: how many to try next, or None where one was too many."""
        with self._lock:
            self._went_well = 0
            if tried <= 1:
                return None
            self._now = min(self._now, tried // 2)
            return self._now

    def went_well(self) -> None:
        """A batch was heard at this size."""
        with self._lock:
            self._went_well += 1
            if self._went_well >= GOOD_BATCHES_TO_GROW and self._now < self.largest:
                self._now = min(self.largest, self._now * 2)
                self._went_well = 0


def is_out_of_memory(error: Exception) -> bool:
    """Whether the engine says with this error that memory ran out. It has no type of its own for that."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(
        words in said for words in ("out of memory", "bad_alloc", "failed to allocate", "alloc_failed")
    )
