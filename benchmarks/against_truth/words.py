"""Words with their times, as the measure counts them: in lower case and without punctuation. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from tools.word_error_rate import plain_words


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word; seconds from the recording's start."""

    text: str
    start: float
    end: float


def counted_words(words: Iterable[tuple[str, float, float]]) -> list[TimedWord]:
    """What counts of `(text, start, end)`: punctuation counts for nothing, and `well-known` for two words.

    Words that were written as one share its time by their length.
    """
    counted = []
    for text, start, end in words:
        plain = plain_words(text)
        letters = sum(map(len, plain))
        at = start
        for word in plain:
            until = at + (end - start) * len(word) / letters
            counted.append(TimedWord(word, at, until))
            at = until
    return counted
