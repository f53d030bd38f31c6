"""Settling a spoken seam: both sides heard its margins, and each word there must appear once.

A word that both sides heard at about the same time, with the same text, is one word: it stays on the
side of the seam where the mean of its two times lies. So a word spoken across the seam is neither
doubled nor lost where the two sides time it differently. Every other word goes by its own middle.
Matching words that were heard differently belongs here too, once it is needed.
"""

import re
from collections.abc import Sequence

from whisper_farm.merging.placing import Placed, samples

NEAR_SEAM = samples(1.0)  #: twins are looked for in this distance on both sides
SAME_TIME = samples(0.5)  #: twins start no further apart than this

_NO_LETTER = re.compile(r"[\W_]+")


def settle(left: Sequence[Placed], right: Sequence[Placed], seam: int) -> tuple[list[Placed], list[Placed]]:
    """What each side keeps of the words that it heard around `seam` (in samples)."""
    right_twin_of = _twins(left, right, seam)
    left_twin_of = {twin: word for word, twin in right_twin_of.items()}

    def is_before(word: Placed, twin: Placed | None) -> bool:
        return word.doubled_middle + (twin or word).doubled_middle < 4 * seam

    return (
        [
            word
            for i, word in enumerate(left)
            if is_before(word, right[right_twin_of[i]] if i in right_twin_of else None)
        ],
        [
            word
            for j, word in enumerate(right)
            if not is_before(word, left[left_twin_of[j]] if j in left_twin_of else None)
        ],
    )


def _twins(left: Sequence[Placed], right: Sequence[Placed], seam: int) -> dict[int, int]:
    """Index on the left to index on the right of each word that both sides heard. Twins never cross."""
    left_near = [i for i, word in enumerate(left) if _is_near(word, seam)]
    right_near = [j for j, word in enumerate(right) if _is_near(word, seam)]
    candidates = [
        (abs(left[i].start - right[j].start), i, j)
        for i in left_near
        for j in right_near
        if abs(left[i].start - right[j].start) <= SAME_TIME and _sounds(left[i]) == _sounds(right[j])
    ]
    twins: dict[int, int] = {}
    for _, i, j in sorted(candidates):
        if all((i < other and j < twin) or (i > other and j > twin) for other, twin in twins.items()):
            twins[i] = j
    return twins


def _is_near(word: Placed, seam: int) -> bool:
    return word.probability is not None and abs(word.doubled_middle - 2 * seam) <= 2 * NEAR_SEAM


def _sounds(word: Placed) -> str:
    """The word without case and punctuation; a word of nothing else stands for itself."""
    text = word.text.strip().casefold()
    return _NO_LETTER.sub("", text) or text
