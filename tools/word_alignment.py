"""Which word of a transcript stands for which word of its truth, and what is lost, doubled or wrong. Pure.

The alignment has the least number of edits that is possible (as `tools.word_error_rate.compare`, which only
counts them). It is exact: row by row in numpy, and in memory that grows with the length only (Hirschberg).
Ten thousand words against ten thousand take a second or two, however unlike they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

#: A part with fewer cells is settled from its whole table: one byte a cell.
_MOST_CELLS = 4_000_000

#: "the the", "was it was": a word that comes again after at most so many others is a repetition.
_WORDS_NEAR = 3

#: A phrase of two words or more that is said again counts as doubled up to so many words away.
_PHRASE_WORDS_NEAR = 12

_DIAGONAL, _TRUTH_ONLY, _HEARD_ONLY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Pair:
    """One step of an alignment: positions in the truth and in what was heard; None where one has no word."""

    truth: int | None
    heard: int | None


Part = Literal["lost", "doubled", "wrong"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One edit and what it is.

    `lost`: a word of the truth that nothing stands for. `doubled`: a word too many that repeats what is said
    around it. `wrong`: a word in place of another, or a word too many that repeats nothing.
    """

    part: Part
    truth: int | None
    heard: int | None


def align(truth: Sequence[str], heard: Sequence[str]) -> list[Pair]:
    """All words of both in order, with as few edits as possible. Words are compared as they are."""
    known: dict[str, int] = {}
    one, two = (
        np.array([known.setdefault(word, len(known)) for word in words], np.int32) for words in (truth, heard)
    )
    return list(_aligned(one, two, 0, 0))


def mistakes(truth: Sequence[str], heard: Sequence[str]) -> list[Mistake]:
    """Every edit between the two, in order."""
    pairs = align(truth, heard)
    too_many = [pair.heard for pair in pairs if pair.truth is None and pair.heard is not None]
    doubled = repetitions(heard, too_many)
    found = []
    for pair in pairs:
        if pair.heard is None:
            found.append(Mistake("lost", pair.truth, None))
        elif pair.truth is None:
            found.append(Mistake("doubled" if pair.heard in doubled else "wrong", None, pair.heard))
        elif truth[pair.truth] != heard[pair.heard]:
            found.append(Mistake("wrong", pair.truth, pair.heard))
    return found


def repetitions(heard: Sequence[str], too_many: Iterable[int]) -> set[int]:
    """Which of the words at the positions `too_many` repeat others near them.

    Either the word itself stands among its nearest neighbours, or it is part of a phrase of words too many
    that stands near it once more.
    """
    extra = sorted(too_many)
    alone = {at for at in extra if _stands_near(heard, at, 1, _WORDS_NEAR)}
    pairs = [at for at, following in pairwise(extra) if following == at + 1]
    in_phrases = {
        at + place for at in pairs if _stands_near(heard, at, 2, _PHRASE_WORDS_NEAR) for place in (0, 1)
    }
    return alone | in_phrases


def _stands_near(heard: Sequence[str], at: int, length: int, reach: int) -> bool:
    """Whether the `length` words at `at` stand once more with fewer than `reach` words between."""
    phrase = list(heard[at : at + length])
    first = max(0, at - reach - length + 1)
    last = min(len(heard) - length, at + reach + length - 1)
    return any(
        list(heard[other : other + length]) == phrase
        for other in range(first, last + 1)
        if abs(other - at) >= length
    )


def _aligned(truth: Ids, heard: Ids, truth_at: int, heard_at: int) -> Iterable[Pair]:
    if truth.size < 2 or truth.size * heard.size <= _MOST_CELLS:
        yield from _from_table(truth, heard, truth_at, heard_at)
        return
    half = truth.size // 2
    before = _last_row(truth[:half], heard)
    after = _last_row(truth[half:][::-1], heard[::-1])[::-1]
    cut = int(np.argmin(before + after))
    yield from _aligned(truth[:half], heard[:cut], truth_at, heard_at)
    yield from _aligned(truth[half:], heard[cut:], truth_at + half, heard_at + cut)


def _last_row(truth: Ids, heard: Ids) -> Ids:
    """Edits from all of `truth` to each beginning of `heard`."""
    row = np.arange(heard.size + 1, dtype=np.int32)
    for word in truth:
        row = _next_row(row, heard != word)
    return row


def _next_row(row: Ids, differs: NDArray[np.bool_]) -> Ids:
    """One word of the truth further. Words too many run along the row, hence the running minimum."""
    places = np.arange(row.size, dtype=np.int32)
    below = row + 1
    below[1:] = np.minimum(below[1:], row[:-1] + differs)
    following: Ids = np.minimum.accumulate(below - places) + places
    return following


def _from_table(truth: Ids, heard: Ids, truth_at: int, heard_at: int) -> list[Pair]:
    """Walks back through the whole table, along equal words where there is a choice."""
    ways = np.full((truth.size + 1, heard.size + 1), _HEARD_ONLY, np.uint8)
    ways[1:, 0] = _TRUTH_ONLY
    row = np.arange(heard.size + 1, dtype=np.int32)
    for place, word in enumerate(truth, start=1):
        differs = heard != word
        following = _next_row(row, differs)
        ways[place, 1:][following[1:] == row[1:] + 1] = _TRUTH_ONLY
        ways[place, 1:][following[1:] == row[:-1] + differs] = _DIAGONAL
        row = following
    pairs = []
    i, j = truth.size, heard.size
    while i or j:
        way = ways[i, j]
        i -= way != _HEARD_ONLY
        j -= way != _TRUTH_ONLY
        pairs.append(
            Pair(
                None if way == _HEARD_ONLY else truth_at + i,
                None if way == _TRUTH_ONLY else heard_at + j,
            )
        )
    return pairs[::-1]
