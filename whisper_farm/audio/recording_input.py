"""A stored recording, as `decode` takes it: the store's own file, else its bytes in order, else a copy.

Most recordings decode from a pipe, so a worker with a remote store needs no room for them. Those that
need seeking (an MP4 whose index is at its end) are copied to a scratch file first.
"""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whisper_farm.audio.formats import shown
from whisper_farm.errors import RecordingChanged, StoreFull
from whisper_farm.models import Recording
from whisper_farm.storage.base import ObjectStore


@contextmanager
def recording_input(
    store: ObjectStore, recording: Recording, scratch: Path
) -> Iterator[Path | Iterator[bytes]]:
    """The recording's bytes, for as long as the block lasts.

    Raises:
        RecordingChanged: it is linked to a person's file, which was changed since, or within the block.
        ObjectMissing: its bytes are not in the store.
        StoreFull: there is no room for a scratch copy.
    """
    path = store.local_path(recording.key)
    if path is not None:
        check_unchanged(store, recording)
        yield path
        check_unchanged(store, recording)
        return
    with store.open(recording.key) as blocks:
        if recording.streamable:
            yield blocks
            return
        with tempfile.TemporaryDirectory(prefix="recording-", dir=scratch) as folder:
            copied = Path(folder) / "source"
            _write(copied, blocks)
            yield copied


def check_unchanged(store: ObjectStore, recording: Recording) -> None:
    """Does nothing unless the recording is linked to a person's file that is not what it was.

    Raises:
        RecordingChanged: it was written to after it was handed in.
    """
    path = store.local_path(recording.key)
    if recording.linked_mtime_ns is None or path is None:
        return
    found = path.stat()
    if (found.st_mtime_ns, found.st_size) != (recording.linked_mtime_ns, recording.size_bytes):
        raise RecordingChanged(
            f"The file {shown(recording.name)} was changed on disk after it was handed in; hand it in again"
            " with 'whisper-farm transcribe', which makes a job for what it is now."
        )


def _write(path: Path, blocks: Iterator[bytes]) -> None:
    try:
        with path.open("wb") as file:
            for block in blocks:
                file.write(block)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StoreFull(
                f"No room is left in {path.parent} for a copy of a recording; free some."
            ) from None
        raise
