"""The object store in a local folder: the embedded stack's, and one of the two homes of `ObjectStore`.

An object is a file below `folder/<bucket>/`. It is written under `folder/.scratch`, brought to the
disk and renamed into place, so a reader or a crash sees the old object or the new one. Objects are
never written in place. What a disk can't do and S3 can: hold `a` and `a/b` both, or a part of more than
255 bytes; both are refused with a sentence.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from whisper_farm.errors import BadRequest, ObjectDamaged, ObjectMissing, StoreUnreachable
from whisper_farm.keys import check_key
from whisper_farm.storage.base import ObjectStat
from whisper_farm.storage.disk_files import (
    disk_faults,
    file_blocks,
    is_file,
    make_folders,
    remove_empty_folders,
    share_bytes,
    sync_folder,
    write_blocks,
)
from whisper_farm.storage.disk_listing import objects_below, stat_of
from whisper_farm.storage.disk_scratch import ScratchFolder

_LONGEST_PART_BYTES = 255


class DiskStore:
    """Bytes under keys in `folder/<bucket>`. Any number of threads and processes may share one folder."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self._folder = folder.absolute()
        self._bucket = bucket
        self._root = self._folder / bucket
        self._scratch = ScratchFolder(self._folder / ".scratch")

    @property
    def bucket(self) -> str:
        """The bucket's name: a folder's, here."""
        return self._bucket

    def describe(self) -> str:
        """As `folder /home/me/.local/share/whisper-farm/store`."""
        return f"folder {self._folder}"

    def check(self) -> None:
        """Makes the folder where it is missing, and sweeps what killed processes left in it."""
        with disk_faults(self._folder):
            make_folders(self._root)
            make_folders(self._scratch.path)
            self._scratch.sweep()
        for folder in (self._root, self._scratch.path):
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise StoreUnreachable(
                    f"The object store in {self._folder} can't be used (this user may not write {folder}): "
                    "give the folder to this user, or set WHISPER_FARM_STORE_FOLDER to another one."
                )

    def put(self, key: str, data: bytes) -> None:
        """Store `data` whole, in place of what may be there."""
        self.put_stream(key, (data,))

    def put_stream(self, key: str, blocks: Iterable[bytes]) -> int:
        """Store the blocks as one object; its size in bytes. Nothing is, where `blocks` raises."""
        target = self._path(key)
        with self._scratch.place() as scratch:
            size_bytes = write_blocks(scratch, blocks, self._folder)
            self._publish(scratch, target)
        return size_bytes

    def put_file(self, key: str, path: Path, *, may_link: bool = False) -> None:
        """Store a local file; an `OSError` where it can't be read. `may_link` as the interface says."""
        target = self._path(key)
        with _opened(path) as source, self._scratch.place() as scratch:
            if not (may_link and share_bytes(source, path, scratch)):
                write_blocks(scratch, file_blocks(source), self._folder)
            self._publish(scratch, target)

    def get(self, key: str, *, limit_bytes: int = 64 * 1024 * 1024) -> bytes:
        """The object's bytes. One larger than `limit_bytes` raises `ObjectDamaged`."""
        with self._reading(key) as file, disk_faults(self._folder):
            if os.fstat(file.fileno()).st_size > limit_bytes:
                raise ObjectDamaged(key, f"it is larger than {limit_bytes:,} bytes")
            return file.readall()

    @contextmanager
    def open(self, key: str) -> Iterator[Iterator[bytes]]:
        """The object's bytes in blocks of at most 1 MiB."""
        with self._reading(key) as file:
            yield self._blocks(file)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer at the end, none past it."""
        if offset < 0 or length < 0:
            raise BadRequest(f"{offset}+{length} is no range of '{key}': give two numbers of at least 0.")
        with self._reading(key) as file, disk_faults(self._folder):
            left = min(length, max(0, os.fstat(file.fileno()).st_size - offset))
            blocks = []
            while left > 0 and (block := os.pread(file.fileno(), left, offset)):
                blocks.append(block)
                offset, left = offset + len(block), left - len(block)
            return b"".join(blocks)

    def stat(self, key: str) -> ObjectStat | None:
        """What is known of the object, or None where there is none."""
        path = self._path(key)
        with disk_faults(self._folder):
            try:
                found = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return stat_of(key, found) if is_file(found) else None

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        return self.stat(key) is not None

    def list(self, prefix: str) -> Iterator[ObjectStat]:
        """Every object whose key begins with `prefix`, in the order of their keys (code points)."""
        with disk_faults(self._folder):
            yield from objects_below(self._root, prefix)

    def copy(self, source: str, target: str) -> None:
        """Make `target` hold what `source` holds: by sharing the bytes where the disk can."""
        target_path = self._path(target)
        with self._reading(source) as file:
            if source == target:
                return
            with self._scratch.place() as scratch:
                if not share_bytes(file, self._path(source), scratch):
                    write_blocks(scratch, self._blocks(file), self._folder)
                self._publish(scratch, target_path)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove these objects and the folders that they leave empty."""
        for key in keys:
            path = self._path(key)
            with disk_faults(self._folder):
                try:
                    path.unlink()
                except (FileNotFoundError, NotADirectoryError):
                    pass
                except OSError:
                    if not path.is_dir():
                        raise
            self._prune(path.parent)

    def local_path(self, key: str) -> Path | None:
        """The object's own file, only to be read; None where there is no such object."""
        return self._path(key) if self.exists(key) else None

    def _path(self, key: str) -> Path:
        parts = check_key(key).split("/")
        long = next((part for part in parts if len(part.encode()) > _LONGEST_PART_BYTES), None)
        if long is not None:
            raise BadRequest(
                f"The key {key!r:.200} can't be stored: a part between its slashes has more than "
                f"{_LONGEST_PART_BYTES} bytes; make '{long[:20]}...' shorter."
            )
        return self._root.joinpath(*parts)

    @contextmanager
    def _reading(self, key: str) -> Iterator[FileIO]:
        path = self._path(key)
        with disk_faults(self._folder):
            try:
                file = _opened(path)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise ObjectMissing(key) from None
        with file:
            yield file

    def _blocks(self, file: FileIO) -> Iterator[bytes]:
        with disk_faults(self._folder):
            yield from file_blocks(file)

    def _publish(self, scratch: Path, target: Path) -> None:
        """Renames `scratch` to `target`, durably."""
        with disk_faults(self._folder):
            try:
                with self._scratch.folders_kept():
                    _rename(scratch, target)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                with self._scratch.folders_mine():
                    remove_empty_folders(target)
                    self._refuse_conflict(target)
                    _rename(scratch, target)
            sync_folder(target.parent)

    def _refuse_conflict(self, target: Path) -> None:
        """Says which object stands in the way of `target`, where one does."""
        key = target.relative_to(self._root)
        if target.is_dir():
            raise BadRequest(
                f"The key '{key}' can't be stored: objects lie below '{key}/'; give it another name."
            )
        for above in key.parents[:-1]:
            if (self._root / above).is_file():
                raise BadRequest(
                    f"The key '{key}' can't be stored: '{above}' is an object, and none can lie below it; "
                    "give one of them another name."
                )

    def _prune(self, folder: Path) -> None:
        """Removes `folder` and those above it, as far as they are empty."""
        with suppress(OSError), self._scratch.folders_mine():
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


def _rename(scratch: Path, target: Path) -> None:
    make_folders(target.parent)
    scratch.replace(target)


def _opened(path: Path) -> FileIO:
    return path.open("rb", buffering=0)
