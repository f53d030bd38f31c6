"""The transcription worker: `python -m worker_gpu`, with address, store and model in its environment."""

import os
import sys


def main() -> int:
    """Serve until told to leave; the exit code (see `worker_gpu.starting`)."""
    # Each slot computes in one thread of its own; threads of numpy or of OpenMP would fight them for the
    # cores (two slots were then no faster than one). Where the engine wants more it says so itself. Read
    # when the libraries are imported, so this comes before everything that does.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from worker_gpu.allocator import keep_memory
    from worker_gpu.machine import usable_cores

    keep_memory(usable_cores())
    from worker_gpu.starting import start

    return start(sys.argv[1:])


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread in the middle of a batch can't be stopped, and the interpreter would wait for it; and
    # Temporal's threads sometimes crash an interpreter that is ending.
    os._exit(code)
