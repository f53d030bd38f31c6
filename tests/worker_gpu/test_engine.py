import gc
import json
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tools.word_error_rate import word_errors
from whisper_farm.errors import WorkerFailed
from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard, Interrupted
from whisper_farm.weights import Weights
from worker_gpu import wide as wide_module
from worker_gpu.engine import FasterWhisperEngine
from worker_gpu.loading import Loaded
from worker_gpu.wide import WideModel

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm


class Patient:
    """Listens to the end, or to the first batch where it is told to."""

    def __init__(self, *, batches: int | None = None) -> None:
        self.signs: list[float] = []
        self._batches = batches

    def progressed(self, audio_seconds: float) -> None:
        self.signs.append(audio_seconds)

    def should_stop(self) -> bool:
        return self._batches is not None and len(self.signs) > self._batches


class Stingy(WhisperModel):  # type: ignore[misc] # comes without types
    """A model on a device that has room for so many windows at once."""

    room = 64

    def encode(self, features: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> object:
        if len(features) > self.room:
            raise RuntimeError("CUDA failed with error out of memory")
        return super().encode(features)


def stingy_engine(weights: Weights, *, room: int, wide: WideModel | None = None) -> FasterWhisperEngine:
    model = Stingy(str(weights.folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=2)
    model.room = room
    return FasterWhisperEngine(model, weights, slots=2, batch_size=4, wide=wide)


def hear(engine: FasterWhisperEngine, pcm: "Pcm", *, alone: bool = False, vad: bool = True) -> Heard:
    return engine.hear(pcm, Decoding(vad=vad), language="en", listening=Patient(), alone=alone)


@pytest.fixture(scope="module")
def first_minute(podcast: "Pcm", demo_truth: Path) -> "tuple[Pcm, str]":
    """The recording up to the end of the last sentence within its first 75 s, and what is said in it."""
    truth = json.loads(demo_truth.read_text())
    said = [sentence for sentence in truth["segments"] if sentence["end"] < 75.0]
    end = int((said[-1]["end"] + 0.1) * SAMPLE_RATE_HZ)
    return podcast[:end], " ".join(sentence["text"] for sentence in said)


@pytest.fixture(scope="module")
def heard_first_minute(loaded: Loaded, first_minute: "tuple[Pcm, str]") -> Heard:
    return hear(loaded.engine, first_minute[0])


def test_speech_is_heard_nearly_without_error(
    heard_first_minute: Heard, first_minute: "tuple[Pcm, str]"
) -> None:
    text = " ".join(segment.text for segment in heard_first_minute.segments)

    assert word_errors(first_minute[1], text).rate < 0.03


def test_words_stand_in_order_within_the_chunk(
    heard_first_minute: Heard, first_minute: "tuple[Pcm, str]"
) -> None:
    words = [word for segment in heard_first_minute.segments for word in segment.words]
    starts = [word.start for word in words]

    assert len(words) > 100
    assert starts == sorted(starts)
    assert all(word.start <= word.end <= len(first_minute[0]) / SAMPLE_RATE_HZ for word in words)


def test_words_start_where_they_are_spoken(heard_first_minute: Heard, demo_truth: Path) -> None:
    truth = [w for s in json.loads(demo_truth.read_text())["segments"] for w in s["words"]]
    heard = [word for segment in heard_first_minute.segments for word in segment.words]

    late = [
        abs(word.start - said["start"])
        for word, said in zip(heard, truth, strict=False)
        if word.word.strip(" .,?") == said["word"].strip(" .,?")
    ]

    assert len(late) > 0.9 * len(heard)
    assert np.median(late) < 0.03


def test_a_chunk_is_heard_the_same_whatever_runs_beside_it(
    loaded: Loaded, heard_first_minute: Heard, first_minute: "tuple[Pcm, str]"
) -> None:
    with ThreadPoolExecutor(2) as slots:
        beside = list(slots.map(lambda _: hear(loaded.engine, first_minute[0]), range(2)))

    assert beside == [heard_first_minute] * 2


def test_a_chunk_that_is_alone_is_heard_the_same_by_all_cores(
    loaded: Loaded, heard_first_minute: Heard, first_minute: "tuple[Pcm, str]"
) -> None:
    assert hear(loaded.engine, first_minute[0], alone=True) == heard_first_minute


def test_a_short_clip_that_is_alone_is_heard_the_same_by_a_second_copy_that_comes_and_goes(
    loaded: Loaded, demo_weights: Weights, podcast: "Pcm", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first copy has no room for anything, so it is the second one that hears."""
    clip = podcast[: 20 * SAMPLE_RATE_HZ]
    copies: list[weakref.ref[WhisperModel]] = []

    def load() -> WhisperModel:
        copy = WhisperModel(str(demo_weights.folder), device="cpu", compute_type="int8", cpu_threads=2)
        copies.append(weakref.ref(copy))
        return copy

    engine = stingy_engine(demo_weights, room=0, wide=WideModel(load))
    monkeypatch.setattr(wide_module, "KEPT_SECONDS", 3600.0)
    first = hear(engine, clip, alone=True)
    monkeypatch.setattr(wide_module, "KEPT_SECONDS", 0.0)
    second = hear(engine, clip, alone=True)

    assert first == second == hear(loaded.engine, clip)
    assert sum(len(segment.words) for segment in first.segments) > 30
    assert len(copies) == 1
    deadline = time.monotonic() + 20
    while copies[0]() is not None:
        assert time.monotonic() < deadline, "the second copy stays"
        time.sleep(0.02)
        gc.collect()
    with pytest.raises(WorkerFailed, match="memory"):
        hear(engine, clip, alone=False)


def test_too_large_a_batch_is_heard_in_smaller_ones_with_the_same_words(
    demo_weights: Weights, heard_first_minute: Heard, first_minute: "tuple[Pcm, str]"
) -> None:
    assert hear(stingy_engine(demo_weights, room=1), first_minute[0]) == heard_first_minute


def test_a_window_that_never_fits_is_the_workers_failure(
    demo_weights: Weights, first_minute: "tuple[Pcm, str]"
) -> None:
    with pytest.raises(WorkerFailed, match=r"memory .*WHISPER_FARM_SLOTS"):
        hear(stingy_engine(demo_weights, room=0), first_minute[0])


def test_nobody_speaks_in_silence(loaded: Loaded) -> None:
    heard = hear(loaded.engine, np.zeros(40 * SAMPLE_RATE_HZ, dtype=np.int16))

    assert heard == Heard(segments=(), speech_seconds=0.0)


def test_nothing_is_said_in_silence_without_voice_detection_either(loaded: Loaded) -> None:
    heard = hear(loaded.engine, np.zeros(40 * SAMPLE_RATE_HZ, dtype=np.int16), vad=False)

    assert heard.segments == ()


@pytest.mark.parametrize("vad", [True, False])
@pytest.mark.parametrize("samples", [0, 1, 100, 1600])
def test_a_moment_of_audio_is_no_trouble(loaded: Loaded, podcast: "Pcm", samples: int, vad: bool) -> None:
    heard = hear(loaded.engine, podcast[80_000 : 80_000 + samples], vad=vad)

    assert all(segment.end <= samples / SAMPLE_RATE_HZ for segment in heard.segments)


def test_without_voice_detection_windows_are_cut_where_it_is_quiet(
    loaded: Loaded, first_minute: "tuple[Pcm, str]"
) -> None:
    text = " ".join(s.text for s in hear(loaded.engine, first_minute[0], vad=False).segments)

    assert word_errors(first_minute[1], text).rate < 0.06


def test_the_samples_it_is_given_stay_as_they_are(loaded: Loaded, podcast: "Pcm") -> None:
    clip = podcast[: 5 * SAMPLE_RATE_HZ].copy()

    hear(loaded.engine, clip)

    assert np.array_equal(clip, podcast[: 5 * SAMPLE_RATE_HZ])


def test_it_stops_between_two_batches_when_nobody_waits_any_more(loaded: Loaded, podcast: "Pcm") -> None:
    listening = Patient(batches=1)

    with pytest.raises(Interrupted):
        loaded.engine.hear(podcast, Decoding(), language="en", listening=listening)

    assert len(listening.signs) == 2  # the start, and the first batch of three


def test_an_english_model_votes_for_english_and_hears_in_it(loaded: Loaded, podcast: "Pcm") -> None:
    assert not loaded.engine.is_multilingual
    assert loaded.engine.vote_language(podcast).language == "en"
    assert loaded.engine.recipe(Decoding(), language="de", take="").language == "en"


def test_the_recipe_is_all_that_changes_the_words_and_nothing_else(loaded: Loaded) -> None:
    recipe = loaded.engine.recipe(Decoding(), language="en", take="")

    assert recipe.weights == loaded.engine.weights
    assert recipe.compute_type.startswith("int8")
    assert loaded.engine.recipe(Decoding(language="en"), language="en", take="").sha256 == recipe.sha256
    assert loaded.engine.recipe(Decoding(beam_size=1), language="en", take="").sha256 != recipe.sha256
    assert loaded.engine.recipe(Decoding(), language="en", take="run").sha256 != recipe.sha256


def test_a_broken_engine_is_the_workers_failure_in_a_sentence(demo_weights: Weights, podcast: "Pcm") -> None:
    engine = stingy_engine(demo_weights, room=64)

    with pytest.raises(WorkerFailed, match=r"speech engine failed: .*beam size"):
        engine.hear(
            podcast[:80_000],
            Decoding().model_copy(update={"beam_size": 0}),
            language="en",
            listening=Patient(),
        )


def test_signs_of_life_come_from_all_threads_of_a_lone_chunk(loaded: Loaded, podcast: "Pcm") -> None:
    threads = set()

    class Listening(Patient):
        def progressed(self, audio_seconds: float) -> None:
            super().progressed(audio_seconds)
            threads.add(threading.get_ident())

    listening = Listening()
    loaded.engine.hear(podcast, Decoding(), language="en", listening=listening, alone=True)

    assert len(threads) == 3  # the asking one, and one for each slot
    assert max(listening.signs) == pytest.approx(len(podcast) / SAMPLE_RATE_HZ)
