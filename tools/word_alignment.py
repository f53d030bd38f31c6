"""Which word of a transcript stands for which word of its truth, and what is lost, doubled or wrong. Pure.

The alignment has the least number of edits that is possible (as `tools.word_error_rate.compare`, which only
counts them). It is exact: row by row in numpy, and in memory that grows with the length only (Hirschberg).
Ten thousand words against ten thousand take a second or two, however unlike they are.
"""

from collections.abc import Callable, Iterable, Sequence
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

Step = tuple[int | None, int | None]
Away = Callable[[int, int], float]

_DIAGONAL, _TRUTH_ONLY, _HEARD_ONLY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Pair:
    """One step of an alignment: positions in the truth and in what was heard; None where one has no word."""

    truth: int | None
    heard: int | None


@dataclass(frozen=True, slots=True)
class Starts:
    """When each word begins, in seconds."""

    truth: Sequence[float]
    heard: Sequence[float]


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


def align_timed(truth: Sequence[str], heard: Sequence[str], starts: Starts) -> list[Pair]:
    """As `align`, and where it could as well have been another word, it is the one that fits better by time.

    Of a word said once and heard twice either one is too many by the text alone; here it is the one that was
    heard further from where the word was said.
    """
    pairs = align(truth, heard)
    by_heard = [(pair.heard, pair.truth) for pair in pairs]
    heard_slid = _slid(by_heard, heard, lambda own, other: abs(starts.heard[own] - starts.truth[other]))
    by_truth = [(said, found) for found, said in heard_slid]
    truth_slid = _slid(by_truth, truth, lambda own, other: abs(starts.truth[own] - starts.heard[other]))
    return [Pair(said, found) for said, found in truth_slid]


def mistakes(
    truth: Sequence[str], heard: Sequence[str], pairs: Sequence[Pair] | None = None
) -> list[Mistake]:
    """Every edit between the two, in order; `pairs`: their alignment, where it is there already."""
    pairs = align(truth, heard) if pairs is None else pairs
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


def _slid(steps: Sequence[Step], words: Sequence[str], away: Away) -> list[Step]:
    """Moves each run of words that stand alone along its neighbours, where the same words come again.

    `steps` are `(own, other)`, `words` the own ones, and `away` is how far the two are apart in time. The
    number of edits stays the same.
    """
    slid = list(steps)
    begin = 0
    while begin < len(slid):
        end = begin
        while end < len(slid) and slid[end][1] is None:
            end += 1
        if end > begin:
            for way in (-1, 1):
                far = _best_way(slid, begin, end, way, words, away)
                _move(slid, begin, end, way, far)
                begin, end = begin + way * far, end + way * far
        begin = end + 1
    return slid


def _best_way(steps: Sequence[Step], begin: int, end: int, way: int, words: Sequence[str], away: Away) -> int:
    """By how many steps in that direction (-1 or 1) the run `[begin, end)` fits the times best."""
    length = end - begin
    gain = best = 0.0
    best_far = 0
    at = begin - 1 if way < 0 else end
    while 0 <= at < len(steps):
        own, other = steps[at]
        if own is None or other is None or words[own] != words[own - way * length]:
            break
        gain += away(own, other) - away(own - way * length, other)
        at += way
        if gain > best:
            best = gain
            best_far = begin - 1 - at if way < 0 else at - end
    return best_far


def _move(steps: list[Step], begin: int, end: int, way: int, far: int) -> None:
    first, last = (begin - far, end) if way < 0 else (begin, end + far)
    owns = [own for own, _ in steps[first:last]]
    others = [other for _, other in steps[first:last] if other is not None]
    alone: list[int | None] = [None] * (end - begin)
    moved = [*alone, *others] if way < 0 else [*others, *alone]
    steps[first:last] = zip(owns, moved, strict=True)


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
