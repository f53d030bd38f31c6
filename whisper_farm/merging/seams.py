"""Settling a spoken seam: both sides heard its margins, and each word there must appear once.

The two hearings of the overlap are laid beside each other by text and time. What agrees is one word, and
between such anchors the rest is settled:

- A word that only one side heard stays: the other side may have lost it, and losing is worse than doubling.
- At the very edge of its audio words are torn, and a side is not believed against the other, which heard the
  spot whole.
- Where the two heard different words at the same spot elsewhere, the surer hearing counts, by the probability
  that the model gave its words (as ROVER votes); of equally sure ones the one further from its audio's edge.

So nothing is dropped but what the other side confirms, by its text or by its place. All is decided on
differences of samples, so that shifting both chunks shifts the outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import merge as interleaved
from itertools import pairwise

from whisper_farm.merging.placing import Placed, samples, sounds

#: The same text is the same word up to this distance; the nearer, the likelier. Two hearings time one word
#: up to half a second apart, for attention aligns them; it is twice that.
SAME_WORD = samples(1.0)
#: Other text is the same word, misheard, up to this distance where it is spelled alike.
SAME_SPOT = samples(0.5)
#: So near to the end of its audio a side hears words torn, or without what follows: a syllable or two.
EDGE = samples(0.3)
#: Two hearings time most words this near to each other: ten of the steps in which Whisper tells time.
_TIMES_DIFFER = samples(0.2)
#: A word that is longer has swallowed what comes after it, and says nothing about what lies beyond this.
_LONGEST_SPOT = samples(1.0)
#: From this share of letters in common on two spellings are alike: what `difflib` itself calls close.
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Overlap:
    """What both sides heard, in samples: from the right's first one to the left's last one."""

    start: int
    end: int

    @property
    def doubled_middle(self) -> int:
        """Twice the place that is as far from the one's edge as from the other's."""
        return self.start + self.end

    def tears_left(self, word: Placed) -> bool:
        """Whether the left side heard this word at the very end of its audio."""
        return word.end > self.end - EDGE

    def tears_right(self, word: Placed) -> bool:
        """Whether the right side heard this word at the very beginning of its audio."""
        return word.start < self.start + EDGE


def settle(left: list[Placed], right: Sequence[Placed], overlap: Overlap) -> None:
    """Append to `left` what `right` adds to it: the one's end is settled against the other's beginning."""
    first = len(left)
    while first and left[first - 1].end > overlap.start - SAME_WORD:
        first -= 1
    last = next((j for j, word in enumerate(right) if word.start >= overlap.end + SAME_WORD), len(right))
    left[first:] = _settled(left[first:], right[:last], overlap)
    left += right[last:]


def _settled(left: Sequence[Placed], right: Sequence[Placed], overlap: Overlap) -> list[Placed]:
    """The overlap's words, in order: from anchor to anchor, and what lies between them."""
    kept = list[Placed]()
    for (i, j), (next_i, next_j) in pairwise(
        [(-1, -1), *_anchors(left, right, overlap), (len(left), len(right))]
    ):
        if i >= 0:
            is_lefts = left[i].doubled_middle + right[j].doubled_middle < 2 * overlap.doubled_middle
            kept.append(left[i] if is_lefts else right[j])
        around_left, around_right = left[max(i, 0) : next_i + 1], right[max(j, 0) : next_j + 1]
        kept += _between_anchors(
            [
                word
                for word in left[i + 1 : next_i]
                if not (overlap.tears_left(word) and _is_left_over(word, around_right))
            ],
            [
                word
                for word in right[j + 1 : next_j]
                if not (overlap.tears_right(word) and _is_left_over(word, around_left))
            ],
            overlap,
        )
    return kept


def _anchors(left: Sequence[Placed], right: Sequence[Placed], overlap: Overlap) -> list[tuple[int, int]]:
    """The pairs of words that agree, in order: those with the most agreement in text and time together."""
    # best[i][j]: of the first i and j words. Agreement is counted in samples, so it is exact.
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    sounds_left, sounds_right = [sounds(word) for word in left], [sounds(word) for word in right]
    agreement = {
        (i, j): SAME_WORD - distance
        for i, one in enumerate(left)
        for j, two in enumerate(right)
        if sounds_left[i] == sounds_right[j]
        and _has_times(one, two)
        # Half a word may sound as another one does, so what is torn must stand at the very spot.
        and (distance := _distance(one, two))
        < (SAME_SPOT if overlap.tears_left(one) or overlap.tears_right(two) else SAME_WORD)
    }
    for i in range(len(left)):
        for j in range(len(right)):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + agreement.get((i, j), 0))
    pairs = list[tuple[int, int]]()
    i, j = len(left), len(right)
    while i and j:
        if (i - 1, j - 1) in agreement and best[i][j] == best[i - 1][j - 1] + agreement[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif best[i][j] == best[i - 1][j]:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


def _between_anchors(left: Sequence[Placed], right: Sequence[Placed], overlap: Overlap) -> list[Placed]:
    """All words of both sides, but where they contradict each other those of one side only."""
    lost_left, lost_right = set[int](), set[int]()
    for lefts, rights in _contradictions(left, right, overlap):
        if _believes_left([left[i] for i in lefts], [right[j] for j in rights], overlap):
            lost_right |= rights
        else:
            lost_left |= lefts
    return list(
        interleaved(
            [word for i, word in enumerate(left) if i not in lost_left],
            [word for j, word in enumerate(right) if j not in lost_right],
            key=lambda word: word.doubled_middle,
        )
    )


def _believes_left(left: Sequence[Placed], right: Sequence[Placed], overlap: Overlap) -> bool:
    """Which of two contradicting hearings counts: the one that is not torn, the surer, the inner one."""
    torn = any(map(overlap.tears_left, left)), any(map(overlap.tears_right, right))
    if torn[0] != torn[1]:
        return torn[1]
    if _has_times(*left, *right) and _sureness(left) != _sureness(right):
        return _sureness(left) > _sureness(right)
    words = [*left, *right]
    return sum(word.doubled_middle for word in words) < len(words) * overlap.doubled_middle


def _sureness(words: Sequence[Placed]) -> float:
    """The mean probability of these words."""
    return sum(word.probability or 0.0 for word in words) / len(words)


def _contradictions(
    left: Sequence[Placed], right: Sequence[Placed], overlap: Overlap
) -> list[tuple[set[int], set[int]]]:
    """Groups of words, indexes on the left and on the right, that stand for the same sounds."""
    groups = list[tuple[set[int], set[int]]]()
    for i, one in enumerate(left):
        partners = {j for j, two in enumerate(right) if _same_spot(one, two, overlap)}
        if not partners:
            continue
        mine = ({i}, partners)
        for group in [group for group in groups if group[1] & partners]:
            groups.remove(group)
            mine = (mine[0] | group[0], mine[1] | group[1])
        groups.append(mine)
    return groups


def _same_spot(one: Placed, two: Placed, overlap: Overlap) -> bool:
    """Whether two words, left and right, were heard in the same sounds.

    Their times say so, or nearly do, and their spelling. A torn word may be spelled in any way.
    """
    if _covered(one, two) or _covered(two, one):
        return True
    if (overlap.tears_left(one) and _covered(one, two, slack=_TIMES_DIFFER)) or (
        overlap.tears_right(two) and _covered(two, one, slack=_TIMES_DIFFER)
    ):
        return True
    if not _has_times(one, two) or _distance(one, two) > SAME_SPOT:
        return False
    return SequenceMatcher(None, sounds(one), sounds(two), autojunk=False).ratio() >= _ALIKE


def _is_left_over(word: Placed, other_side: Sequence[Placed]) -> bool:
    """Of a word at its side's edge: whether the other side heard something else in all of that place."""
    return _has_times(word) and any(_covered(word, other, slack=_TIMES_DIFFER) for other in other_side)


def _covered(one: Placed, other: Placed, *, slack: int = 0) -> bool:
    """Whether at least half of `one` lies within `other`, or not further than `slack` outside."""
    other_end = min(other.end, other.start + _LONGEST_SPOT) if _has_times(other) else other.end
    common = min(one.end, other_end + slack) - max(one.start, other.start - slack)
    return 2 * common >= one.end - one.start and common >= 0


def _distance(one: Placed, two: Placed) -> int:
    """In samples, by starts or by ends: where a word is torn or drawn out, one of them still fits."""
    return min(abs(one.start - two.start), abs(one.end - two.end))


def _has_times(*words: Placed) -> bool:
    """Whether they are words: a whole segment that came without words has no times of its own within."""
    return all(word.probability is not None for word in words)
