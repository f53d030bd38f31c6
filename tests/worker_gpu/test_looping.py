"""The rounds of a loop that took no time go; what was really said twice stays."""

from dataclasses import replace

import pytest

from tests.worker_gpu.said import said, text
from worker_gpu.looping import unlooped

PHRASE = "thank you for listening and see you next week"


def test_what_was_said_twice_stays() -> None:
    words = said(f"very very cold {PHRASE} {PHRASE}")

    assert unlooped(words) == (words, [])


def test_a_repeated_word_without_length_goes() -> None:
    words = said("family autumn autumn because")
    words[2] = replace(words[2], end=words[2].start)

    kept, removed = unlooped(words)

    assert text(kept) == "family autumn because"
    assert [(text(each.words), each.reason) for each in removed] == [
        ("autumn", "a round of a loop, faster than anybody speaks")
    ]


@pytest.mark.parametrize("first", range(10))
def test_a_round_without_length_goes_wherever_it_begins_in_the_phrase(first: int) -> None:
    """The alignment puts the words that it has no audio for anywhere among two rounds."""
    once = said(f"{PHRASE} today")
    lost = 9
    spoken = [*said(f"{PHRASE} {PHRASE}"), *once[9:]]
    at = first * 6400
    looped = [
        replace(word, start=word.start, end=word.end)
        if n < first
        else replace(word, start=at, end=at)
        if n < first + lost
        else replace(word, start=word.start - lost * 6400, end=word.end - lost * 6400)
        for n, word in enumerate(spoken[:18])
    ] + once[9:]

    kept, removed = unlooped(looped)

    assert text(kept) == f"{PHRASE} today"
    assert [len(each.words) for each in removed] == [9]


def test_all_rounds_without_length_go() -> None:
    words = [
        *said("we saw"),
        *said("the river " * 5, start=0.8, each=0.0),
        *said("the river today", start=0.8),
    ]

    assert text(unlooped(words)[0]) == "we saw the river today"


def test_a_round_that_only_a_part_of_the_phrase_follows_goes_as_well() -> None:
    looped = [
        *said("see you", each=0.2),
        *said("next", start=0.4, each=0.14),
        *said("week thank you", start=0.54, each=0.0),
        *said("next week", start=0.54, each=0.3),
    ]

    assert text(unlooped(looped)[0]) == "see you next week"


def test_one_word_that_comes_again_by_chance_takes_nothing_with_it() -> None:
    words = [
        *said("the river", each=0.05),
        *said("and", start=0.1, each=0.02),
        *said("the bridge", start=0.12),
    ]

    assert unlooped(words) == (words, [])
