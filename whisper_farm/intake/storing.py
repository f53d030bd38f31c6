"""How bytes become a recording: hashed, looked at, put under their hash, and described last.

`recordings/<sha256>/meta.json` is written when all else is done, so a recording is stored once its
description is, and a crash before that leaves bytes that nobody looks at and the next try overwrites.
A description whose bytes are gone, or are linked to a file that was changed, counts for nothing.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from whisper_farm import keys
from whisper_farm.audio.formats import key_extension, shown
from whisper_farm.audio.probe import Probed, check_file, probe
from whisper_farm.audio.ranged import open_ranged
from whisper_farm.audio.recording_input import check_unchanged
from whisper_farm.errors import ObjectDamaged, RecordingChanged, RecordingUnusable
from whisper_farm.models import Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import find_document, write_document

OnBytes = Callable[[int], None]  #: is told how many bytes have been read so far, now and then

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Hashed:
    """What reading some bytes to their end told."""

    sha256: str
    size_bytes: int


class Hashing:
    """Passes blocks on and hashes them on their way: each byte is read once, whatever it is read for."""

    def __init__(self, blocks: Iterable[bytes], on_bytes: OnBytes) -> None:
        self._blocks = blocks
        self._on_bytes = on_bytes
        self._hash = hashlib.sha256()
        self._size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._hash.update(block)
            self._size_bytes += len(block)
            self._on_bytes(self._size_bytes)
            yield block

    def to_the_end(self) -> Hashed:
        """Read what is left, keep none of it, and say what it was."""
        for _ in self:
            pass
        return self.so_far

    @property
    def so_far(self) -> Hashed:
        return Hashed(self._hash.hexdigest(), self._size_bytes)


def find_recording(store: ObjectStore, sha256: str) -> Recording | None:
    """The recording of this hash, if it is stored whole; None else.

    Raises:
        RecordingChanged: it is linked to a person's file that was changed since.
    """
    try:
        recording = find_document(store, keys.recording_meta(sha256), Recording)
    except ObjectDamaged:
        return None  # it is written anew
    found = store.stat(recording.key) if recording else None
    if recording is None or found is None:
        return None
    check_unchanged(store, recording)
    return recording if found.size_bytes == recording.size_bytes else None


def find_good_recording(store: ObjectStore, sha256: str) -> Recording | None:
    """As `find_recording`, for whoever has the bytes at hand: they replace a link that was changed."""
    try:
        return find_recording(store, sha256)
    except RecordingChanged:
        return None


def look_at(store: ObjectStore, key: str, *, name: str, limits: IntakeSettings) -> Probed:
    """Probe a stored object, whether or not this machine has a file for it.

    Raises:
        RecordingUnusable: it can't be transcribed.
        ObjectMissing: there is no such object.
    """
    with open_ranged(store, key) as file:
        return probe(file, name=name, limits=limits)


def settle_recording(
    store: ObjectStore, hashed: Hashed, probed: Probed, *, landed: str, name: str, extension: str
) -> Recording:
    """Make the recording of the object `landed`: put its bytes under their hash, then describe them."""
    key = keys.recording_source(hashed.sha256, extension)
    if landed != key:
        store.copy(landed, key)
    path = store.local_path(key)
    # An object that people may still write to is watched like a linked file; a staging key is ours alone.
    is_shared = not landed.startswith("staging/") and _same_file(store.local_path(landed), path)
    return _describe(store, hashed, probed, key=key, name=name, linked_to=path if is_shared else None)


def store_recording(
    store: ObjectStore, path: Path, *, name: str, limits: IntakeSettings, on_bytes: OnBytes
) -> Recording:
    """Bring a person's own file into the store, linked where the disk allows; what is stored already stays.

    The file is hashed first, because a recording that is stored already must not travel again: the same
    command a second time costs a read, not an upload. `on_bytes` is told how many of its bytes were
    read, or sent where the store is elsewhere.

    Raises:
        RecordingUnusable: it can't be transcribed.
        RecordingChanged: it was written to meanwhile.
        StoreUnreachable, StoreFull: the store's trouble.
    """
    before = check_file(path, name=name, limits=limits)
    probed = probe(path, name=name, limits=limits)
    is_here = isinstance(store, DiskStore)
    with _reading(path, name, before) as blocks:
        hashed = Hashing(blocks, on_bytes if is_here else _unheard).to_the_end()
    _check_same(path, before, name)
    if (stored := find_good_recording(store, hashed.sha256)) is not None:
        return stored
    key = keys.recording_source(hashed.sha256, key_extension(name))
    if is_here:
        store.put_file(key, path, may_link=True)
    else:
        with _reading(path, name, before) as blocks:
            store.put_stream(key, Hashing(blocks, on_bytes))
    try:
        _check_same(path, before, name)
    except RecordingChanged:
        store.delete([key])
        raise
    is_linked = _same_file(path, store.local_path(key))
    return _describe(store, hashed, probed, key=key, name=name, linked_to=path if is_linked else None)


def _describe(
    store: ObjectStore, hashed: Hashed, probed: Probed, *, key: str, name: str, linked_to: Path | None
) -> Recording:
    recording = Recording(
        sha256=hashed.sha256,
        key=key,
        name=name,
        size_bytes=hashed.size_bytes,
        container=probed.container,
        codec=probed.codec,
        channels=probed.channels,
        sample_rate_hz=probed.sample_rate_hz,
        duration_seconds=probed.duration_seconds,
        streamable=probed.streamable,
        linked_mtime_ns=linked_to.stat().st_mtime_ns if linked_to else None,
        title=probed.title,
        chapters=probed.chapters,
    )
    write_document(store, keys.recording_meta(hashed.sha256), recording)
    return recording


def _check_same(path: Path, before: os.stat_result, name: str) -> None:
    """Raises where the file was written to since: what was hashed, or is stored, is not what it is now."""
    try:
        after = path.stat()
        is_same = (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
    except OSError:
        is_same = False
    if not is_same:
        raise RecordingChanged(
            f"The file {shown(name)} was changed while it was read; try again once nobody writes to it."
        )


def _same_file(one: Path | None, other: Path | None) -> bool:
    return one is not None and other is not None and os.path.samestat(one.stat(), other.stat())


@contextmanager
def _reading(path: Path, name: str, before: os.stat_result) -> Iterator[Iterator[bytes]]:
    """The file's bytes in blocks: as many as it had `before`, because one may grow for as long as it is read.

    Its own trouble is the recording's; the store's passes.
    """

    def blocks() -> Iterator[bytes]:
        left = before.st_size
        try:
            while block := file.read(min(left, _BLOCK_BYTES)):
                left -= len(block)
                yield block
        except OSError as error:
            raise RecordingUnusable(f"The recording {shown(name)} can't be read: {error.strerror}.") from None

    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise RecordingUnusable(f"The recording {shown(name)} can't be read: {error.strerror}.") from None
    with file:
        yield blocks()


def _unheard(bytes_read: int) -> None:
    """Hashing what is to be sent is no progress that anybody waits for."""
