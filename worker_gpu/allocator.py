"""How the C library hands memory to this process: kept for the next batch, not given back after each one.

A batch takes and drops some hundred megabytes. As it comes, glibc returns them to the system each time,
and the system hands them out again page by page, each page cleared first: a quarter of the time that a
small model needs to hear a chunk (docs/benchmarks.md has figures). Peak memory is the same either way.
"""

import ctypes
import sys
from contextlib import suppress

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8

_KEPT_BYTES = 1 << 30  #: free memory at the end of the heap that stays this process's

#: Arenas but for the first are made of pieces that are returned as soon as they are free. One lock for all
#: threads is no burden at a few slots; where there are many, it is shared out.
_CORES_PER_ARENA = 8


def keep_memory(cores: int) -> None:
    """Call once, before there are other threads. Does nothing where the C library is not glibc."""
    with suppress(OSError, AttributeError):
        if sys.platform == "linux":
            library = ctypes.CDLL(None)
            library.mallopt(_M_ARENA_MAX, max(1, cores // _CORES_PER_ARENA))
            library.mallopt(_M_MMAP_MAX, 0)
            library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back_memory() -> None:
    """Return what is free now: after something large was dropped for good."""
    with suppress(OSError, AttributeError):
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
