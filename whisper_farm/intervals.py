"""Sets of time, as sorted intervals `(start, end)` that don't touch, in samples. Pure.

Whole numbers, so that what is covered and what is not always add up to what there is.
"""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """All of them in order; those that touch become one, empty ones go."""
    joined: list[Interval] = []
    for start, end in sorted(each for each in intervals if each[1] > each[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """What is left of `intervals` where `taken` is not. Both as `union` gives them."""
    left: list[Interval] = []
    first = 0  # of those taken that may still meet an interval
    for start, end in intervals:
        while first < len(taken) and taken[first][1] <= start:
            first += 1
        at, here = start, first
        while here < len(taken) and taken[here][0] < end:
            if taken[here][0] > at:
                left.append((at, taken[here][0]))
            at = taken[here][1]
            here += 1
        if at < end:
            left.append((at, end))
    return left


def within(intervals: Sequence[Interval], bounds: Interval) -> list[Interval]:
    """The part of `intervals` that lies inside `bounds`."""
    first, last = bounds
    return [(max(start, first), min(end, last)) for start, end in intervals if start < last and end > first]


def length(intervals: Iterable[Interval]) -> int:
    """How much time they hold."""
    return sum(end - start for start, end in intervals)
