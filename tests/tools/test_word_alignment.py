import random
import time
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from tools import word_alignment
from tools.word_alignment import Pair, Starts, align, align_timed, mistakes
from tools.word_error_rate import compare

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=14)
LONGER = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=8, max_size=40)


def parts(truth: str, heard: str) -> list[tuple[str, str]]:
    """Each mistake as its part and the word it is about."""
    said, found = truth.split(), heard.split()
    return [
        (each.part, found[each.heard] if each.heard is not None else said[each.truth or 0])
        for each in mistakes(said, found)
    ]


@given(WORDS, WORDS)
def test_an_alignment_has_as_few_edits_as_there_can_be(truth: list[str], heard: list[str]) -> None:
    edits = [
        pair
        for pair in align(truth, heard)
        if pair.truth is None or pair.heard is None or truth[pair.truth] != heard[pair.heard]
    ]
    assert len(edits) == len(mistakes(truth, heard)) == compare(truth, heard).errors


@given(WORDS, WORDS)
def test_an_alignment_holds_every_word_of_both_once_and_in_order(truth: list[str], heard: list[str]) -> None:
    pairs = align(truth, heard)
    assert [pair.truth for pair in pairs if pair.truth is not None] == list(range(len(truth)))
    assert [pair.heard for pair in pairs if pair.heard is not None] == list(range(len(heard)))


@given(LONGER, LONGER)
def test_long_texts_are_aligned_as_exactly_part_by_part(truth: list[str], heard: list[str]) -> None:
    with patch.object(word_alignment, "_MOST_CELLS", 20):
        assert len(mistakes(truth, heard)) == compare(truth, heard).errors


def test_ten_thousand_words_that_have_nothing_in_common_take_seconds_and_not_minutes() -> None:
    begun = time.process_time()
    pairs = align([f"a{n}" for n in range(10_000)], [f"b{n}" for n in range(10_000)])
    assert pairs[0] == Pair(0, 0)
    assert time.process_time() - begun < 30


def test_a_word_that_is_missing_is_lost() -> None:
    assert parts("we saw the old bridge", "we saw the bridge") == [("lost", "old")]


def test_a_word_in_place_of_another_is_wrong() -> None:
    assert parts("we saw the bridge", "we saw a bridge") == [("wrong", "a")]


def test_a_word_said_twice_is_doubled_on_whichever_side_it_is_counted() -> None:
    assert parts("we saw the bridge", "we saw the the bridge") == [("doubled", "the")]
    assert parts("the bridge", "the bridge the") == [("doubled", "the")]


def test_a_word_that_nobody_said_and_that_repeats_nothing_is_wrong() -> None:
    assert parts("we saw the bridge", "we saw the bridge thanks") == [("wrong", "thanks")]


def test_a_word_that_comes_again_far_away_is_no_repetition() -> None:
    assert parts("one two three four five six", "one two three four five six one") == [("wrong", "one")]


def test_a_phrase_that_loops_is_doubled_with_each_of_its_words() -> None:
    said = "nine quiet ships left the old harbor"
    assert parts(said, f"{said} left the old harbor left the old harbor") == [
        ("doubled", word) for word in 2 * ["left", "the", "old", "harbor"]
    ]


def test_nothing_heard_is_all_lost_and_something_heard_of_silence_is_all_wrong() -> None:
    assert parts("one two", "") == [("lost", "one"), ("lost", "two")]
    assert parts("", "thank you") == [("wrong", "thank"), ("wrong", "you")]
    assert parts("", "") == []


def test_of_a_word_heard_twice_the_one_that_comes_at_the_wrong_time_is_too_many() -> None:
    truth, said_at = ["we", "saw", "the", "bridge"], [0.0, 0.5, 1.0, 1.5]
    heard = ["we", "saw", "the", "the", "bridge"]
    early = align_timed(truth, heard, Starts(said_at, [0.0, 0.5, 1.0, 1.3, 1.5]))
    late = align_timed(truth, heard, Starts(said_at, [0.0, 0.5, 0.7, 1.0, 1.5]))
    assert Pair(None, 3) in early
    assert Pair(None, 2) in late


def test_of_a_phrase_heard_twice_the_round_at_the_wrong_time_is_too_many() -> None:
    truth = ["oh", "thank", "you", "bye", "now"]
    heard = ["oh", "thank", "you", "bye", "thank", "you", "bye", "now"]
    said_at = [0.0, 1.0, 2.0, 3.0, 4.0]
    for times, surplus in (
        ([0.0, 1.0, 2.0, 3.0, 3.5, 3.5, 3.5, 4.0], [4, 5, 6]),
        ([0.0, 0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 4.0], [1, 2, 3]),
    ):
        pairs = align_timed(truth, heard, Starts(said_at, times))
        assert [pair.heard for pair in pairs if pair.truth is None] == surplus


def test_of_a_word_said_twice_and_heard_once_the_one_that_nobody_heard_then_is_lost() -> None:
    truth, heard = ["no", "no", "way"], ["no", "way"]
    for at, lost in ((0.1, 1), (0.9, 0)):
        pairs = align_timed(truth, heard, Starts([0.0, 1.0, 2.0], [at, 2.0]))
        assert [pair.truth for pair in pairs if pair.heard is None] == [lost]


@given(WORDS, WORDS, st.randoms())
def test_times_never_add_an_edit_nor_lose_a_word(
    truth: list[str], heard: list[str], draw: random.Random
) -> None:
    starts = Starts(*(sorted(draw.uniform(0, 10) for _ in words) for words in (truth, heard)))
    pairs = align_timed(truth, heard, starts)
    assert [pair.truth for pair in pairs if pair.truth is not None] == list(range(len(truth)))
    assert [pair.heard for pair in pairs if pair.heard is not None] == list(range(len(heard)))
    assert len(mistakes(truth, heard, pairs)) == compare(truth, heard).errors
