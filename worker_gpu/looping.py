"""The rounds of a loop that took no time: nobody said them. Pure.

Where a model loops, its words outnumber what was said, and the alignment has no audio left for some of them.
So a phrase said twice in a row, of which a round's worth of words has no length, was said once. Any round's
worth of a repeated phrase may go: the text that stays is the same.
"""

from collections.abc import Iterator, Sequence

from whisper_farm.merging.placing import Placed, sounds
from worker_gpu.guards import LONGEST_LOOP, SHORTEST_WORD
from worker_gpu.standing import Removed

_REASON = "a round of a loop, faster than anybody speaks"

#: So many words must come again behind a round, or all of it where it is shorter: one alone comes by chance.
_AGAIN = 2


def unlooped(words: Sequence[Placed]) -> tuple[list[Placed], list[Removed]]:
    """The words without rounds that took no time, and those."""
    left = list(words)
    removed: list[Removed] = []
    at = 0
    while at < len(left):
        empty = next(_empty_rounds(left[at : at + 3 * LONGEST_LOOP]), None)
        if empty is None:
            at += 1
            continue
        first, length = at + empty[0], empty[1]
        removed.append(Removed(tuple(left[first : first + length]), _REASON))
        del left[first : first + length]
    return left, removed


def _empty_rounds(words: Sequence[Placed]) -> Iterator[tuple[int, int]]:
    """First word and length of rounds that took no time, of phrases whose first word is the first one here.

    Where words come again so many words later, as many words from any of them on may go: the text stays.
    """
    said = [sounds(word) for word in words[: 2 * LONGEST_LOOP]]
    for length in range(1, LONGEST_LOOP + 1):
        again = 0
        while again + length < len(said) and said[again] == said[again + length]:
            again += 1
        if again >= min(length, _AGAIN):
            first = min(range(again + 1), key=lambda k: _took(words[k : k + length]))
            if _took(words[first : first + length]) < length * SHORTEST_WORD:
                yield first, length


def _took(words: Sequence[Placed]) -> int:
    return words[-1].end - words[0].start
