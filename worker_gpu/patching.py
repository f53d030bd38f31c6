"""Patches: small windows over a suspect place, and how what is heard in one takes the place of other words.

Only the suspect place is heard again, with some context on both sides, so that what was heard well
elsewhere in its window stays as it is. At each end of a patch lies a seam as between chunks: words near it
that both hearings know are one word. Pure; all positions are samples of the chunk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from whisper_farm.merging.placing import Placed, samples
from worker_gpu.guards import Finding
from worker_gpu.settling import settle
from worker_gpu.windows import LONGEST_WINDOW, OVERLAP, Quietest, Span, Window

#: Findings that are this close to each other are heard again together.
_TOGETHER = samples(1.0)

#: Both ends of a patch, and its seams, are looked for in so much around where they should lie.
_END_SEARCHED = samples(1.5)
_SEAM_SEARCHED = samples(0.4)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place to be heard again, for one reason or more."""

    start: int
    end: int
    findings: tuple[Finding, ...]

    @property
    def reason(self) -> str:
        """All of them in a few words, each once."""
        return "; ".join(dict.fromkeys(finding.reason for finding in self.findings))


@dataclass(frozen=True, slots=True)
class Patch:
    """A window, and the part of it whose words count."""

    window: Window
    kept: Span


def together(findings: Sequence[Finding]) -> list[Suspect]:
    """Findings (in order of their start) that touch or nearly touch are one suspect."""
    suspects: list[Suspect] = []
    for finding in findings:
        last = suspects[-1] if suspects else None
        if last is not None and finding.start <= last.end + _TOGETHER:
            suspects[-1] = Suspect(last.start, max(last.end, finding.end), (*last.findings, finding))
        else:
            suspects.append(Suspect(finding.start, max(finding.start, finding.end), (finding,)))
    return suspects


def patches(
    suspect: Suspect, padded: Sequence[Span], *, context: int, longest: int, quietest: Quietest
) -> list[Patch]:
    """The windows in which the suspect place is heard again: with `context` on both sides at least, and in
    so many that none of them hears more than `longest` of it."""
    inner = _cuts(suspect, ceil(max(1, suspect.end - suspect.start) / longest), quietest)
    made = []
    for number, (start, end) in enumerate(zip([suspect.start, *inner], [*inner, suspect.end], strict=True)):
        is_first, is_last = number == 0, number == len(inner)
        left = quietest(start - context - _END_SEARCHED, start - context) if is_first else start - OVERLAP
        right = quietest(end + context, end + context + _END_SEARCHED) if is_last else end + OVERLAP
        heard = _inside(padded, max(0, left), right)
        if not heard:
            continue
        kept = Span(
            _around((max(0, left) + start) // 2, quietest) if is_first else start,
            _around((right + end) // 2, quietest) if is_last else end,
        )
        # A seam in front of all that is heard is no seam: nothing lies before it.
        kept = Span(0 if heard[0].start == 0 and kept.start <= 0 else kept.start, kept.end)
        made.append(Patch(Window(tuple(heard)), kept))
    return [patch for patch in made if patch.window.samples <= LONGEST_WINDOW]


def splice(words: Sequence[Placed], heard: Sequence[Placed], kept: Span) -> list[Placed]:
    """The words, with those that were heard anew in `kept` in the place of those that stood there."""
    before, after = settle(list(words), list(heard), kept.start)
    after, rest = settle(after, list(words), kept.end)
    return [*before, *after, *rest]


def _cuts(suspect: Suspect, parts: int, quietest: Quietest) -> list[int]:
    """Where to cut it into so many parts of about the same length."""
    length = (suspect.end - suspect.start) // parts
    return [
        quietest(suspect.start + n * length - length // 4, suspect.start + n * length + length // 4)
        for n in range(1, parts)
    ]


def _around(point: int, quietest: Quietest) -> int:
    return quietest(point - _SEAM_SEARCHED, point + _SEAM_SEARCHED)


def _inside(padded: Sequence[Span], start: int, end: int) -> list[Span]:
    """What of the speech lies in `[start, end)`."""
    return [
        Span(max(span.start, start), min(span.end, end))
        for span in padded
        if span.end > start and span.start < end
    ]
