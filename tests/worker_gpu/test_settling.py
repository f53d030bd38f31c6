"""Where two hearings meet, each word appears once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.worker_gpu.said import said, text
from whisper_farm.merging.placing import samples
from worker_gpu.settling import settle

WORDS = said("one two three four five six seven eight nine ten eleven twelve")


@given(st.integers(samples(1.0), samples(3.8)), st.integers(-samples(0.2), samples(0.2)))
def test_a_word_that_both_heard_appears_once_wherever_they_meet_and_however_they_time_it(
    at: int, later: int
) -> None:
    """Both hear a little more than the other: 1.5 s beyond the point where they meet."""
    left = [word for word in WORDS if word.end < at + samples(1.5)]
    right = [
        replace(word, start=max(0, word.start + later), end=max(0, word.end + later))
        for word in WORDS
        if word.start > at - samples(1.5)
    ]

    before, after = settle(left, right, at)

    assert text([*before, *after]) == text(WORDS)


def test_a_phrase_said_twice_is_not_taken_for_one() -> None:
    words = said("see you next week see you next week")

    before, after = settle(words, words, samples(1.6))

    assert text([*before, *after]) == text(words)


def test_a_word_that_only_one_heard_goes_by_its_own_middle() -> None:
    before, after = settle(said("one two"), said("three four", start=0.8), samples(0.8))

    assert text([*before, *after]) == "one two three four"
