"""Following a request's source to a stored recording, wherever it leads.

Bytes that lie in the farm's own bucket are read once, to hash them, and copied by the store itself.
Bytes from elsewhere are hashed on their way to a staging key and copied from there. Nothing of a
recording that turns out useless stays behind.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from whisper_farm import keys
from whisper_farm.audio.formats import key_extension
from whisper_farm.audio.probe import check_size
from whisper_farm.errors import FarmError, ObjectDamaged, RecordingUnusable
from whisper_farm.identity import digest, stored_recording_sha256
from whisper_farm.intake.sources import StoredSource, parse_source
from whisper_farm.intake.storing import (
    Hashing,
    OnBytes,
    find_good_recording,
    find_recording,
    look_at,
    settle_recording,
)
from whisper_farm.intake.web import Web
from whisper_farm.models import Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.base import ObjectStat, ObjectStore

OpenBucket = Callable[[str], ObjectStore]  #: opens another bucket at the same store


class Fetcher:
    """Fetches for one job. `owner` tells its staging keys from other jobs'."""

    def __init__(
        self,
        store: ObjectStore,
        limits: IntakeSettings,
        *,
        open_bucket: OpenBucket,
        web: Web,
        owner: str,
        on_bytes: OnBytes,
    ) -> None:
        self._store = store
        self._limits = limits
        self._open_bucket = open_bucket
        self._web = web
        self._owner = owner
        self._on_bytes = on_bytes

    def fetch(self, source: str, *, name: str | None) -> Recording:
        """The stored recording that `source` names; `name` is what people call it, else its file name.

        Raises:
            SourceRefused: the farm may not read it.
            RecordingUnusable: it is not there, or can't be transcribed.
            RecordingChanged: it is linked to a person's file that was changed since.
            TransientError: the store's, the network's or the other server's trouble.
        """
        found = parse_source(source, own_bucket=self._store.bucket, allowed=self._limits.sources)
        if not isinstance(found, StoredSource):
            with self._web.open(found.url) as sent:
                return self._land(source, sent.blocks, file_name=sent.name, name=name)
        if found.bucket == self._store.bucket:
            return self._take_in(found.key, name=name)
        bucket = self._open_bucket(found.bucket)
        _found(bucket, found.key)
        with bucket.open(found.key) as blocks:
            return self._land(source, blocks, file_name=PurePosixPath(found.key).name, name=name)

    def _take_in(self, key: str, *, name: str | None) -> Recording:
        sha256 = stored_recording_sha256(key)
        if sha256 and (stored := find_recording(self._store, sha256)) is not None:
            return stored
        file_name = PurePosixPath(key).name
        before = _found(self._store, key)
        probed = look_at(self._store, key, name=name or file_name, limits=self._limits)
        with self._store.open(key) as blocks:
            hashed = Hashing(blocks, self._on_bytes).to_the_end()
        if (stored := find_good_recording(self._store, hashed.sha256)) is not None:
            return stored
        if hashed.size_bytes != before.size_bytes or self._store.stat(key) != before:
            raise ObjectDamaged(key, "it was replaced while it was read")
        return settle_recording(
            self._store,
            hashed,
            probed,
            landed=key,
            name=name or file_name,
            extension=key_extension(file_name),
        )

    def _land(self, source: str, blocks: Iterator[bytes], *, file_name: str, name: str | None) -> Recording:
        name = name or file_name
        landed = keys.staging(digest([self._owner, source])[:32])

        def note(bytes_read: int) -> None:
            check_size(bytes_read, name=name, limits=self._limits)
            self._on_bytes(bytes_read)

        try:
            hashing = Hashing(blocks, note)
            self._store.put_stream(landed, hashing)
            hashed = hashing.so_far
            if (stored := find_good_recording(self._store, hashed.sha256)) is not None:
                return stored
            probed = look_at(self._store, landed, name=name, limits=self._limits)
            return settle_recording(
                self._store, hashed, probed, landed=landed, name=name, extension=key_extension(file_name)
            )
        finally:
            with contextlib.suppress(FarmError):  # `whisper-farm clean` takes what an outage leaves here
                self._store.delete([landed])


def _found(store: ObjectStore, key: str) -> ObjectStat:
    """What is known of the object `key`, which must be there."""
    found = store.stat(key)
    if found is None:
        raise RecordingUnusable(
            f"There is no object '{key}' in the bucket '{store.bucket}'; check the source."
        )
    return found
