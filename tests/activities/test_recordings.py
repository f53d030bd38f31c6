"""Bringing a job's recording into the store: from the store itself, from another bucket, from the web."""

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.recordings import RecordingActivities
from tests.audio.making import SPEECH, bytes_of, make, make_video, sha256_of
from tests.intake.web_server import Page, Server, https_server
from whisper_farm import keys
from whisper_farm.audio.flac import decode_flac
from whisper_farm.errors import StoreUnreachable
from whisper_farm.messages import FetchRecording, SampleLanguage
from whisper_farm.models import SAMPLE_RATE_HZ, Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import read_document

PLAN = "cd" * 32


class Bench:
    """A store, other buckets beside it, and the activities at work on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = self.bucket("whisper-farm")
        self.environment = ActivityEnvironment()
        self.environment.info = dataclasses.replace(
            self.environment.info, heartbeat_timeout=timedelta(seconds=0.2)
        )

    def bucket(self, name: str) -> DiskStore:
        store = DiskStore(self.folder / "store", name)
        store.check()
        return store

    def put(self, key: str, path: Path) -> str:
        self.store.put_file(key, path)
        return key

    async def fetch(
        self, source: str, *, name: str | None = None, server: Server | None = None, **limits: object
    ) -> Recording:
        intake = IntakeSettings.model_validate({"url_timeout_seconds": 5, **limits})
        web = server.web(intake) if server else None
        activities = RecordingActivities(self.store, intake, self.bucket, self.folder, web=web)
        order = FetchRecording(job="episode", source=source, name=name)
        return (await self.environment.run(activities.fetch_recording, order)).recording

    async def refused(
        self, source: str, *, server: Server | None = None, **limits: object
    ) -> ApplicationError:
        before = self.stored()
        with pytest.raises(ApplicationError) as failed:
            await self.fetch(source, server=server, name=None, **limits)
        assert self.stored() == before, "something was left behind"
        assert "\n" not in failed.value.message
        return failed.value

    def stored(self) -> set[str]:
        return {found.key for found in self.store.list("")}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return make(tmp_path, "talk.mp3", "-b:a", "64k", seconds=5)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with https_server(tmp_path) as running:
        yield running


async def test_an_object_in_the_inbox_becomes_a_recording(bench: Bench, talk: Path) -> None:
    bench.put("inbox/2026/my talk.mp3", talk)

    recording = await bench.fetch("s3://whisper-farm/inbox/2026/my talk.mp3")

    assert recording.sha256 == sha256_of(talk)
    assert recording.key == keys.recording_source(recording.sha256, "mp3")
    assert recording.name == "my talk.mp3"
    assert bench.store.get(recording.key) == bytes_of(talk)
    assert read_document(bench.store, keys.recording_meta(recording.sha256), Recording) == recording
    assert bench.stored() == {
        "inbox/2026/my talk.mp3",
        recording.key,
        keys.recording_meta(recording.sha256),
    }


async def test_the_same_bytes_under_another_name_are_the_same_recording(bench: Bench, talk: Path) -> None:
    first = await bench.fetch(bench.put("inbox/one.mp3", talk), name="The first")
    again = await bench.fetch(bench.put("inbox/two.bin", talk))

    assert again == first
    assert first.name == "The first"


async def test_a_stored_recording_is_found_without_a_read(bench: Bench, talk: Path) -> None:
    first = await bench.fetch(bench.put("inbox/one.mp3", talk))
    beats: list[object] = []
    bench.environment.on_heartbeat = lambda *details: beats.append(details)

    assert await bench.fetch(first.key) == first
    assert await bench.fetch(f"s3://whisper-farm/{first.key}") == first
    assert all(detail == ({"bytes": 0},) for detail in beats)


async def test_bytes_without_a_description_are_described(bench: Bench, talk: Path) -> None:
    """As a crash between the two leaves them."""
    first = await bench.fetch(bench.put("inbox/one.mp3", talk))
    bench.store.delete([keys.recording_meta(first.sha256)])

    again = await bench.fetch(first.key, name=first.name)

    assert again.model_copy(update={"linked_mtime_ns": first.linked_mtime_ns}) == first


async def test_a_bucket_that_was_given_is_read_and_another_is_not(bench: Bench, talk: Path) -> None:
    other = bench.bucket("media")
    other.put_file("talks/a.mp3", talk)

    recording = await bench.fetch("s3://media/talks/a.mp3", sources=("media/talks",))
    assert recording.sha256 == sha256_of(talk)
    assert not [key for key in bench.stored() if key.startswith("staging/")]

    refused = await bench.refused("s3://media/talks/a.mp3")
    assert (refused.type, refused.non_retryable) == ("SourceRefused", True)
    assert "WHISPER_FARM_SOURCES" in refused.message
    missing = await bench.refused("s3://media/talks/b.mp3", sources=("media/talks",))
    assert missing.type == "RecordingUnusable"
    assert "'talks/b.mp3' in the bucket 'media'" in missing.message


async def test_an_address_becomes_a_recording(bench: Bench, talk: Path, server: Server) -> None:
    server.pages["/old"] = Page(status=301, headers={"Location": "/talks/a%20talk.mp3?token=secret"})
    server.pages["/talks/a%20talk.mp3?token=secret"] = Page(bytes_of(talk))

    recording = await bench.fetch(server.url("/old"), server=server)

    assert recording.sha256 == sha256_of(talk)
    assert recording.name == "a talk.mp3"
    assert recording.linked_mtime_ns is None
    assert bench.stored() == {recording.key, keys.recording_meta(recording.sha256)}


async def test_an_address_inside_is_refused_for_good(bench: Bench, server: Server) -> None:
    server.pages["/in"] = Page(status=302, headers={"Location": "https://inside.example/secret"})

    refused = await bench.refused(server.url("/in"), server=server)

    assert (refused.type, refused.non_retryable) == ("SourceRefused", True)


async def test_a_server_that_fails_is_tried_again(bench: Bench, server: Server) -> None:
    server.pages["/a.mp3"] = Page(status=503)
    failed = await bench.refused(server.url("/a.mp3"), server=server)
    assert (failed.type, failed.non_retryable) == ("SourceUnreachable", False)

    server.pages["/a.mp3"] = Page(b"half of it", announced=100)
    failed = await bench.refused(server.url("/a.mp3"), server=server)
    assert (failed.type, failed.non_retryable) == ("SourceUnreachable", False)


async def test_a_web_page_is_no_recording_and_leaves_nothing(bench: Bench, server: Server) -> None:
    server.pages["/a.mp3"] = Page(b"<!doctype html><title>Sign in</title>" * 100)

    refused = await bench.refused(server.url("/a.mp3"), server=server)

    assert (refused.type, refused.non_retryable) == ("RecordingUnusable", True)
    assert "'a.mp3'" in refused.message


async def test_what_can_not_be_transcribed_is_refused_for_good(bench: Bench, tmp_path: Path) -> None:
    bench.store.put("inbox/empty.mp3", b"")
    bench.store.put("inbox/script.mp3", b"ffconcat version 1.0\nfile one.wav\n")
    bench.put("inbox/silent.mp4", make_video(tmp_path, "silent.mp4", sound_starts_at=None, seconds=2))

    for source, why in {
        "inbox/empty.mp3": "The recording 'empty.mp3' is empty.",
        "inbox/script.mp3": "is not audio or video",
        "inbox/silent.mp4": "has video but no sound",
        "inbox/missing.mp3": "There is no object 'inbox/missing.mp3'",
        f"recordings/{'ab' * 32}/source.mp3": "There is no object",
        "results/x.json": "outside of what this farm reads",
        "/etc/passwd": "whisper-farm transcribe FILE",
        "http://example.org/a.mp3": "https://",
    }.items():
        refused = await bench.refused(source)
        assert refused.non_retryable, source
        assert why in refused.message


async def test_the_limits_hold_for_each_way_in(bench: Bench, talk: Path, server: Server) -> None:
    bench.put("inbox/talk.mp3", talk)
    server.pages["/talk.mp3"] = Page(bytes_of(talk), announced=-1)

    for source in ("inbox/talk.mp3", server.url("/talk.mp3")):
        large = await bench.refused(source, server=server, largest_recording_bytes=10_000)
        assert "too large" in large.message
        long = await bench.refused(source, server=server, longest_recording_seconds=2)
        assert "too long" in long.message


async def test_a_changed_file_behind_a_link_is_said_and_not_heard(bench: Bench, talk: Path) -> None:
    from whisper_farm.intake.storing import store_recording

    recording = store_recording(
        bench.store, talk, name=talk.name, limits=IntakeSettings(), on_bytes=lambda _: None
    )
    if recording.linked_mtime_ns is None:
        return  # this disk shares bytes without sharing changes
    with talk.open("ab") as file:
        file.write(b"more")

    refused = await bench.refused(recording.key)

    assert (refused.type, refused.non_retryable) == ("RecordingChanged", True)
    assert "hand it in again" in refused.message


async def test_a_store_that_is_away_is_tried_again(bench: Bench, talk: Path) -> None:
    class Away(DiskStore):
        @contextmanager
        def open(self, key: str) -> Iterator[Iterator[bytes]]:
            yield self._gone()

        def _gone(self) -> Iterator[bytes]:
            raise StoreUnreachable("The store is away.")

    bench.put("inbox/talk.mp3", talk)
    bench.store = Away(bench.folder / "store", "whisper-farm")

    failed = await bench.refused("inbox/talk.mp3")

    assert (failed.type, failed.non_retryable) == ("StoreUnreachable", False)


class Waiting(DiskStore):
    """A store whose reader waits after its first block until the test lets it go on."""

    def __init__(self, folder: Path, bucket: str) -> None:
        super().__init__(folder, bucket)
        self.reads = threading.Event()
        self.goes_on = threading.Event()
        self.ended = threading.Event()

    @contextmanager
    def open(self, key: str) -> Iterator[Iterator[bytes]]:
        def slowly(blocks: Iterator[bytes]) -> Iterator[bytes]:
            data = b"".join(blocks)
            for start in range(0, len(data), 1000):
                yield data[start : start + 1000]
                self.reads.set()
                self.goes_on.wait(30)

        try:
            with super().open(key) as blocks:
                yield slowly(blocks)
        finally:
            self.ended.set()


@pytest.fixture
async def waiting(bench: Bench, talk: Path) -> AsyncIterator[Waiting]:
    bench.put("inbox/talk.mp3", talk)
    store = Waiting(bench.folder / "store", "whisper-farm")
    bench.store = store
    yield store
    store.goes_on.set()


async def test_a_fetch_says_how_far_it_has_come(bench: Bench, waiting: Waiting, talk: Path) -> None:
    beats: list[int] = []
    beaten = asyncio.Event()

    def beat(*details: object) -> None:
        (detail,) = details
        assert isinstance(detail, dict)
        beats.append(detail["bytes"])
        if detail["bytes"] > 0:
            beaten.set()

    bench.environment.on_heartbeat = beat
    fetching = asyncio.create_task(bench.fetch("inbox/talk.mp3"))
    await asyncio.wait_for(beaten.wait(), 30)
    waiting.goes_on.set()

    assert (await fetching).size_bytes == len(bytes_of(talk))
    assert 1000 in beats


async def test_a_cancelled_fetch_stops_reading_and_stores_nothing(bench: Bench, waiting: Waiting) -> None:
    before = bench.stored()
    fetching = asyncio.create_task(bench.fetch("inbox/talk.mp3"))
    await asyncio.to_thread(waiting.reads.wait, 30)

    bench.environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching  # which waits no longer than a moment for a read that hangs
    waiting.goes_on.set()

    assert await asyncio.to_thread(waiting.ended.wait, 30)
    assert bench.stored() == before


async def test_the_language_sample_is_windows_from_all_over(bench: Bench) -> None:
    recording = await bench.fetch(bench.put("inbox/speech.flac", SPEECH))
    activities = RecordingActivities(bench.store, IntakeSettings(), bench.bucket, bench.folder)
    order = SampleLanguage(recording_sha256=recording.sha256, plan_sha256=PLAN)

    sampled = await bench.environment.run(activities.sample_language, order)

    pcm = decode_flac(bench.store.get(sampled.key), longest_samples=SAMPLE_RATE_HZ * 3600)
    assert sampled.key == keys.language_sample(recording.sha256, PLAN)
    assert sampled.windows == 6
    assert len(pcm) == 6 * 30 * SAMPLE_RATE_HZ
    assert np.abs(pcm).max() > 1000
    assert await bench.environment.run(activities.sample_language, order) == sampled
