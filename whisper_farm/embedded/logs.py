"""What a stack's processes say: one file for each, appended to by the process itself, bounded from outside.

A process writes to its file directly, not through the supervisor, so that neither can hold the other
up. Files are opened for appending, which lets the supervisor shorten one under its writer.
"""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

#: A log that grew past this is put aside (`.1`, in place of an older one) and begun anew.
LIMIT_BYTES = 4 * 1024 * 1024

#: What `whisper_farm.log` puts before a sentence.
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (debug|info|warning|error|critical)\s+")

_TAIL_BYTES = 8192
_SENTENCE_CHARACTERS = 400


def open_log(path: Path) -> int:
    """`path`, open for appending, readable by its owner alone."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def bound(path: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
    """Begin the log anew where it has grown too long. On a full disk its old part is given up."""
    with suppress(OSError):
        if path.stat().st_size > limit_bytes:
            with suppress(OSError):
                shutil.copyfile(path, path.with_name(path.name + ".1"))
            os.truncate(path, 0)


def size(path: Path) -> int:
    """How long the log is now, in bytes."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def last_sentence(path: Path, since_bytes: int = 0) -> str:
    """The last line that says something, of what was written since the log had `since_bytes`."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(since_bytes if since_bytes <= end else 0, end - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return _STAMP.sub("", said[-1])[:_SENTENCE_CHARACTERS] if said else ""
