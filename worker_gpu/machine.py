"""What of this machine the worker may use: cores, and how many chunks at once fit them."""

import os
from pathlib import Path

GPU_SLOTS = 2  #: one chunk's batches keep a GPU busy while the other's audio is prepared

GPU_BATCH_SIZE = 16  #: windows heard at once in a slot

#: On a core a batch saves little (a seventh at 8 windows for a tiny model, nothing for `small`), and one
#: that runs can't be interrupted: so a batch is no larger than what is heard in about this time.
CPU_BATCH_SECONDS = 4.0
LARGEST_CPU_BATCH = 8

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Cores that this process may use: by affinity, and by its container's quota."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no quota
        pass
    return cores


def default_slots(device: str) -> int:
    """Chunks heard at once: one per core with one thread each, because threads inside one transcription
    scale badly; on a GPU enough to keep it busy."""
    return GPU_SLOTS if device == "cuda" else usable_cores()


def default_batch_size(device: str, *, encoder_seconds: float) -> int:
    """Windows heard at once in a slot. `encoder_seconds`: of one pass; decoding takes as long again."""
    if device == "cuda":
        return GPU_BATCH_SIZE
    return max(1, min(LARGEST_CPU_BATCH, int(CPU_BATCH_SECONDS / (2 * encoder_seconds))))
