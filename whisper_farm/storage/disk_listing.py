"""The objects of a folder in the order of their keys, streamed, while others write and delete.

The order of keys is not that of a folder walk: `a-1` and `a.txt` come before `a/b` though the folder
`a` comes before both. A folder therefore takes its place with its slash.
"""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from whisper_farm.errors import BadRequest
from whisper_farm.keys import check_key
from whisper_farm.storage.base import ObjectStat
from whisper_farm.storage.disk_files import is_file
from whisper_farm.storage.prefixes import split_prefix


def stat_of(key: str, found: os.stat_result) -> ObjectStat:
    """The facts of the object whose file is `found`.

    Its time is that of the inode's last change: an object that is a hard link keeps the day its
    recording was made as the file's own time, and that says nothing about when it was stored.
    """
    modified_at = datetime.fromtimestamp(found.st_ctime, UTC)
    return ObjectStat(key=key, size_bytes=found.st_size, modified_at=modified_at)


def objects_below(root: Path, prefix: str) -> Iterator[ObjectStat]:
    """Every object in the folder `root` whose key begins with `prefix`, by key in code-point order.

    Holds one folder's names at a time. What vanishes meanwhile is passed over.
    """
    split = split_prefix(prefix)
    if split is not None:
        folder, beginning = split
        yield from _walk(root / folder, folder, beginning)


def _walk(folder: Path, at: str, beginning: str) -> Iterator[ObjectStat]:
    for name in _names(folder):
        if not name.startswith(beginning):
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, at + name, "")
            continue
        try:
            key = check_key(at + name)
            found = (folder / name).lstat()
        except (FileNotFoundError, NotADirectoryError, BadRequest):
            continue
        if is_file(found):
            yield stat_of(key, found)


def _names(folder: Path) -> list[str]:
    """The names in `folder`, sorted as parts of keys: those of folders with their closing slash."""
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name + "/" if e.is_dir(follow_symlinks=False) else e.name for e in entries)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            return []
        raise
