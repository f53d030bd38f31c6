"""Bringing a job's recording into the store, and taking from it what its language is decided by.

The work is done in a thread, which stops at its next block of bytes once the activity is cancelled. A
retry overwrites what the attempt before it left.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from temporalio import activity

from activities.failures import told_apart
from activities.heartbeats import heartbeats
from activities.own_threads import in_own_thread
from whisper_farm.messages import (
    FETCH_RECORDING,
    SAMPLE_LANGUAGE,
    FetchRecording,
    LanguageSampled,
    RecordingFetched,
    SampleLanguage,
)
from whisper_farm.models import Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.base import ObjectStore

if TYPE_CHECKING:
    from whisper_farm.intake.web import Web

T = TypeVar("T")

#: A cancelled activity waits so long for its thread, which may be within a read.
_STOPPING_SECONDS = 2.0


class Stopped(Exception):
    """The work was cancelled between two blocks."""


class RecordingActivities:
    """Fetches recordings into the store that it was handed, under the limits of `intake`.

    `open_bucket` opens another bucket at the same store; `web` opens addresses, under the same limits
    where none is given.
    """

    def __init__(
        self,
        store: ObjectStore,
        intake: IntakeSettings,
        open_bucket: Callable[[str], ObjectStore],
        scratch: Path,
        *,
        web: "Web | None" = None,
    ) -> None:
        self._store = store
        self._intake = intake
        self._open_bucket = open_bucket
        self._scratch = scratch
        self._web = web

    @activity.defn(name=FETCH_RECORDING.name)
    async def fetch_recording(self, order: FetchRecording) -> RecordingFetched:
        """The recording that the order's source names: found in the store, or brought there.

        Raises (as failures): `SourceRefused`, `RecordingUnusable`, `RecordingChanged`, permanent; and
        whatever failed at the store or at the other end, to be tried again.
        """
        with told_apart():
            going = _Going()
            async with heartbeats(lambda: {"bytes": going.bytes_read}):
                recording = await _until_done(going, lambda: self._fetch(order, going))
            return RecordingFetched(recording=recording)

    def _fetch(self, order: FetchRecording, going: "_Going") -> Recording:
        # Audio and web code load numpy, av and httpx: `workflows` loads them beside its start.
        from whisper_farm.intake.fetching import Fetcher
        from whisper_farm.intake.web import Web

        fetcher = Fetcher(
            self._store,
            self._intake,
            open_bucket=self._open_bucket,
            web=self._web or Web(self._intake),
            owner=order.job,
            on_bytes=going.note,
        )
        return fetcher.fetch(order.source, name=order.name)

    @activity.defn(name=SAMPLE_LANGUAGE.name)
    async def sample_language(self, order: SampleLanguage) -> LanguageSampled:
        """Store a short FLAC of spaced windows of the recording; what is stored already stays.

        Raises (as failures): `RecordingUnusable`, `RecordingChanged`, permanent.
        """
        with told_apart():
            async with heartbeats():
                return await _until_done(_Going(), lambda: self._sample(order))

    def _sample(self, order: SampleLanguage) -> LanguageSampled:
        from whisper_farm.intake.sampling import store_language_sample

        return store_language_sample(self._store, order)


class _Going:
    """How far the work has come, and whether it should go on. Shared by its thread and its activity."""

    def __init__(self) -> None:
        self.bytes_read = 0
        self.stop = threading.Event()

    def note(self, bytes_read: int) -> None:
        """So many bytes have been read; raises `Stopped` where nobody waits for more."""
        self.bytes_read = bytes_read
        if self.stop.is_set():
            raise Stopped


async def _until_done(going: _Going, work: Callable[[], T]) -> T:
    """What `work` returns. Once cancelled, it is told to stop, and waited for a moment."""
    working = in_own_thread(work, name="recording")
    try:
        return await asyncio.shield(working)
    finally:
        going.stop.set()
        await asyncio.wait([working], timeout=_STOPPING_SECONDS)
        working.cancel()  # a thread that still hangs speaks to nobody
