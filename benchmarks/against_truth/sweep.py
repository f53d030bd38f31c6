"""One seam at one place: what the two sides and their merging make of the words around it.

The same spot is heard by the side before the seam and by the side after it, each with its margin, and, where
something went wrong, by one chunk that has no seam there. What goes wrong only with the seam is the seam's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.against_truth.farm import FORCED_MARGIN_SECONDS, Farm, words_of
from benchmarks.against_truth.material import Pcm, seconds_of
from benchmarks.against_truth.score import Edit, edits_between
from benchmarks.against_truth.words import TimedWord
from whisper_farm.chunking.planner import Cut
from whisper_farm.merging.merge import merge
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, ChunkTranscript

#: On either side of the seam. With its margin, a side is 23 s: one window.
SIDE_SECONDS = 20.0

#: On either side of the spot, of the chunk without a seam there: one window as well.
WITHOUT_SEAM_SECONDS = 13.0

#: Words whose fate a seam could decide: those in its margins, and a second more.
LOOKED_AT_SECONDS = FORCED_MARGIN_SECONDS + 1.0

Part = tuple[Chunk, ChunkTranscript]


@dataclass(frozen=True, slots=True)
class Harm:
    """A word near a seam that is lost, doubled or wrong, and is not where the spot is heard without a seam.

    `cause` is `merging` where a side had it right, else `hearing`: the sides themselves heard it so, in other
    windows than the chunk without a seam.
    """

    seam: float
    edit: Edit
    cause: Literal["merging", "hearing"]


@dataclass(frozen=True, slots=True)
class Side:
    """What one side by itself got wrong, and from where to where it heard, in seconds."""

    first: float
    last: float
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one place of the seam came to."""

    seam: float
    harms: tuple[Harm, ...]
    words: int  #: of the truth, looked at
    mistakes: int  #: of the merged transcript, among them
    mistakes_without_seam: (
        int  #: of the chunk without a seam, in the same place; heard only where there are any
    )


def try_seam(farm: Farm, pcm: Pcm, truth: Sequence[TimedWord], *, seam: float) -> Step:
    """Hear and merge around `seam` (seconds), and hold it against the truth."""
    place = round(seam * SAMPLE_RATE_HZ)
    cut_before, cut_after, cut_around = _cuts(len(pcm), place)
    before, after = farm.hear(pcm, cut_before), farm.hear(pcm, cut_after)
    spot = (seam - LOOKED_AT_SECONDS, seam + LOOKED_AT_SECONDS)
    looked_at = sum(spot[0] <= word.start <= spot[1] for word in truth)
    found = _near(edits_between(_within(truth, before, after), _words([before, after], pcm)), spot)
    if not found:  # nothing to excuse: the third hearing is spared
        return Step(seam=seam, harms=(), words=looked_at, mistakes=0, mistakes_without_seam=0)
    around = farm.hear(pcm, cut_around)
    excused = _near(edits_between(_within(truth, around), _words([around], pcm)), spot)
    sides = [_side(part, pcm, truth) for part in (before, after)]
    return Step(
        seam=seam,
        harms=tuple(Harm(seam, edit, cause_of(edit, sides)) for edit in beyond(found, excused)),
        words=looked_at,
        mistakes=len(found),
        mistakes_without_seam=len(excused),
    )


def beyond(found: Sequence[Edit], excused: Iterable[Edit]) -> list[Edit]:
    """Those of `found` that have no counterpart in `excused`.

    A lost or wrong word of the truth is excused by the same word being lost or wrong; each surplus word by
    another surplus word.
    """
    others = list(excused)
    words = {(edit.truth, edit.at) for edit in others if edit.truth}
    surplus = sum(not edit.truth for edit in others)
    left = []
    for edit in found:
        if edit.truth:
            if (edit.truth, edit.at) not in words:
                left.append(edit)
        elif surplus:
            surplus -= 1
        else:
            left.append(edit)
    return left


def _cuts(samples: int, seam: int) -> tuple[Cut, Cut, Cut]:
    """The chunk before the seam, the one after it, and the one that has no seam there."""
    side, margin, around = (
        round(seconds * SAMPLE_RATE_HZ)
        for seconds in (SIDE_SECONDS, FORCED_MARGIN_SECONDS, WITHOUT_SEAM_SECONDS)
    )
    first, last = max(0, seam - side), min(samples, seam + side)
    return (
        Cut(index=0, start=first, end=seam, margin_after=min(margin, samples - seam), seam="silent"),
        Cut(index=1, start=seam, end=last, margin_before=min(margin, seam), seam="spoken"),
        Cut(index=0, start=max(0, seam - around), end=min(samples, seam + around), seam="silent"),
    )


def _words(parts: Sequence[Part], pcm: Pcm) -> list[TimedWord]:
    return words_of(merge(parts, duration_seconds=seconds_of(pcm)))


def _alone(part: Part) -> Part:
    """The side as a chunk without margins: merging then leaves all that it heard."""
    chunk, heard = part
    whole = chunk.model_copy(
        update={
            "start": chunk.start - chunk.margin_before,
            "end": chunk.end + chunk.margin_after,
            "margin_before": 0,
            "margin_after": 0,
        }
    )
    return whole, heard


def _within(truth: Sequence[TimedWord], *parts: Part) -> list[TimedWord]:
    """The truth's words that these chunks could hear."""
    first = min(chunk.start for chunk, _ in parts) / SAMPLE_RATE_HZ
    last = max(chunk.end for chunk, _ in parts) / SAMPLE_RATE_HZ
    return [word for word in truth if word.end > first and word.start < last]


def _near(edits: Iterable[Edit], spot: tuple[float, float]) -> list[Edit]:
    return [edit for edit in edits if spot[0] <= edit.at <= spot[1]]


def cause_of(edit: Edit, sides: Sequence[Side]) -> Literal["merging", "hearing"]:
    """`merging` where a side had a lost or wrong word right, or where no side had such a word too many."""
    if edit.truth:
        could = [side for side in sides if side.first <= edit.at < side.last]
        lacking = [any((own.truth, own.at) == (edit.truth, edit.at) for own in side.edits) for side in could]
        return "hearing" if all(lacking) else "merging"
    has = any(
        not own.truth and own.heard == edit.heard and abs(own.at - edit.at) <= LOOKED_AT_SECONDS
        for side in sides
        for own in side.edits
    )
    return "hearing" if has else "merging"


def _side(part: Part, pcm: Pcm, truth: Sequence[TimedWord]) -> Side:
    whole = _alone(part)
    edits = edits_between(_within(truth, whole), _words([whole], pcm))
    return Side(whole[0].start_seconds, whole[0].end_seconds, tuple(edits))
