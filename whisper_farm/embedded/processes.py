"""Processes of this machine, told apart beyond doubt: a pid alone may have gone to somebody else's.

A process is known by its pid and its birth (the kernel's start time, and which boot it belongs to).
Whatever is ended here is checked against both first. On Linux each process of a stack also carries the
stack's id in its environment, so that what its processes started themselves is found again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: The variable that marks every process of a stack, and what those start, with the stack's id.
STACK_MARK = "WHISPER_FARM_STACK"

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process, now and after its pid went to another."""

    pid: int
    birth: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs. One that ended and was not waited for yet does not."""
        return birth_of(self.pid) == self.birth


def birth_of(pid: int) -> str | None:
    """When the process began, in words that no other process of this pid shares; None where none runs."""
    if sys.platform != "linux":
        return _birth_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name may hold spaces and brackets; what follows its last bracket is plain.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def mark_of(pid: int) -> ProcessMark:
    """The mark of a process that runs now (of one that ended meanwhile: a mark that is never alive)."""
    return ProcessMark(pid=pid, birth=birth_of(pid) or "")


def marked_with(stack: str) -> Iterator[ProcessMark]:
    """Every other process of ours that carries the id `stack`. Nothing where there is no /proc."""
    wanted = f"{STACK_MARK}={stack}".encode()
    if sys.platform != "linux" or not stack:
        return
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    yield mark_of(int(entry.name))


def end_at_once(marks: Iterable[ProcessMark], *, patience_seconds: float = 5.0) -> list[ProcessMark]:
    """SIGKILL those that still run, and their groups, and wait for their end; those that were there."""
    there = [mark for mark in marks if mark.alive]
    for mark in there:
        with suppress(ProcessLookupError, PermissionError):
            # Only of the leader of a group does the pid name the group as well.
            if os.getpgid(mark.pid) == mark.pid:
                os.killpg(mark.pid, signal.SIGKILL)
            else:
                os.kill(mark.pid, signal.SIGKILL)
    wait_until(lambda: not any(mark.alive for mark in there), patience_seconds)
    return there


def wait_until(true: Callable[[], bool], seconds: float, *, every_seconds: float = 0.02) -> bool:
    """Whether `true()` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_seconds)
    return True


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text()[:8]


def _birth_by_ps(pid: int) -> str | None:
    told = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/bin:/usr/bin"},
    ).stdout.split(maxsplit=1)
    return told[1].strip() if len(told) == 2 and not told[0].startswith("Z") else None
