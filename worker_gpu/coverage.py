"""Whether the words of a window cover its speech: Whisper sometimes loses half a window without a sign. Pure.

A first, small guard: a window with a long stretch of speech that no word covers is heard once more in two
halves, and the reading that leaves less uncovered is kept. Both are heard at temperature 0, so the
choice is the same each time. The full guards, their re-runs and the audit take this place over.
"""

from collections.abc import Sequence

from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment, Word
from worker_gpu.voice import PADDING_MS
from worker_gpu.windows import Window

#: A longer stretch of speech without a word is suspicious; a pause for breath is shorter.
LONGEST_UNCOVERED_SECONDS = 1.0

#: No word covers more: where words are lost, the last one before them is stretched over the loss.
_LONGEST_WORD_SECONDS = 1.2

#: Mean log-probability of a token. A model that understands a part of a window, even of the worst sound,
#: stays above -2; one that guesses among all of its tokens comes near -10.
GUESSING_LOGPROB = -3.0

_WORD_MARGIN_SECONDS = 0.3  #: word times are this exact at best
_PADDING_SECONDS = PADDING_MS / 1000  #: of every stretch, on either side: silence mostly


def uncovered_seconds(window: Window, heard: Sequence[HeardSegment]) -> float:
    """The longest stretch of the window's speech that no word covers."""
    words = sorted(
        (word.start - _WORD_MARGIN_SECONDS, _believable_end(word) + _WORD_MARGIN_SECONDS)
        for segment in heard
        for word in segment.words
    )
    longest = 0.0
    for span in window.spans:
        at = span.start / SAMPLE_RATE_HZ + _PADDING_SECONDS
        end = span.end / SAMPLE_RATE_HZ - _PADDING_SECONDS
        for word_start, word_end in words:
            if word_end > at and word_start < end:
                longest = max(longest, word_start - at)
                at = max(at, word_end)
        longest = max(longest, end - at)
    return longest


def _believable_end(word: Word) -> float:
    return min(word.end, word.start + _LONGEST_WORD_SECONDS)


def is_beyond_help(heard: Sequence[HeardSegment]) -> bool:
    """Whether the model only guesses here: then it would in halves as well, at twice the cost."""
    return any(segment.avg_logprob < GUESSING_LOGPROB for segment in heard)


def halves(window: Window) -> list[Window]:
    """The window's stretches in two windows of about the same length; itself where it is one stretch."""
    if len(window.spans) < 2:
        return [window]
    lengths = [sum(span.samples for span in window.spans[:cut]) for cut in range(1, len(window.spans))]
    cut = 1 + min(range(len(lengths)), key=lambda i: abs(2 * lengths[i] - window.samples))
    return [Window(window.spans[:cut]), Window(window.spans[cut:])]


def of_window(window: Window, heard: Sequence[HeardSegment]) -> list[HeardSegment]:
    """Those segments that were heard in this window."""
    first, end = window.spans[0].start / SAMPLE_RATE_HZ, window.end / SAMPLE_RATE_HZ
    return [segment for segment in heard if first - 0.001 <= segment.start < end]
