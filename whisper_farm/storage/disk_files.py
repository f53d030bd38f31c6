"""How bytes get onto a disk: whole, durable, and shared with another file where the disk allows.

Nothing here writes into a file that already stands: an object may be a hard link to a person's own
recording, so its bytes, its mode and its times are not the store's to change.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from whisper_farm.errors import StoreFull, StoreUnreachable

BLOCK_BYTES = 1024 * 1024
"""The largest block that is read or handed on at once."""

_FICLONE = 0x40049409  #: Linux: make one file share all blocks of another, copied when either is written
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Tells an `OSError` of the store's own folder as `StoreFull` or `StoreUnreachable`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise StoreFull(
                f"No room is left for the object store in {folder} ({why.lower()}): free some space there, "
                "for example with 'whisper-farm clean', or set WHISPER_FARM_STORE_FOLDER to a larger disk."
            ) from error
        at = f" at {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
        raise StoreUnreachable(
            f"The object store in {folder} can't be used ({why.lower()}{at}): make it a folder that this "
            "user may read and write, or set WHISPER_FARM_STORE_FOLDER to another one."
        ) from error


def file_blocks(file: FileIO) -> Iterator[bytes]:
    """What `file` holds from where it stands, in blocks of at most `BLOCK_BYTES`."""
    while block := file.read(BLOCK_BYTES):
        yield block


def write_blocks(path: Path, blocks: Iterable[bytes], folder: Path) -> int:
    """Writes a new file of mode 0600 and brings it to the disk; its size in bytes.

    Faults of the disk are told as those of the store in `folder`; what `blocks` raises goes on as it is.
    """
    with disk_faults(folder):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    size_bytes = 0
    try:
        for block in blocks:
            with disk_faults(folder):
                _write_whole(descriptor, block)
            size_bytes += len(block)
        with disk_faults(folder):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return size_bytes


def share_bytes(source: FileIO, path: Path, target: Path) -> bool:
    """Makes the new file `target` hold what the open `source`, found at `path`, holds without a copy.

    A reflink where the disk can, else a hard link. False, and no `target`, where neither can be had.
    """
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.ioctl(descriptor, _FICLONE, source.fileno())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        target.unlink(missing_ok=True)
    else:
        return True
    try:
        target.hardlink_to(path.resolve())
        # The name may have been given to another file since it was opened.
        if os.path.samestat(os.fstat(source.fileno()), target.lstat()):
            os.fsync(source.fileno())
            return True
    except OSError:
        pass
    target.unlink(missing_ok=True)
    return False


def make_folders(folder: Path) -> None:
    """Makes `folder` and those above it that are missing, mode 0700, and brings their names to the disk."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for step in reversed(missing):
        step.mkdir(0o700, exist_ok=True)
        sync_folder(step.parent)


def sync_folder(folder: Path) -> None:
    """Brings the names in `folder` to the disk. A folder that is gone has none to bring."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_empty_folders(folder: Path) -> None:
    """Removes `folder` and those below it, as far as no file lies in them."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(path).rmdir()


def is_file(found: os.stat_result) -> bool:
    """Whether it is a regular file: links, pipes and folders are no objects."""
    return stat.S_ISREG(found.st_mode)


def _write_whole(descriptor: int, block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[os.write(descriptor, left) :]
