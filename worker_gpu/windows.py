"""Windows: what a Whisper hears at once, at most 30 s, made of one or more stretches of speech. Pure.

The long silences between stretches are left out of a window, so that a window is full of speech. Times in
a window are translated back here, and nowhere else. All positions are samples of the chunk.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from whisper_farm.models import SAMPLE_RATE_HZ

LONGEST_WINDOW = 30 * SAMPLE_RATE_HZ

#: Where speech has no silence for a window to end in, both windows hear so much beyond their seam: twins are
#: looked for within 1 s of it (`worker_gpu.settling`), and half a second more holds the word that
#: the window's edge cuts through.
OVERLAP = SAMPLE_RATE_HZ * 3 // 2

#: The quietest point is looked for in so much before a window is full: a few phrases.
_SEARCHED = 8 * SAMPLE_RATE_HZ

#: A window whose room is less than this is closed rather than given the beginning of a long stretch.
_LEAST_ROOM = _SEARCHED + 2 * OVERLAP

#: A shorter silence is not trusted to be one: the closure of a consonant looks like it. No window ends in it
#: without the next one hearing it as well. The same bound that makes a seam between chunks a silent one.
TRUSTED_SILENCE = SAMPLE_RATE_HZ * 3 // 10

#: Takes an interval of the chunk and gives the point in it that is best cut at.
Quietest = Callable[[int, int], int]


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
    """Stretches of speech, in order, that are heard as one.

    `seam`: where somebody speaks on from the window before into this one; both hear around it, and each
    word there must be taken once. None where a silence lies between them.
    """

    spans: tuple[Span, ...]
    seam: int | None = None

    @property
    def samples(self) -> int:
        """How long it is once its silences are left out."""
        return sum(span.samples for span in self.spans)

    @property
    def start(self) -> int:
        """Where its first stretch starts in the chunk."""
        return self.spans[0].start

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
        return [
            min(max(time * SAMPLE_RATE_HZ + shift, self.start), self.end) / SAMPLE_RATE_HZ for time in times
        ]


def connected(stretches: Sequence[Span]) -> list[Span]:
    """The stretches, those with less than `TRUSTED_SILENCE` between them as one."""
    spans: list[Span] = []
    for span in stretches:
        if spans and span.start - spans[-1].end < TRUSTED_SILENCE:
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return spans


def pack(speech: Iterable[Span], *, quietest: Quietest) -> list[Window]:
    """Windows that hold all of `speech`, in order, each as full as its stretches allow.

    A stretch that is longer than a window is cut where `quietest` says, and heard on both sides of the cut.
    """
    windows: list[Window] = []
    spans: list[Span] = []
    room, seam = LONGEST_WINDOW, None

    def close(next_seam: int | None = None) -> None:
        nonlocal spans, room, seam
        windows.append(Window(tuple(spans), seam))
        spans, room, seam = [], LONGEST_WINDOW, next_seam

    for span in speech:
        rest = span
        if spans and rest.samples > room and (rest.samples <= LONGEST_WINDOW or room < _LEAST_ROOM):
            close()
        while rest.samples > room:
            last = rest.start + room - OVERLAP
            cut = quietest(last - _SEARCHED, last)
            spans.append(Span(rest.start, cut + OVERLAP))
            rest = Span(cut - OVERLAP, rest.end)
            close(next_seam=cut)
        spans.append(rest)
        room -= rest.samples
    if spans:
        close()
    return windows


def borders(windows: Sequence[Window]) -> list[int]:
    """Where each window but the first begins: its seam, or the middle of the silence before it."""
    return [
        window.seam if window.seam is not None else (before.end + window.start) // 2
        for before, window in pairwise(windows)
    ]
