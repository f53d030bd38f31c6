"""Where objects are made before they are put in place: a folder of scratch files on the same disk.

A process that is killed leaves its scratch file behind; the next check of the store sweeps those
that nobody has touched for an hour. A name begins with the second it was made, because a scratch file
that is a hard link carries the times of somebody else's file.

The folder is also the lock between those who remove empty folders and those who fill them.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from whisper_farm.storage.disk_files import disk_faults, make_folders

LEFTOVER_SECONDS = 3600.0
"""A scratch file that was neither made nor written for so long belongs to a process that is gone."""


class ScratchFolder:
    """`path` holds scratch files of the store in `path`'s parent."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A path for a new scratch file, which is gone at the end, whatever became of it."""
        with disk_faults(self.path.parent):
            make_folders(self.path)
        path = self.path / f"{int(time.time())}-{secrets.token_hex(8)}"
        try:
            yield path
        finally:
            # A rename onto a hard link of the same file does nothing and leaves both names.
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def folders_kept(self) -> AbstractContextManager[None]:
        """While this is held, no empty folder of the store is removed. Many may hold it at once."""
        return self._locked(fcntl.LOCK_SH)

    def folders_mine(self) -> AbstractContextManager[None]:
        """While this is held, nobody else makes a folder of the store and puts a file into it."""
        return self._locked(fcntl.LOCK_EX)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # Some network file systems lock no folders: there, a put may lose to a delete and be tried again.
            with suppress(OSError):
                fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Removes what killed processes have left."""
        now = time.time()
        for path in self.path.iterdir():
            with suppress(OSError):
                made, _, _ = path.name.partition("-")
                made_at = float(made) if made.isdigit() else 0.0
                if now - max(made_at, path.lstat().st_mtime) > LEFTOVER_SECONDS:
                    path.unlink()
