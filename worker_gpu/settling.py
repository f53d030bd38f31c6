"""Where two hearings of one engine meet: each word around that point is taken once. Pure.

Windows that meet in speech, and patches, overlap as chunks do at spoken seams, but by less, and what counts
is told beforehand: here the one hearing ends and the other begins. A word that both heard at about the same
time, with the same text, is one word: it stays on the side where the mean of its two times lies. So a word
spoken across the point is neither doubled nor lost where the two time it differently.
"""

from collections.abc import Sequence

from whisper_farm.merging.placing import Placed, samples, sounds

NEAR = samples(1.0)  #: twins are looked for in this distance on both sides
SAME_TIME = samples(0.5)  #: twins start no further apart: a word's length, and more than alignment errs


def settle(left: Sequence[Placed], right: Sequence[Placed], at: int) -> tuple[list[Placed], list[Placed]]:
    """What each hearing keeps of its words, where the left one counts before `at` and the right one after."""
    right_twin_of = _twins(left, right, at)
    left_twin_of = {twin: word for word, twin in right_twin_of.items()}

    def is_before(word: Placed, twin: Placed | None) -> bool:
        return word.doubled_middle + (twin or word).doubled_middle < 4 * at

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


def _twins(left: Sequence[Placed], right: Sequence[Placed], at: int) -> dict[int, int]:
    """Index on the left to index on the right of each word that both heard. Twins never cross."""
    left_near = [i for i, word in enumerate(left) if _is_near(word, at)]
    right_near = [j for j, word in enumerate(right) if _is_near(word, at)]
    candidates = [
        (abs(left[i].start - right[j].start), i, j)
        for i in left_near
        for j in right_near
        if abs(left[i].start - right[j].start) <= SAME_TIME and sounds(left[i]) == sounds(right[j])
    ]
    twins: dict[int, int] = {}
    for _, i, j in sorted(candidates):
        if all((i < other and j < twin) or (i > other and j > twin) for other, twin in twins.items()):
            twins[i] = j
    return twins


def _is_near(word: Placed, at: int) -> bool:
    return word.probability is not None and abs(word.doubled_middle - 2 * at) <= 2 * NEAR
