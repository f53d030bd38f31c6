"""Whether words cover speech: Whisper sometimes loses half a window without a sign. Pure.

All positions are samples of the chunk.
"""

from collections.abc import Iterator, Sequence
from string import punctuation

from whisper_farm.merging.placing import Placed, samples
from worker_gpu.windows import Span

#: Speech that no word covers for longer is a hole: two words at 150 a minute. Shorter ones are mostly an "um"
#: of about half a second, which Whisper leaves out.
LONGEST_UNCOVERED = samples(0.8)

#: In less there is no room for a word: at 150 words a minute one takes 0.4 s.
ROOM_FOR_A_WORD = samples(0.3)

#: A letter takes no longer. Ordinary speech has 12 to 15 letters a second, so this is drawn out to three
#: times its length; a word that takes longer still is stretched over what was lost after it.
_LONGEST_LETTER = samples(0.2)
_SHORTEST_BELIEVABLE = samples(0.4)
#: No word covers more, however long it is: the longest words of English prose stay below.
_LONGEST_BELIEVABLE = samples(1.2)
#: A digit, a letter of an acronym or a character of Chinese is a syllable or more.
_LETTERS_OF_A_SIGN = 3

_LOOKED_BACK = samples(30.0)  #: no word begins longer before a stretch that it still covers

#: Word times are this exact at best; WhisperX judges them with a collar of 0.2 s.
_MARGIN = samples(0.15)


def holes(words: Sequence[Placed], speech: Sequence[Span], *, longer_than: int) -> list[Span]:
    """The intervals of speech that no word covers and that are longer than that."""
    found = []
    for stretch, bare in _bare(words, speech):
        # What is bare at the edge of a stretch may be breath; inside of it words surround it.
        start = bare.start + (_MARGIN if bare.start > stretch.start else 0)
        end = bare.end - (_MARGIN if bare.end < stretch.end else 0)
        if end - start > longer_than:
            found.append(Span(start, end))
    return found


def _bare(words: Sequence[Placed], speech: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Each stretch with each part of it that no word stands on."""
    spoken = sorted((word.start, believable_end(word)) for word in words)
    first = 0
    for stretch in speech:
        at = stretch.start
        while first < len(spoken) and spoken[first][0] <= stretch.start - _LOOKED_BACK:
            first += 1
        for start, end in spoken[first:]:
            if start >= stretch.end:
                break
            if start > at:
                yield stretch, Span(at, start)
            at = max(at, end)
        if at < stretch.end:
            yield stretch, Span(at, stretch.end)


def believable_end(word: Placed) -> int:
    """Where the word ends at the latest, whatever its times say."""
    if word.probability is None:  # a whole text without word times
        return word.end
    return min(word.end, word.start + longest_believable(word))


def longest_believable(word: Placed) -> int:
    """How long the word may take, in samples."""
    said = word.text.strip().strip(punctuation)
    if said.lower() == said.upper() or (not said[1:].islower() and len(said) > 1):
        longest = _LETTERS_OF_A_SIGN * len(said) * _LONGEST_LETTER
    else:
        longest = min(len(said) * _LONGEST_LETTER, _LONGEST_BELIEVABLE)
    return max(longest, _SHORTEST_BELIEVABLE)
