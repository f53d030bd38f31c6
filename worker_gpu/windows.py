"""Windows: what a Whisper hears at once, at most 30 s, made of one or more stretches of speech. Pure.

The long silences between stretches are left out of a window, so that a window is full of speech. Times in
a window are translated back here, and nowhere else. All positions are samples of the chunk.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from whisper_farm.models import SAMPLE_RATE_HZ

LONGEST_WINDOW = 30 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Span:
    """An interval `[start, end)` of the chunk, in samples."""

    start: int
    end: int

    @property
    def samples(self) -> int:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of speech, in order, that are heard as one."""

    spans: tuple[Span, ...]

    @property
    def samples(self) -> int:
        """How long it is once its silences are left out."""
        return sum(span.samples for span in self.spans)

    @property
    def end(self) -> int:
        """Where its last stretch ends in the chunk."""
        return self.spans[-1].end

    def chunk_seconds(self, *times: float) -> list[float]:
        """The moments of the chunk that these moments of the window are, in seconds.

        All are placed by the stretch that holds the middle between the first and the last of them, so a
        word is never torn apart by a silence that was left out; none falls outside the window.
        """
        middle = (times[0] + times[-1]) / 2 * SAMPLE_RATE_HZ
        ends = list(accumulate(span.samples for span in self.spans))
        at = min(bisect_right(ends, middle), len(self.spans) - 1)
        shift = self.spans[at].start - (ends[at] - self.spans[at].samples)
        first, last = self.spans[0].start, self.end
        return [min(max(time * SAMPLE_RATE_HZ + shift, first), last) / SAMPLE_RATE_HZ for time in times]


def pack(speech: Iterable[Span]) -> list[Window]:
    """Windows that hold all of `speech`, in order, each as full as its stretches allow.

    A stretch that is longer than a window is cut at the window's length.
    """
    windows: list[Window] = []
    spans: list[Span] = []
    room = LONGEST_WINDOW
    for span in speech:
        if spans and span.samples > room:
            windows.append(Window(tuple(spans)))
            spans, room = [], LONGEST_WINDOW
        for part in _parts(span):
            if part.samples > room:
                windows.append(Window(tuple(spans)))
                spans, room = [], LONGEST_WINDOW
            spans.append(part)
            room -= part.samples
    if spans:
        windows.append(Window(tuple(spans)))
    return windows


def _parts(span: Span) -> Sequence[Span]:
    """`span` in pieces of at most a window's length."""
    edges = [*range(span.start, span.end, LONGEST_WINDOW), span.end]
    return [Span(start, end) for start, end in pairwise(edges)]
