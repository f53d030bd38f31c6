import pytest

from tests.domain.hearing import chunk, heard, window
from whisper_farm.audit import NO_WORDS
from whisper_farm.errors import ObjectDamaged, PermanentError
from whisper_farm.models import Gap
from whisper_farm.results import check_result, check_same_weights
from whisper_farm.verdict import joined_gaps, judge

CUT_SHORT = Gap(
    start=91, end=183.2, reason="the recording is cut short: its header promises 3:03", fault="recording"
)


def test_a_job_without_losses_is_complete_and_says_nothing() -> None:
    verdict = judge([], [])
    assert (verdict.state, verdict.warnings, verdict.message) == ("complete", (), None)


def test_a_recording_cut_short_is_complete_with_a_warning() -> None:
    verdict = judge([CUT_SHORT], ["The recording is cut short: its header promises 3:03."])
    assert verdict.state == "complete"
    assert verdict.message == (
        "The recording is cut short: its header promises 3:03; 1:31 to 3:03 is missing."
    )
    assert verdict.warnings == (verdict.message,)


def test_a_gap_that_is_the_farms_fault_leaves_the_job_incomplete() -> None:
    gaps = [Gap(start=60 * n, end=60 * n + 30, reason="the engine failed", fault="farm") for n in range(6)]
    verdict = judge(gaps, ["The sound is very quiet"])
    assert verdict.state == "incomplete"
    assert verdict.message == (
        "The engine failed; 0:00 to 0:30, 1:00 to 1:30, 2:00 to 2:30, 3:00 to 3:30 and 2 more are missing."
        " A retry of the job hears only what is missing. The sound is very quiet."
    )


def test_speech_without_words_is_told_and_leaves_the_job_complete() -> None:
    gaps = [Gap(start=723, end=726, reason=NO_WORDS, fault="model")]
    verdict = judge(gaps, [])
    assert verdict.state == "complete"
    assert verdict.message == "Somebody speaks at 12:03 to 12:06 and no words were found."


def test_many_stretches_of_speech_without_words_are_told_in_short() -> None:
    gaps = [Gap(start=60 * n, end=60 * n + 3, reason=NO_WORDS, fault="model") for n in range(40)]
    lost = Gap(start=3000, end=3060, reason="the engine failed", fault="farm")
    verdict = judge([*gaps, lost], [])
    assert verdict.state == "incomplete"
    assert verdict.message == (
        "Somebody speaks at 0:00 to 0:03, 1:00 to 1:03, 2:00 to 2:03, 3:00 to 3:03 and 36 more; no words were"
        " found there. The engine failed; 50:00 to 51:00 is missing. A retry of the job hears only what is"
        " missing."
    )


def test_neighbouring_gaps_of_one_reason_are_one() -> None:
    one, two = (Gap(start=s, end=s + 10, reason="broken", fault="recording") for s in (0, 10))
    other = Gap(start=20, end=30, reason="lost", fault="farm")
    assert joined_gaps([other, two, one]) == (one.model_copy(update={"end": 20.0}), other)


def test_a_result_of_other_audio_is_refused() -> None:
    here, there = chunk(0, 0, 10), chunk(1, 10, 20)
    key = f"results/{here.pcm_sha256}/{'b' * 64}.json"
    check_result(key, here, heard(here, window((" fine", 9.0, 10.5))))
    with pytest.raises(ObjectDamaged, match="other audio than chunk 0"):
        check_result(key, here, heard(there))
    with pytest.raises(ObjectDamaged, match="another recipe"):
        check_result(key.replace("b", "c"), here, heard(here))
    with pytest.raises(ObjectDamaged, match=r"places words at 11\.50 s of 10\.00 s"):
        check_result(key, here, heard(here, window((" late", 9.0, 11.5))))


def test_two_weights_in_one_job_are_named() -> None:
    with pytest.raises(
        PermanentError, match="chunk 3 was heard with 'cccc', the chunks before it with 'dddd'"
    ):
        check_same_weights(3, "cccc", others="dddd", model="tiny")
