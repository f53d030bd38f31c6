"""Every word stands on speech: what is left over silence once all hearings are done. Pure.

Word times come from cross-attention, which knows nothing of silence: a word is stretched over a pause, or
stands beside the speech that it was heard in. Such words are moved. What stands far from all speech, or
was hardly believed beside it, nobody said: it is taken out, and told.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whisper_farm.merging.placing import Placed, samples
from worker_gpu.guards import DOUBTED_PROBABILITY
from worker_gpu.windows import Span

#: A word further from speech than this has none to stand on.
NEAR_SPEECH = samples(0.5)

#: A word may end so much outside of speech: soft sounds at its end are no speech to a detector.
TOLERANCE = samples(0.2)

#: And begin so much before it: as exact as word times are. What begins earlier is the first word of a window,
#: whose alignment begins with the window's first frame, whatever is said there.
EARLY = samples(0.1)

#: The detector is sure of speech two of its frames of 32 ms after it began.
ONSET = samples(0.064)

#: What a word that is moved into speech gets of it: about the length of a short word.
_MOVED = samples(0.2)


@dataclass(frozen=True, slots=True)
class Removed:
    """Words that were taken out, and why."""

    words: tuple[Placed, ...]
    reason: str


def stand_on_speech(words: Sequence[Placed], speech: Sequence[Span]) -> tuple[list[Placed], list[Removed]]:
    """The words, each of them on speech, and those for which there is none."""
    standing: list[Placed] = []
    removed: list[Removed] = []
    starts = [span.start for span in speech]
    latest = 0
    for word in words:
        at = _stretch_of(word, speech, starts)
        if at is None:
            removed.append(Removed((word,), "words where nobody speaks"))
            continue
        touches = word.end > at.start and word.start < at.end
        if not touches and word.probability is not None and word.probability < DOUBTED_PROBABILITY:
            removed.append(Removed((word,), "words beside speech, more likely wrong than right"))
            continue
        put = _trimmed(word, at) if touches else _moved(word, at)
        latest = max(latest, put.start)
        # One that comes before the word ahead of it is moved behind it, and far enough to touch its speech.
        standing.append(
            put if put.start == latest else replace(put, start=latest, end=max(put.end, latest + ONSET))
        )
    return standing, gathered(removed)


def gathered(removed: Sequence[Removed]) -> list[Removed]:
    """In order of time; what was taken out near each other for the same reason is told as one."""
    told: list[Removed] = []
    for each in sorted(removed, key=lambda one: one.words[0].start):
        last = told[-1] if told else None
        if (
            last is not None
            and last.reason == each.reason
            and each.words[0].start - last.words[-1].end < NEAR_SPEECH
        ):
            told[-1] = Removed((*last.words, *each.words), each.reason)
        else:
            told.append(each)
    return told


def _stretch_of(word: Placed, speech: Sequence[Span], starts: Sequence[int]) -> Span | None:
    """The stretch that holds most of the word, or else the nearest one; None where none is near."""
    first = max(0, bisect_right(starts, word.start) - 1)
    last = bisect_right(starts, word.end + NEAR_SPEECH)
    near = speech[first:last]
    if not near:
        return None
    best = max(near, key=lambda span: (min(word.end, span.end) - max(word.start, span.start), -span.start))
    return best if max(best.start - word.end, word.start - best.end) <= NEAR_SPEECH else None


def _trimmed(word: Placed, at: Span) -> Placed:
    if word.probability is None:
        return word
    start = word.start if word.start >= at.start - EARLY else max(word.start, at.start - ONSET)
    end = word.end if word.end <= at.end + TOLERANCE else at.end
    return replace(word, start=start, end=max(start, end))


def _moved(word: Placed, at: Span) -> Placed:
    length = min(word.end - word.start, _MOVED, at.samples)
    start = at.start if word.end <= at.start else at.end - length
    return replace(word, start=start, end=start + length)
