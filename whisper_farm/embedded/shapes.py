"""How many transcription processes a machine gets, and with how many slots each."""

import os
from collections.abc import Mapping
from pathlib import Path

from whisper_farm.embedded.state import WorkerShape


def worker_shapes(workers: int | None, *, cores: int, gpus: int) -> tuple[WorkerShape, ...]:
    """The processes for `workers` (None: what fits the machine best).

    On GPUs one process for each by default, dealt out in turn where there are more. On CPUs one process by
    default, with a slot per core on one shared model (threads inside one transcription scale badly, and a
    second copy of the model costs memory); several share the cores.
    """
    if gpus > 0:
        return tuple(
            WorkerShape(device="cuda", device_index=number % gpus)
            for number in range(gpus if workers is None else workers)
        )
    if workers is None:
        return (WorkerShape(),)
    slots = max(1, min(64, cores // max(1, workers)))
    return tuple(WorkerShape(slots=None if workers == 1 else slots) for _ in range(workers))


def count_gpus(environ: Mapping[str, str]) -> int:
    """How many CUDA devices this machine lets us use; none where a person chose the CPU."""
    if environ.get("WHISPER_FARM_DEVICE") == "cpu":
        return 0
    # Asking the library takes a moment; where the kernel knows no such device there is nothing to ask.
    if not any(Path("/dev").glob("nvidia[0-9]*")) and not Path("/dev/dxg").exists():
        return 0
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())


def count_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
