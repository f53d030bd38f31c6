"""Small mends to times that can't be: as few as possible, and always the same ones.

Speech engines align words now and then to impossible times: a start before the word before, an end
after the next word's start, one word over ten seconds of music. Words are never dropped or put in
another order for that; only their times move.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from whisper_farm.merging.placing import Placed, samples

LONGEST_WORD = samples(
    5.0
)  #: slow, drawn-out words stay far below; longer ones have swallowed silence or music


def mend_times(words: Sequence[Placed], duration: int) -> list[Placed]:
    """The same words in the same order, their starts never decreasing, none overlapping the next one,
    none longer than `LONGEST_WORD`, all inside `[0, duration]` (in samples)."""
    starts = _rising([min(max(word.start, 0), duration) for word in words])
    mended: list[Placed] = []
    for index, (word, start) in enumerate(zip(words, starts, strict=True)):
        end = min(max(word.end, start), duration)
        if word.probability is not None:
            end = min(end, start + LONGEST_WORD)
        if index + 1 < len(starts):
            end = min(end, starts[index + 1])
        mended.append(replace(word, start=start, end=end) if (start, end) != (word.start, word.end) else word)
    return mended


def _rising(starts: list[int]) -> list[int]:
    """The starts, with as few of them moved as it takes for none to lie before the one ahead of it.

    Those of a longest non-decreasing subsequence stay; each other one moves to the nearest place
    between its neighbours. So one wild word never drags along all that come after it.
    """
    if all(one <= two for one, two in pairwise(starts)):
        return starts
    stay = _longest_rise(starts)
    rising = list(starts)
    ceilings = list(starts)
    ceiling = max(starts)
    for index in range(len(starts) - 1, -1, -1):
        ceiling = starts[index] if index in stay else ceiling
        ceilings[index] = ceiling
    floor = 0
    for index, start in enumerate(starts):
        floor = rising[index] = min(max(start, floor), ceilings[index])
    return rising


def _longest_rise(values: list[int]) -> set[int]:
    """The indexes of one longest non-decreasing subsequence (patience sorting)."""
    tops: list[int] = []
    top_indexes: list[int] = []
    before: list[int | None] = []
    for index, value in enumerate(values):
        pile = bisect_right(tops, value)
        before.append(top_indexes[pile - 1] if pile else None)
        tops[pile : pile + 1] = [value]
        top_indexes[pile : pile + 1] = [index]
    rise: set[int] = set()
    at: int | None = top_indexes[-1] if top_indexes else None
    while at is not None:
        rise.add(at)
        at = before[at]
    return rise
