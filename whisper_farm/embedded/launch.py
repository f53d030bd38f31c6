"""Starts a program that dies with its supervisor: `python launch.py SUPERVISOR-PID PROGRAM ARGUMENT...`

Run as a file, by itself, without the rest of the farm: on Linux it asks the kernel for SIGKILL upon
its parent's death, makes sure that the parent did not die meanwhile, and becomes PROGRAM. The pid stays
the same. It is a program of its own because code between fork and exec may hang in a process with threads.
"""

import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def main() -> None:
    """Become the program."""
    supervisor, *program = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != int(supervisor):
        sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606  # becoming the program is the point
    except OSError as error:
        sys.exit(f"The program '{program[0]}' can't be run: {error.strerror}.")


if __name__ == "__main__":
    main()
