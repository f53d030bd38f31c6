"""Putting one hearing in the place of another at a given point of the chunk. Pure.

Other than at a seam between chunks (`whisper_farm.merging.seams`), where each side knows only its own audio,
it is settled here which hearing counts on which side of the point: a word goes by its middle. A word that
both hearings know, with the same text at about the same time, is one word, and goes by the mean of its two
times: so a word spoken at the point is neither doubled nor lost where the two time it differently.
"""

from collections.abc import Sequence

from whisper_farm.merging.placing import Placed, samples, sounds

#: Twins are looked for in this distance on both sides of the point.
NEAR = samples(1.0)
#: Twins start no further apart than this.
SAME_TIME = samples(0.5)


def spliced(left: Sequence[Placed], right: Sequence[Placed], point: int) -> tuple[list[Placed], list[Placed]]:
    """What each keeps of its words: `left` those before the `point` (in samples), `right` those after it."""
    right_twin_of = _twins(left, right, point)
    left_twin_of = {twin: word for word, twin in right_twin_of.items()}

    def is_before(word: Placed, twin: Placed | None) -> bool:
        return word.doubled_middle + (twin or word).doubled_middle < 4 * point

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


def _twins(left: Sequence[Placed], right: Sequence[Placed], point: int) -> dict[int, int]:
    """Index on the left to index on the right of each word that both sides heard. Twins never cross."""
    left_near = [i for i, word in enumerate(left) if _is_near(word, point)]
    right_near = [j for j, word in enumerate(right) if _is_near(word, point)]
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


def _is_near(word: Placed, point: int) -> bool:
    return word.probability is not None and abs(word.doubled_middle - 2 * point) <= 2 * NEAR
