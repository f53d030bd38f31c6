"""The whole engine with the demo's model on speech of which its first hearing loses a part."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.worker_gpu.test_engine import Patient, stingy_engine
from tools.word_error_rate import WordErrors, word_errors
from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard, Interrupted, Listening
from whisper_farm.weights import Weights
from worker_gpu.engine import FasterWhisperEngine
from worker_gpu.hearing import fitting_prompt
from worker_gpu.loading import Loaded

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

#: Seconds of the demo's recording. Windows that begin here lose two phrases; elsewhere they don't.
LOSSY = (75.886, 128.793)


@pytest.fixture(scope="module")
def lossy(podcast: "Pcm") -> "Pcm":
    return podcast[int(LOSSY[0] * SAMPLE_RATE_HZ) : int(LOSSY[1] * SAMPLE_RATE_HZ)]


@pytest.fixture(scope="module")
def spoken(demo_truth: Path) -> str:
    sentences = json.loads(demo_truth.read_text())["segments"]
    return " ".join(each["text"] for each in sentences if LOSSY[0] < each["start"] < LOSSY[1])


def hear(
    engine: FasterWhisperEngine,
    pcm: "Pcm",
    decoding: Decoding | None = None,
    *,
    listening: Listening | None = None,
    alone: bool = False,
) -> Heard:
    return engine.hear(
        pcm, decoding or Decoding(), language="en", listening=listening or Patient(), alone=alone
    )


@pytest.fixture(scope="module")
def mended(loaded: Loaded, lossy: "Pcm") -> Heard:
    return hear(loaded.engine, lossy)


@pytest.fixture(scope="module")
def first_only(loaded: Loaded, lossy: "Pcm") -> Heard:
    return hear(loaded.engine, lossy, Decoding(guards=False))


def errors(spoken: str, heard: Heard) -> WordErrors:
    return word_errors(spoken, " ".join(segment.text for segment in heard.segments))


def test_what_the_first_hearing_lost_is_found_and_the_decision_is_told(
    first_only: Heard, mended: Heard, spoken: str
) -> None:
    assert errors(spoken, first_only).deletions > 8
    assert errors(spoken, mended).deletions < 4
    lost = [rerun for rerun in mended.reruns if "speech without words" in rerun.reason]
    assert [(rerun.how, rerun.kept, rerun.sampled) for rerun in lost] == [("other windows", True, False)] * 2


def test_without_guards_everything_is_heard_once(first_only: Heard) -> None:
    assert (first_only.reruns, first_only.dropped) == ((), ())
    assert first_only.speech


def test_every_word_stands_on_speech(mended: Heard) -> None:
    words = [word for segment in mended.segments for word in segment.words]

    assert all(
        any(word.start < span.end and word.end > span.start for span in mended.speech) for word in words
    )


def test_text_and_words_of_a_segment_are_the_same_words(mended: Heard) -> None:
    assert all(
        "".join(word.word for word in segment.words).strip() == segment.text for segment in mended.segments
    )


def test_what_is_heard_again_is_the_same_whatever_runs_beside_it(
    loaded: Loaded, lossy: "Pcm", podcast: "Pcm", mended: Heard
) -> None:
    with ThreadPoolExecutor(2) as slots:
        beside = list(
            slots.map(lambda pcm: hear(loaded.engine, pcm), [lossy, podcast[: 40 * SAMPLE_RATE_HZ]])
        )

    assert beside[0] == mended
    assert hear(loaded.engine, lossy, alone=True) == mended


def test_re_runs_fit_into_little_memory_as_well(demo_weights: Weights, lossy: "Pcm", mended: Heard) -> None:
    assert hear(stingy_engine(demo_weights, room=1), lossy) == mended


def test_a_re_run_is_a_sign_of_life_and_no_progress(loaded: Loaded, lossy: "Pcm", first_only: Heard) -> None:
    listening, without = Patient(), Patient()

    hear(loaded.engine, lossy, listening=listening)
    hear(loaded.engine, lossy, Decoding(guards=False), listening=without)

    assert listening.signs == sorted(listening.signs)
    assert listening.signs[: len(without.signs)] == without.signs
    assert len(listening.signs) > len(without.signs)
    assert listening.signs[-1] == pytest.approx(len(lossy) / SAMPLE_RATE_HZ)


def test_it_stops_before_a_re_run_when_nobody_waits_any_more(loaded: Loaded, lossy: "Pcm") -> None:
    listening = Patient(batches=1)  # the start, and the one batch of the first hearing

    with pytest.raises(Interrupted):
        hear(loaded.engine, lossy, listening=listening)

    assert len(listening.signs) == 2


def test_what_is_sampled_is_marked(loaded: Loaded, podcast: "Pcm") -> None:
    heard = hear(loaded.engine, podcast[: 25 * SAMPLE_RATE_HZ], Decoding(temperatures=(0.2,), guards=False))

    assert [segment.temperature for segment in heard.segments] == [0.2]
    assert len(heard.segments[0].words) > 30


def test_without_voice_detection_speech_is_judged_all_the_same_and_nothing_taken_out(
    loaded: Loaded, lossy: "Pcm", spoken: str, mended: Heard
) -> None:
    heard = hear(loaded.engine, lossy, Decoding(vad=False))

    assert heard.speech == mended.speech
    assert heard.dropped == ()
    assert errors(spoken, heard).rate < 0.06


def test_a_prompt_and_hotwords_together_leave_room_for_what_is_said(loaded: Loaded) -> None:
    model = loaded.engine._model
    prompt = " ".join(f"word{n}" for n in range(200))

    assert fitting_prompt(model, prompt, "") == prompt
    assert fitting_prompt(model, "short", "names") == "short"
    fitting = fitting_prompt(model, prompt, "Anna Peter")
    assert prompt.endswith(fitting)
    room = model.max_length // 2 - 1
    both = model.hf_tokenizer.encode(f" {fitting} Anna Peter", add_special_tokens=False).ids
    assert len(both) <= room + 1
    assert fitting_prompt(model, prompt, prompt) == ""


def test_a_prompt_and_hotwords_reach_the_model_and_change_what_it_hears_no_more_than_they_should(
    loaded: Loaded, lossy: "Pcm"
) -> None:
    """The demo's model never saw a prompt, so only that it lives with one can be asked of it."""
    heard = hear(
        loaded.engine, lossy[: 20 * SAMPLE_RATE_HZ], Decoding(initial_prompt="Anna.", hotwords="Peter")
    )

    assert heard.speech
