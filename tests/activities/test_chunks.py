import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.chunks import ChunkActivities
from activities.pace import Pace
from activities.slots import Slots
from tests.faults.engines import Hanging, Sampling, Wrapped
from whisper_farm import keys
from whisper_farm.audio.flac import decode_flac, encode_flac, pcm_sha256
from whisper_farm.errors import WorkerFailed
from whisper_farm.messages import ChunkTranscribed, DetectLanguage, TranscribeChunk
from whisper_farm.models import Chunk, ChunkTranscript
from whisper_farm.request import Decoding
from whisper_farm.results import check_result
from whisper_farm.settings import WorkerSettings
from whisper_farm.speech import Heard, Listening, SpeechEngine
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import read_document
from whisper_farm.weights import resolve_weights
from worker_gpu.loading import load_engine, settle_hardware

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

T = TypeVar("T")

RECORDING = "ab" * 32
PLAN = "cd" * 32


@pytest.fixture(scope="module")
def real_engine(demo_model: Path) -> SpeechEngine:
    hardware = settle_hardware(WorkerSettings(device="cpu", slots=2, batch_size=1))
    return load_engine(resolve_weights(str(demo_model)), hardware).engine


@pytest.fixture(scope="module")
def audio(demo_recording: Path) -> "Pcm":
    return decode_flac(demo_recording.read_bytes(), longest_samples=10_000_000)[: 8 * 16_000]


@pytest.fixture(scope="module")
def first_word(demo_truth: Path) -> str:
    word: str = json.loads(demo_truth.read_text())["segments"][0]["text"].split()[0]
    return word


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    store = DiskStore(tmp_path / "store", "whisper-farm")
    store.check()
    return store


def environment() -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timedelta(seconds=0.2))
    return environment


class Room:
    """One worker's activities over one store, and the orders for them."""

    def __init__(
        self, engine: SpeechEngine, store: DiskStore, *, slots: int = 2, drain_seconds: float = 20.0
    ) -> None:
        self.store = store
        self.hung: list[str] = []
        self.pace = Pace(step_audio_seconds=30.0)
        self.activities = ChunkActivities(
            engine,
            store,
            slots=Slots(slots),
            pace=self.pace,
            worker="gpu 1@here",
            drain_seconds=drain_seconds,
            hung=self.hung.append,
        )

    def order(
        self, pcm: "Pcm", *, index: int = 0, take: str = "", weights: str | None = None
    ) -> TranscribeChunk:
        """The order for `pcm`, which is put into the store."""
        self.store.put(keys.chunk_audio(RECORDING, PLAN, index), encode_flac(pcm))
        chunk = Chunk(index=index, start=0, end=len(pcm), pcm_sha256=pcm_sha256(pcm))
        return TranscribeChunk(
            job="talk",
            recording_sha256=RECORDING,
            plan_sha256=PLAN,
            chunk=chunk,
            decoding=Decoding(),
            language="en",
            weights=weights,
            take=take,
            alone=False,
        )

    async def hear(self, order: TranscribeChunk) -> ChunkTranscribed:
        return await environment().run(self.activities.transcribe_chunk, order)

    def stored(self, order: TranscribeChunk, answer: ChunkTranscribed) -> ChunkTranscript:
        transcript = read_document(self.store, answer.result, ChunkTranscript)
        check_result(answer.result, order.chunk, transcript)
        return transcript


async def failure(running: Awaitable[object]) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await asyncio.wait_for(running, 20)
    return caught.value


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another thread
            await asyncio.sleep(0.01)


async def test_a_chunk_is_heard_and_stored_under_its_audio_and_its_recipe(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm", first_word: str
) -> None:
    room = Room(real_engine, store)
    order = room.order(audio)

    answer = await room.hear(order)

    transcript = room.stored(order, answer)
    assert transcript.segments[0].text.startswith(first_word)
    assert answer.word_count == sum(len(segment.words) for segment in transcript.segments) > 10
    assert answer.weights == real_engine.weights
    assert not answer.stored_before
    assert transcript.recipe["weights"] == real_engine.weights


async def test_what_is_stored_is_never_computed_again(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    counting = Wrapped(real_engine)
    room = Room(counting, store)
    order = room.order(audio)
    first = await room.hear(order)
    store.delete([keys.chunk_audio(RECORDING, PLAN, 0)])

    again = await room.hear(order)

    assert again.stored_before
    assert again.result == first.result
    assert counting.heard == 1


async def test_what_another_worker_drew_meanwhile_is_not_replaced_by_a_second_draw(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    other = Room(real_engine, store)
    order = other.order(audio)
    first = await other.hear(order)
    drawn = store.get(first.result)
    store.delete([first.result])
    room = Room(Sampling(real_engine, meanwhile=lambda: store.put(first.result, drawn)), store)

    answer = await room.hear(order)

    assert (answer.result, answer.stored_before) == (first.result, True)
    assert store.get(first.result) == drawn


async def test_a_run_that_computes_anew_has_results_of_its_own(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    counting = Wrapped(real_engine)
    room = Room(counting, store)
    first = await room.hear(room.order(audio))

    anew = await room.hear(room.order(audio, take="run-2"))

    assert anew.result != first.result
    assert counting.heard == 2


async def test_chunks_at_once_are_heard_as_they_are_one_by_one(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(real_engine, store)
    orders = [room.order(audio[i * 1000 :], index=i) for i in range(3)]
    alone = [room.order(audio[i * 1000 :], index=i, take="one by one") for i in range(3)]

    together = await asyncio.gather(*(room.hear(order) for order in orders))
    for order, answer in zip(alone, together, strict=True):
        one = room.stored(order, await room.hear(order))
        assert one.segments == room.stored(order, answer).segments


async def test_silence_is_stored_as_nothing_said(real_engine: SpeechEngine, store: DiskStore) -> None:
    room = Room(real_engine, store)
    order = room.order(np.zeros(16_000, dtype=np.int16))

    answer = await room.hear(order)

    assert answer.word_count == 0
    assert room.stored(order, answer).segments == ()


async def test_a_chunk_that_is_not_what_was_cut_has_to_be_cut_anew(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(real_engine, store)
    order = room.order(audio)
    store.put(keys.chunk_audio(RECORDING, PLAN, 0), encode_flac(audio[::-1].copy()))

    error = await failure(room.hear(order))

    assert error.type == "ChunkUnreadable"
    assert error.non_retryable
    assert "Chunk 0 of 'talk'" in error.message


async def test_a_damaged_chunk_has_to_be_cut_anew(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(real_engine, store)
    order = room.order(audio)
    store.put(keys.chunk_audio(RECORDING, PLAN, 0), encode_flac(audio)[:2000])

    assert (await failure(room.hear(order))).type == "ChunkUnreadable"


async def test_a_chunk_that_is_gone_has_to_be_cut_anew(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(real_engine, store)
    order = room.order(audio)
    store.delete([keys.chunk_audio(RECORDING, PLAN, 0)])

    error = await failure(room.hear(order))

    assert (error.type, error.non_retryable) == ("ChunkUnreadable", True)


async def test_a_worker_with_other_weights_lets_another_one_try(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(real_engine, store)

    error = await failure(room.hear(room.order(audio, weights="f" * 64)))

    assert error.type == "WorkerFailed"
    assert not error.non_retryable
    assert "ffffffff" in error.message
    assert real_engine.weights[:8] in error.message


async def test_a_cancelled_chunk_is_left_at_once_and_its_slot_when_its_thread_ends(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    hanging = Hanging(real_engine)
    room = Room(hanging, store, slots=1)
    place = environment()
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))
    await asyncio.to_thread(hanging.hangs.wait)

    place.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 20)

    next_place, stages = environment(), list[str]()
    next_place.on_heartbeat = lambda details: stages.append(details["stage"])
    waiting = asyncio.ensure_future(
        next_place.run(room.activities.transcribe_chunk, room.order(audio, index=1))
    )
    await until(lambda: "waiting for a slot" in stages)
    assert hanging.entered == 1  # the slot is still the first one's
    hanging.let_go.set()
    assert (await asyncio.wait_for(waiting, 20)).word_count > 0
    assert hanging.entered == 2


async def test_an_engine_is_told_to_stop_when_nobody_waits_any_more(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    engine = UntilStopped(real_engine)
    room = Room(engine, store)
    place = environment()
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))
    await until(lambda: engine.heard == 1)

    place.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await until(lambda: engine.was_stopped)


async def test_a_leaving_worker_hands_back_what_it_can_not_finish(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    hanging = Hanging(real_engine)
    room = Room(hanging, store)
    place = environment()
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))
    await asyncio.to_thread(hanging.hangs.wait)

    place.worker_shutdown()
    error = await failure(running)

    assert error.type == "WorkerLeaving"
    assert not error.non_retryable
    assert error.next_retry_delay is not None
    assert error.next_retry_delay < timedelta(seconds=1)
    hanging.let_go.set()


async def test_a_leaving_worker_finishes_what_fits_its_time(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    hanging = Hanging(real_engine)
    room = Room(hanging, store, drain_seconds=100.0)
    room.pace.heard(audio_seconds=60.0, seconds=1.0)
    place = environment()
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))
    await asyncio.to_thread(hanging.hangs.wait)

    place.worker_shutdown()
    await asyncio.sleep(0.05)
    hanging.let_go.set()

    assert (await asyncio.wait_for(running, 20)).word_count > 0


async def test_time_that_ran_out_hands_back_too(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    hanging = Hanging(real_engine)
    room = Room(hanging, store)
    place = environment()
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))
    await asyncio.to_thread(hanging.hangs.wait)

    place.cancel(ActivityCancellationDetails(worker_shutdown=True))

    assert (await failure(running)).type == "WorkerLeaving"
    hanging.let_go.set()


async def test_a_hung_engine_is_noticed_and_its_worker_told_to_go(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.pace.SHORTEST_PATIENCE_SECONDS", 0.1)
    hanging = Hanging(real_engine)
    room = Room(hanging, store)
    for _ in range(64):
        room.pace.step_took(0.01)

    error = await failure(room.hear(room.order(audio)))

    assert error.type == "WorkerFailed"
    assert "made no progress" in error.message
    assert room.hung == [error.message]
    hanging.let_go.set()


async def test_an_engine_that_only_fails_makes_its_worker_go(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(Broken(real_engine), store)
    order = room.order(audio)

    for _ in range(3):
        assert (await failure(room.hear(order))).type == "WorkerFailed"

    assert len(room.hung) == 1
    assert "3 times in a row" in room.hung[0]


async def test_beats_say_how_far_the_chunk_is(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    hanging = Hanging(real_engine)
    room = Room(hanging, store)
    place = environment()
    stages: list[str] = []
    place.on_heartbeat = lambda details: stages.append(details["stage"])
    running = asyncio.ensure_future(place.run(room.activities.transcribe_chunk, room.order(audio)))

    await until(lambda: "hearing" in stages)

    hanging.let_go.set()
    await running


async def test_an_english_model_needs_no_sample_to_know_its_language(
    real_engine: SpeechEngine, store: DiskStore
) -> None:
    room = Room(real_engine, store)
    order = DetectLanguage(sample_key=keys.language_sample(RECORDING, PLAN), weights=None)

    detected = await environment().run(room.activities.detect_language, order)

    assert (detected.language, detected.probability) == ("en", 1.0)


async def test_a_language_is_voted_on_in_a_sample(
    real_engine: SpeechEngine, store: DiskStore, audio: "Pcm"
) -> None:
    room = Room(Multilingual(real_engine), store)
    key = keys.language_sample(RECORDING, PLAN)
    store.put(key, encode_flac(audio))

    detected = await environment().run(
        room.activities.detect_language, DetectLanguage(sample_key=key, weights=real_engine.weights)
    )

    assert detected.language == "en"


class UntilStopped(Wrapped):
    """Hears until it is asked to stop."""

    was_stopped = False

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        self.heard += 1
        while not listening.should_stop():
            pass
        self.was_stopped = True
        raise WorkerFailed("stopped")


class Broken(Wrapped):
    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        raise WorkerFailed("CUDA failed with error unspecified launch failure")


class Multilingual(Wrapped):
    @property
    def is_multilingual(self) -> bool:
        return True
