"""The measure that the farm's accuracy is judged by is itself checked, against the textbook's table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.word_error_rate import WordErrors, compare, plain_words, word_errors

WORDS = st.lists(st.sampled_from("abc"), max_size=12)


def test_case_and_punctuation_do_not_count() -> None:
    assert word_errors("Well, he said: \u201cIt\u2019s DONE!\u201d", "well he said it's done").errors == 0


@pytest.mark.parametrize(
    ("truth", "heard", "substitutions", "insertions", "deletions"),
    [
        ("one two three", "one two three", 0, 0, 0),
        ("one two three", "one too three", 1, 0, 0),
        ("one two three", "one three", 0, 0, 1),
        ("one two three", "one two and three", 0, 1, 0),
        ("one two three", "", 0, 0, 3),
        ("", "one two", 0, 2, 0),
        ("", "", 0, 0, 0),
        ("one two three four", "two tree four five", 1, 1, 1),
    ],
)
def test_each_kind_of_error_is_counted(
    truth: str, heard: str, substitutions: int, insertions: int, deletions: int
) -> None:
    assert word_errors(truth, heard) == WordErrors(
        substitutions=substitutions, insertions=insertions, deletions=deletions, words=len(truth.split())
    )


@given(WORDS, WORDS)
def test_the_errors_are_the_least_that_there_can_be_and_add_up(truth: list[str], heard: list[str]) -> None:
    found = compare(truth, heard)
    assert found.errors == least_edits(truth, heard)
    assert found.insertions - found.deletions == len(heard) - len(truth)


def test_the_rate_of_silence_is_defined() -> None:
    assert word_errors("", "").rate == 0.0
    assert word_errors("", "made up").rate == 1.0


def test_an_hour_of_nearly_right_words_is_compared_in_moments() -> None:
    truth = [f"word{n % 400}" for n in range(9000)]
    heard = [word for n, word in enumerate(truth) if n % 90]
    assert compare(truth, heard).errors == 100


def test_numbers_are_words() -> None:
    assert plain_words("In 1984, 3 birds") == ["in", "1984", "3", "birds"]


def least_edits(truth: list[str], heard: list[str]) -> int:
    """The textbook's table, cell by cell."""
    row = list(range(len(heard) + 1))
    for i, said in enumerate(truth, start=1):
        above, row = row, [i]
        for j, word in enumerate(heard, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (said != word)))
    return row[-1]
