"""One transcript against its truth, and many scores together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.against_truth.coverage import Interval, over_silence, total_seconds, uncovered, unreported
from benchmarks.against_truth.material import Material
from benchmarks.against_truth.proofs import Subtitles
from benchmarks.against_truth.words import TimedWord
from tools.word_alignment import Pair, Part, Starts, align_timed, mistakes

#: A word that starts no further from a seam is "at" it.
NEAR_SEAM_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed:
    """What one system made of one recording."""

    words: tuple[TimedWord, ...]
    seconds: float  #: wall time of hearing, without decoding
    seams: tuple[float, ...] = ()  #: where chunks meet
    gaps: tuple[Interval, ...] = ()
    reruns: int = 0
    subtitles: Subtitles | None = None  #: None: nobody looked at them


@dataclass(frozen=True, slots=True)
class Edit:
    """A mistake and its place in the recording."""

    part: Part
    at: float
    truth: str
    heard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts and seconds that add up over recordings.

    Coverage and start errors are 0 and empty where the truth has no times.
    """

    words: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    uncovered_seconds: float = 0.0
    unreported_seconds: float = 0.0  #: of stretches longer than the farm's bound, and in no gap
    starts_at_seams: tuple[float, ...] = ()  #: distance of each right word's start from its true start
    starts_elsewhere: tuple[float, ...] = ()
    seams: int = 0
    gaps: int = 0
    reruns: int = 0
    words_over_silence: int = 0
    subtitles: Subtitles | None = None
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """All edits."""
        return self.lost + self.doubled + self.wrong

    @property
    def rate(self) -> float:
        """Word error rate."""
        return self.errors / max(1, self.words)


def score(material: Material, transcribed: Transcribed) -> tuple[Score, list[Edit]]:
    """How well the transcript matches, and each mistake in it."""
    truth, heard = material.truth, transcribed.words
    edits = edits_between(truth, heard, has_times=material.has_times)
    silent = uncovered(truth, heard) if material.has_times else []
    near, elsewhere = _start_errors(truth, heard, transcribed.seams) if material.has_times else ((), ())
    counted = Score(
        words=len(truth),
        lost=sum(edit.part == "lost" for edit in edits),
        doubled=sum(edit.part == "doubled" for edit in edits),
        wrong=sum(edit.part == "wrong" for edit in edits),
        uncovered_seconds=total_seconds(silent),
        unreported_seconds=total_seconds(unreported(silent, transcribed.gaps)),
        starts_at_seams=near,
        starts_elsewhere=elsewhere,
        seams=len(transcribed.seams),
        gaps=len(transcribed.gaps),
        reruns=transcribed.reruns,
        words_over_silence=over_silence(truth, heard) if material.has_times else 0,
        subtitles=transcribed.subtitles,
        seconds=transcribed.seconds,
    )
    return counted, edits


def edits_between(
    truth: Sequence[TimedWord], heard: Sequence[TimedWord], *, has_times: bool = True
) -> list[Edit]:
    """Every mistake, placed by the truth's time where it has one, else by what was heard."""
    edits = []
    at = 0.0
    said_words, heard_words = [word.text for word in truth], [word.text for word in heard]
    pairs = _pairs(truth, heard) if has_times else None
    for mistake in mistakes(said_words, heard_words, pairs):
        said = truth[mistake.truth] if mistake.truth is not None else None
        found = heard[mistake.heard] if mistake.heard is not None else None
        if said is not None and has_times:
            at = said.start
        elif found is not None:
            at = found.start
        edits.append(Edit(mistake.part, at, said.text if said else "", found.text if found else ""))
    return edits


def together(scores: Iterable[Score]) -> Score:
    """The sum of them."""
    parts = list(scores)
    subtitles = [part.subtitles for part in parts if part.subtitles is not None]
    return Score(
        words=sum(part.words for part in parts),
        lost=sum(part.lost for part in parts),
        doubled=sum(part.doubled for part in parts),
        wrong=sum(part.wrong for part in parts),
        uncovered_seconds=sum(part.uncovered_seconds for part in parts),
        unreported_seconds=sum(part.unreported_seconds for part in parts),
        starts_at_seams=tuple(error for part in parts for error in part.starts_at_seams),
        starts_elsewhere=tuple(error for part in parts for error in part.starts_elsewhere),
        seams=sum(part.seams for part in parts),
        gaps=sum(part.gaps for part in parts),
        reruns=sum(part.reruns for part in parts),
        words_over_silence=sum(part.words_over_silence for part in parts),
        subtitles=_all_subtitles(subtitles),
        seconds=sum(part.seconds for part in parts),
    )


def _all_subtitles(parts: Sequence[Subtitles]) -> Subtitles | None:
    if not parts:
        return None
    return Subtitles(
        cues=sum(part.cues for part in parts),
        explained=sum(part.explained for part in parts),
        faults=sum(part.faults for part in parts),
    )


def _pairs(truth: Sequence[TimedWord], heard: Sequence[TimedWord]) -> list[Pair]:
    starts = Starts([word.start for word in truth], [word.start for word in heard])
    return align_timed([word.text for word in truth], [word.text for word in heard], starts)


def _start_errors(
    truth: Sequence[TimedWord], heard: Sequence[TimedWord], seams: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    near: list[float] = []
    elsewhere: list[float] = []
    places = np.array(seams)
    for pair in _pairs(truth, heard):
        if pair.truth is None or pair.heard is None:
            continue
        said, found = truth[pair.truth], heard[pair.heard]
        if said.text != found.text:
            continue
        is_near = places.size and np.abs(places - said.start).min() <= NEAR_SEAM_SECONDS
        (near if is_near else elsewhere).append(abs(found.start - said.start))
    return tuple(near), tuple(elsewhere)
