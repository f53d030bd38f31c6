"""How much of what is truly said no word covers. Pure; all times in seconds, intervals in order."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from benchmarks.against_truth.words import TimedWord

Interval = tuple[float, float]

#: Word times of Whisper's alignment are this exact at best.
MARGIN_SECONDS = 0.3

#: No word covers more: where speech is lost, the last word before it is often stretched over the loss.
LONGEST_WORD_SECONDS = 1.5

#: The farm's promise: a longer stretch of speech has words or lies in a gap.
LONGEST_SILENT_STRETCH_SECONDS = 1.5

#: A word that begins and ends further than this from any speech stands over silence.
BESIDE_SPEECH_SECONDS = 0.5

#: Words that follow each other this soon are one stretch of speech.
_BREATH_SECONDS = 0.3


def uncovered(truth: Sequence[TimedWord], heard: Iterable[TimedWord]) -> list[Interval]:
    """The parts of the truth's speech that no heard word covers, whatever word it is."""
    words = [
        (word.start - MARGIN_SECONDS, min(word.end, word.start + LONGEST_WORD_SECONDS) + MARGIN_SECONDS)
        for word in heard
    ]
    return without(_speech(truth), words)


def unreported(silent: Sequence[Interval], gaps: Iterable[Interval]) -> list[Interval]:
    """What remains of `silent` where no gap tells of it, as far as it is longer than the farm's bound."""
    return [
        (start, end)
        for start, end in without(silent, gaps)
        if end - start > LONGEST_SILENT_STRETCH_SECONDS + 1e-6
    ]


def over_silence(truth: Sequence[TimedWord], heard: Iterable[TimedWord]) -> int:
    """How many heard words lie wholly where nobody speaks, and not close beside speech."""
    speech = _speech(truth)
    ends = [end + BESIDE_SPEECH_SECONDS for _, end in speech]
    count = 0
    for word in heard:
        at = bisect_left(ends, word.start)
        count += at == len(speech) or speech[at][0] - BESIDE_SPEECH_SECONDS > word.end
    return count


def total_seconds(intervals: Iterable[Interval]) -> float:
    """Their lengths together."""
    return sum(end - start for start, end in intervals)


def without(intervals: Sequence[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """`intervals` less all of `taken`, which may overlap and come in any order."""
    left = list(intervals)
    for start, end in sorted(taken):
        parts: list[Interval] = []
        for first, last in left:
            if end <= first or start >= last:
                parts.append((first, last))
                continue
            parts += [(a, b) for a, b in ((first, start), (end, last)) if b > a]
        left = parts
    return left


def _speech(truth: Sequence[TimedWord]) -> list[Interval]:
    """The truth's words, those that follow each other closely in one interval."""
    if not truth:
        return []
    starts = [truth[0].start]
    ends = []
    for before, after in pairwise(truth):
        if after.start - before.end > _BREATH_SECONDS:
            ends.append(before.end)
            starts.append(after.start)
    ends.append(truth[-1].end)
    return list(zip(starts, ends, strict=True))
