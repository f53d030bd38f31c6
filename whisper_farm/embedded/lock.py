"""The lock that says whose a data folder is: held by its supervisor for its life, so there is never a second.

The kernel drops it with its holder, however that one ends. It belongs to the open file, not to a
process: the client that starts a supervisor takes the lock and hands the open file over, so that of any
number of clients exactly one starts exactly one. Who leaves removes the file while holding the lock;
taking it therefore means to look again whether the file is still the one at the path.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """An open file that holds the lock at `path`, or None where another one holds it."""
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return None
        if is_at(held, path):
            return held
        os.close(held)


def is_at(held: int, path: Path) -> bool:
    """Whether the open file `held` is still the one at `path`."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(held), path.stat())
    return False


def is_taken(path: Path) -> bool:
    """Whether somebody holds the lock at `path` now. Looking makes no file."""
    with suppress(OSError):
        looked = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(looked, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(looked)
    return False


def unlock(held: int, path: Path) -> None:
    """Remove the file and drop the lock."""
    if is_at(held, path):
        path.unlink(missing_ok=True)
    os.close(held)
