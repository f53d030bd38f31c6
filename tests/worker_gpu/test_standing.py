"""Every word stands on speech, and what can't is told."""

from hypothesis import given
from hypothesis import strategies as st

from tests.worker_gpu.said import said, speech, text
from whisper_farm.merging.placing import Placed, samples
from whisper_farm.models import SAMPLE_RATE_HZ
from worker_gpu.guards import distance_to_speech
from worker_gpu.standing import NEAR_SPEECH, TOLERANCE, stand_on_speech

SPEECH = speech((1.0, 3.0), (6.0, 8.0))


def seconds(words: list[Placed]) -> list[tuple[float, float]]:
    return [(round(w.start / SAMPLE_RATE_HZ, 2), round(w.end / SAMPLE_RATE_HZ, 2)) for w in words]


def test_words_on_speech_stay_as_they_are() -> None:
    words = said("good morning everybody", start=1.0)

    assert stand_on_speech(words, SPEECH) == (words, [])


def test_a_word_that_is_stretched_over_a_pause_ends_with_its_speech() -> None:
    standing, removed = stand_on_speech(said("everybody", start=2.5, each=3.0), SPEECH)

    assert (seconds(standing), removed) == ([(2.5, 3.0)], [])


def test_a_word_that_begins_in_a_pause_begins_with_its_speech_of_which_the_detector_hears_late() -> None:
    standing, _ = stand_on_speech(said("welcome", start=4.0, each=2.5), SPEECH)

    assert seconds(standing) == [(5.94, 6.5)]


def test_a_word_that_begins_as_early_as_word_times_are_exact_stays_as_it_is() -> None:
    words = said("welcome", start=5.92)

    assert stand_on_speech(words, SPEECH) == (words, [])


def test_a_word_beside_speech_is_moved_into_it() -> None:
    standing, removed = stand_on_speech([*said("we", start=0.5), *said("then", start=3.2)], SPEECH)

    assert (seconds(standing), removed) == ([(1.0, 1.2), (2.8, 3.0)], [])


def test_a_word_beside_speech_that_is_more_likely_wrong_than_right_is_taken_out_and_told() -> None:
    standing, removed = stand_on_speech(said("window", start=3.2, probability=0.4), SPEECH)

    assert standing == []
    assert [(text(each.words), each.reason) for each in removed] == [
        ("window", "words beside speech, more likely wrong than right")
    ]


def test_words_far_from_all_speech_are_taken_out_and_told_together() -> None:
    standing, removed = stand_on_speech(said("thank you for watching", start=9.0), SPEECH)

    assert standing == []
    assert [(text(each.words), each.reason) for each in removed] == [
        ("thank you for watching", "words where nobody speaks")
    ]


def test_where_nobody_speaks_no_word_stands() -> None:
    assert stand_on_speech(said("thank you"), [])[0] == []


@st.composite
def heard(draw: st.DrawFn) -> list[Placed]:
    starts = sorted(draw(st.lists(st.floats(0, 12), max_size=30)))
    return [
        Placed(
            samples(start), samples(start + draw(st.floats(0, 4))), " word", draw(st.sampled_from([0.2, 0.9]))
        )
        for start in starts
    ]


@given(heard())
def test_afterwards_no_word_stands_over_silence_none_is_lost_silently_and_order_stays(
    words: list[Placed],
) -> None:
    standing, removed = stand_on_speech(words, SPEECH)

    assert all(distance_to_speech(word, SPEECH) == 0 for word in standing)
    assert len(standing) + sum(len(each.words) for each in removed) == len(words)
    assert [w.start for w in standing] == sorted(w.start for w in standing)
    assert all(w.start <= w.end <= SPEECH[-1].end + TOLERANCE for w in standing)
    assert NEAR_SPEECH > TOLERANCE
