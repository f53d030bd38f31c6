"""Which of two hearings of one place is the better one: one ordered comparison. Pure.

Words that both hearings have at about the same time are agreed. Between them lie the differences, and each is
decided alone, so a hearing that found a lost phrase need not be the better one everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from whisper_farm.merging.placing import Placed, samples, sounds
from worker_gpu.coverage import believable_end, holes
from worker_gpu.guards import (
    DOUBTED_PROBABILITY,
    Known,
    distance_to_speech,
    leaks,
    loops,
    rushed_words,
)
from worker_gpu.settling import SAME_TIME
from worker_gpu.windows import Span, connected

#: Shorter speech without words is breath, or a word's soft end.
_NOTICED = samples(0.5)
#: Coverage that differs by less says nothing: word times are not that exact.
_STEP = samples(0.5)

_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True, slots=True, order=True)
class Faults:
    """What is wrong with a hearing of a place, the worst first: that with fewer is the better one.

    A lost word is worse than a doubled one, because nobody sees that it is not there.
    """

    uncovered: int  #: speech without words, in half seconds; a word more likely wrong than right covers none
    rushed: int  #: words faster than anybody speaks: the rounds of a loop, mostly
    leaked: int  #: places where the prompt is read back
    over_silence: int  #: words that stand where nobody speaks
    looped: int  #: loops at a believable pace
    unlikely: float  #: mean negative log-probability of the words; of no words, that of an even chance


def faults(words: Sequence[Placed], known: Known, place: Span) -> Faults:
    """Of these words, which are all that was heard in `place`."""
    speech = [
        Span(max(span.start, place.start), min(span.end, place.end))
        for span in connected(known.speech)
        if span.end > place.start and span.start < place.end
    ]
    believed = [word for word in words if _probability(word) >= DOUBTED_PROBABILITY]
    return Faults(
        uncovered=sum(hole.samples for hole in holes(believed, speech, longer_than=_NOTICED)) // _STEP,
        rushed=sum(rushed_words(words)),
        leaked=len(list(leaks(words, known))),
        over_silence=sum(distance_to_speech(word, known.speech) > 0 for word in words),
        looped=len(list(loops(words))),
        unlikely=round(
            sum(-log(_probability(word)) for word in words) / len(words)
            if words
            else -log(DOUBTED_PROBABILITY),
            3,
        ),
    )


def better_of(first: Sequence[Placed], second: Sequence[Placed], known: Known, place: Span) -> list[Placed]:
    """The words of `place`, each difference between its hearings decided; what is even stays as it was."""
    chosen: list[Placed] = []
    for difference in _differences(first, second, place):
        here = difference.place
        if faults(difference.second, known, here) < faults(difference.first, known, here):
            chosen += difference.second
        else:
            chosen += difference.first
        if difference.agreed is not None:
            chosen.append(difference.agreed)
    return chosen


@dataclass(frozen=True, slots=True)
class _Difference:
    """What two hearings made of one place, and the word after it on which they agree; None at the end."""

    first: Sequence[Placed]
    second: Sequence[Placed]
    place: Span
    agreed: Placed | None


def _differences(first: Sequence[Placed], second: Sequence[Placed], place: Span) -> Iterator[_Difference]:
    i = j = 0
    at = place.start
    for next_i, next_j in _agreed(first, second):
        one, two = first[next_i], second[next_j]
        # The word before a loss is stretched over it, and those of a loop have no length.
        agreed = one if one.start < one.end <= believable_end(one) else two
        yield _Difference(first[i:next_i], second[j:next_j], Span(at, max(at, agreed.start)), agreed)
        i, j, at = next_i + 1, next_j + 1, max(at, believable_end(agreed))
    yield _Difference(first[i:], second[j:], Span(at, max(at, place.end)), None)


def _agreed(first: Sequence[Placed], second: Sequence[Placed]) -> list[tuple[int, int]]:
    """Indexes of the same words at about the same time in both: as many as there can be, in order."""
    ours, theirs = [sounds(word) for word in first], [sounds(word) for word in second]
    most = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in range(len(first) - 1, -1, -1):
        for j in range(len(second) - 1, -1, -1):
            most[i][j] = max(most[i + 1][j], most[i][j + 1])
            if ours[i] == theirs[j] and abs(first[i].start - second[j].start) <= SAME_TIME:
                most[i][j] = max(most[i][j], 1 + most[i + 1][j + 1])
    pairs = []
    i = j = 0
    while i < len(first) and j < len(second):
        same = ours[i] == theirs[j] and abs(first[i].start - second[j].start) <= SAME_TIME
        if same and most[i][j] == 1 + most[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif most[i + 1][j] >= most[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _probability(word: Placed) -> float:
    return max(word.probability or 0.0, _LEAST_PROBABILITY)
