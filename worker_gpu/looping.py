"""The rounds of a loop that took no time: nobody said them. Pure.

Where a model loops, its words outnumber what was said, and the alignment has no audio left for some of them.
So a phrase said twice in a row, of which a round's worth of words has no length, was said once. Any round's
worth of a repeated phrase may go: the text that stays is the same.
"""

from collections.abc import Sequence

from whisper_farm.merging.placing import Placed, sounds
from worker_gpu.guards import SHORTEST_WORD, loop_at
from worker_gpu.standing import Removed

_REASON = "a round of a loop, faster than anybody speaks"


def unlooped(words: Sequence[Placed]) -> tuple[list[Placed], list[Removed]]:
    """The words without rounds that took no time, and those."""
    left = list(words)
    removed: list[Removed] = []
    at = 0
    while at < len(left):
        length, rounds = loop_at([sounds(word) for word in left[at : at + 64]], 0, any_repeat=True)
        first = _emptiest(left, at, length, rounds) if length else None
        if first is None:
            at += 1
            continue
        removed.append(Removed(tuple(left[first : first + length]), _REASON))
        del left[first : first + length]
    return left, removed


def _emptiest(words: Sequence[Placed], at: int, length: int, rounds: int) -> int | None:
    """Where the round's worth of words begins that took the least time; None where all took time."""

    def took(first: int) -> int:
        return words[first + length - 1].end - words[first].start

    first = min(range(at, at + length * (rounds - 1) + 1), key=took)
    return first if took(first) < length * SHORTEST_WORD else None
