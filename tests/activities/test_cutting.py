import asyncio
import dataclasses
import time
import wave
from collections.abc import Awaitable
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.cutting import CuttingActivities
from tests.activities.farm_store import ListeningClient, WatchedStore
from whisper_farm import identity, keys
from whisper_farm.audio.flac import decode_flac, pcm_sha256
from whisper_farm.messages import CutRecording, DropChunks, PlanSettled, RecordingCut, SettlePlan
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, Plan, Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.documents import read_document, write_document

JOB = "episode"


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    store = WatchedStore(tmp_path / "store")
    store.check()
    return store


@pytest.fixture
def client() -> ListeningClient:
    return ListeningClient()


@pytest.fixture
def environment() -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timedelta(seconds=0.2))
    return environment


class Bench:
    """A store with recordings, and cutting activities at work on them."""

    def __init__(self, store: WatchedStore, client: ListeningClient, scratch: Path) -> None:
        self.store = store
        self.client = client
        self.scratch = scratch
        self.slots = 2

    async def slots_of(self, model: str) -> int:
        return self.slots

    def activities(self) -> CuttingActivities:
        return CuttingActivities(self.store, self.client, IntakeSettings(), self.scratch, self.slots_of)

    def take_in(self, file: Path, *, duration: float | None) -> str:
        """Store `file` as intake would; the recording's hash."""
        found = sha256(file.read_bytes()).hexdigest()
        key = keys.recording_source(found, file.suffix[1:])
        self.store.put_file(key, file)
        meta = Recording(
            sha256=found,
            key=key,
            name=file.name,
            size_bytes=file.stat().st_size,
            container=file.suffix[1:],
            codec="any",
            channels=1,
            sample_rate_hz=SAMPLE_RATE_HZ,
            duration_seconds=duration,
            streamable=True,
        )
        write_document(self.store, keys.recording_meta(found), meta)
        return found

    async def settle(self, recording: str) -> PlanSettled:
        order = SettlePlan(job=JOB, model="demo", recording_sha256=recording)
        return await ActivityEnvironment().run(self.activities().settle_plan, order)

    async def cutting(self, recording: str, environment: ActivityEnvironment) -> RecordingCut:
        settled = await self.settle(recording)
        order = CutRecording(job=JOB, run="r1", recording_sha256=recording, plan_sha256=settled.plan_sha256)
        running: Awaitable[RecordingCut] = environment.run(self.activities().cut_recording, order)
        return await running

    async def forget_chunks(self, recording: str) -> None:
        """Remove all cuts and their audio, and what was written and announced; the plan stays."""
        plan = (await self.settle(recording)).plan_sha256
        found = [stat.key for stat in self.store.list(keys.chunk_folder(recording, plan))]
        self.store.delete([key for key in found if not key.endswith("plan.json")])
        self.store.written.clear()
        self.client.heard.clear()


@pytest.fixture
def bench(store: WatchedStore, client: ListeningClient, tmp_path: Path) -> Bench:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Bench(store, client, scratch)


@pytest.fixture
def podcast(bench: Bench, demo_recording: Path) -> str:
    return bench.take_in(demo_recording, duration=183.148)


def wav(path: Path, *, seconds: float) -> Path:
    """Digital silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(b"\0\0" * round(seconds * SAMPLE_RATE_HZ))
    return path


# ---- the plan -------------------------------------------------------------------------------------


async def test_a_plan_is_settled_once_and_binds_ever_after(bench: Bench, podcast: str) -> None:
    first = await bench.settle(podcast)
    bench.slots = 64
    assert await bench.settle(podcast) == first
    assert first.rules.slots == 2
    for key in (keys.job_plan(JOB), keys.chunk_plan(podcast, first.plan_sha256)):
        plan = read_document(bench.store, key, Plan)
        assert identity.plan_sha256(plan) == first.plan_sha256
        assert (plan.job_id, plan.recording_sha256, plan.rules) == (JOB, podcast, first.rules)


async def test_a_plan_of_another_recording_does_not_bind(bench: Bench, podcast: str, tmp_path: Path) -> None:
    other = bench.take_in(wav(tmp_path / "other.wav", seconds=5.0), duration=5.0)
    first, second = await bench.settle(podcast), await bench.settle(other)
    assert first.plan_sha256 != second.plan_sha256
    assert second.rules.duration == 5.0


async def test_a_plan_whose_copy_beside_the_chunks_was_lost_gets_it_back(bench: Bench, podcast: str) -> None:
    settled = await bench.settle(podcast)
    key = keys.chunk_plan(podcast, settled.plan_sha256)
    bench.store.delete([key])
    await bench.settle(podcast)
    assert bench.store.exists(key)


# ---- cutting --------------------------------------------------------------------------------------


async def test_a_recording_becomes_stored_and_announced_chunks(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    cut = await bench.cutting(podcast, environment)
    chunks = bench.client.chunks
    assert [chunk.index for chunk in chunks] == list(range(cut.chunk_count))
    assert [chunk.start for chunk in chunks] == [0, *(chunk.end for chunk in chunks[:-1])]
    assert chunks[-1].end == cut.samples == pytest.approx(183.148 * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ)
    assert cut.chunks_sha256 == identity.digest([chunk.model_dump(mode="json") for chunk in chunks])
    assert (cut.gaps, cut.warnings) == ([], [])
    assert bench.client.heard[-1].decoded_seconds == pytest.approx(183.1, abs=3.0)

    plan = (await bench.settle(podcast)).plan_sha256
    for chunk in chunks:
        stored = Chunk.model_validate_json(bench.store.get(keys.chunk_cut(podcast, plan, chunk.index)))
        flac = bench.store.get(keys.chunk_audio(podcast, plan, chunk.index))
        pcm = decode_flac(flac, longest_samples=chunk.end - chunk.start)
        assert stored == chunk
        assert (len(pcm), pcm_sha256(pcm)) == (chunk.end - chunk.start, chunk.pcm_sha256)


async def test_the_audio_of_a_chunk_is_stored_before_the_cut_that_promises_it(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    cut = await bench.cutting(podcast, environment)
    plan = (await bench.settle(podcast)).plan_sha256
    written = [key for key in bench.store.written if not key.endswith(("plan.json", "meta.json"))]
    assert written == [
        key
        for index in range(cut.chunk_count)
        for key in (keys.chunk_audio(podcast, plan, index), keys.chunk_cut(podcast, plan, index))
    ]


async def test_a_chunk_is_announced_while_the_rest_is_still_being_cut(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    await bench.settle(podcast)
    bench.store.puts_left = 2
    with pytest.raises(ApplicationError, match="went away") as caught:
        await bench.cutting(podcast, environment)
    assert not caught.value.non_retryable
    await bench.client.has_heard_of(1)
    assert [chunk.index for chunk in bench.client.chunks] == [0]


async def test_a_cutter_that_was_stopped_goes_on_where_it_was_and_writes_no_chunk_twice(
    bench: Bench, podcast: str
) -> None:
    whole = await bench.cutting(podcast, ActivityEnvironment())
    undisturbed = bench.client.chunks
    await bench.forget_chunks(podcast)

    bench.store.puts_left = 5  # two chunks, and the audio of a third without its cut
    with pytest.raises(ApplicationError, match="went away"):
        await bench.cutting(podcast, ActivityEnvironment())
    bench.store.puts_left = None
    settled, bench.store.written = bench.store.written, []
    assert await bench.cutting(podcast, ActivityEnvironment()) == whole
    assert set(settled) & set(bench.store.written) == {settled[4]}
    assert len(bench.store.written) == 2 * (whole.chunk_count - 2)
    announced = {chunk.index: chunk for chunk in bench.client.chunks}
    assert list(announced.values()) == undisturbed


async def test_cuts_that_are_stored_bind_also_where_the_planner_would_cut_elsewhere(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    await bench.cutting(podcast, environment)
    plan = (await bench.settle(podcast)).plan_sha256
    await bench.forget_chunks(podcast)
    foreign = Chunk(index=0, start=0, end=333_333, pcm_sha256="f" * 64)
    bench.store.put(keys.chunk_audio(podcast, plan, 0), b"fLaC of another encoder")
    bench.store.put(keys.chunk_cut(podcast, plan, 0), foreign.model_dump_json().encode())
    bench.store.written.clear()
    cut = await bench.cutting(podcast, ActivityEnvironment())
    chunks = bench.client.chunks
    assert chunks[0] == foreign
    assert [chunk.start for chunk in chunks] == [0, *(chunk.end for chunk in chunks[:-1])]
    assert chunks[-1].end == cut.samples
    assert keys.chunk_audio(podcast, plan, 0) not in bench.store.written


async def test_a_cut_without_its_audio_or_out_of_place_is_cut_anew(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    whole = await bench.cutting(podcast, environment)
    plan = (await bench.settle(podcast)).plan_sha256
    bench.store.delete([keys.chunk_audio(podcast, plan, 3)])
    assert await bench.cutting(podcast, ActivityEnvironment()) == whole
    assert bench.store.exists(keys.chunk_audio(podcast, plan, 3))

    bench.store.put(keys.chunk_cut(podcast, plan, 2), b"{}")
    assert await bench.cutting(podcast, ActivityEnvironment()) == whole
    assert bench.store.get(keys.chunk_cut(podcast, plan, 2)) != b"{}"


async def test_heartbeats_go_on_and_a_cancellation_is_heeded_while_the_store_stands_still(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    beats: list[float] = []
    many = asyncio.Event()

    def beat(*_: object) -> None:
        beats.append(time.monotonic())
        if len(beats) == 12:
            many.set()

    environment.on_heartbeat = beat
    await bench.settle(podcast)
    bench.store.moving.clear()
    running = asyncio.ensure_future(bench.cutting(podcast, environment))
    try:
        await asyncio.wait_for(many.wait(), 20)
        assert max(later - earlier for earlier, later in pairwise(beats)) < 2.0
        asked = time.monotonic()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - asked < 2.0
    finally:
        bench.store.moving.set()


async def test_a_job_that_is_closed_ends_its_cutter(bench: Bench, podcast: str) -> None:
    bench.client = ListeningClient(RPCStatusCode.NOT_FOUND)
    with pytest.raises(ApplicationError, match="nobody waits for its chunks") as caught:
        await bench.cutting(podcast, ActivityEnvironment())
    assert caught.value.non_retryable


# ---- what recordings lost -------------------------------------------------------------------------


async def test_a_recording_shorter_than_its_header_says_has_a_gap(
    bench: Bench, tmp_path: Path, environment: ActivityEnvironment
) -> None:
    recording = bench.take_in(wav(tmp_path / "half.wav", seconds=91.5), duration=183.0)
    cut = await bench.cutting(recording, environment)
    (gap,) = cut.gaps
    assert (gap.start, gap.end, gap.fault) == (91.5, 183.0, "recording")
    assert "its header says 3:03, only 1:31 could be read" in gap.reason


async def test_pure_silence_is_cut_into_chunks_as_any_recording(
    bench: Bench, tmp_path: Path, environment: ActivityEnvironment
) -> None:
    recording = bench.take_in(wav(tmp_path / "silence.wav", seconds=100.0), duration=100.0)
    cut = await bench.cutting(recording, environment)
    assert (cut.samples, cut.gaps, cut.warnings) == (100 * SAMPLE_RATE_HZ, [], [])
    assert cut.chunk_count == len(bench.client.chunks) > 1


async def test_a_recording_without_a_single_sample_is_unusable(
    bench: Bench, tmp_path: Path, environment: ActivityEnvironment
) -> None:
    recording = bench.take_in(wav(tmp_path / "nothing.wav", seconds=0.0), duration=0.0)
    with pytest.raises(ApplicationError, match=r"nothing\.wav") as caught:
        await bench.cutting(recording, environment)
    assert (caught.value.type, caught.value.non_retryable) == ("RecordingUnusable", True)


async def test_a_chunk_that_was_hurt_in_the_store_is_cut_again_as_it_was(
    bench: Bench, podcast: str, environment: ActivityEnvironment
) -> None:
    first = await bench.cutting(podcast, environment)
    plan = (await bench.settle(podcast)).plan_sha256
    folder = keys.chunk_folder(podcast, plan)
    before = {stat.key: bench.store.get(stat.key) for stat in bench.store.list(folder)}
    bench.store.put(keys.chunk_audio(podcast, plan, 1), b"fLaC and then rubbish")

    order = DropChunks(recording_sha256=podcast, plan_sha256=plan, indices=[1, 99])
    ActivityEnvironment().run(bench.activities().drop_chunks, order)
    again = await bench.cutting(podcast, ActivityEnvironment())

    assert again == first
    assert {stat.key: bench.store.get(stat.key) for stat in bench.store.list(folder)} == before
