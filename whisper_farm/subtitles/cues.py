"""What is on the screen when: the words of a transcript as cues. Pure; the writers only spell them out.

Cues hold exactly the transcript's words, in order. They are parted at punctuation and pauses, never
overlap, and always last at least a millisecond. `CueRules` is where stricter rule sets come in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whisper_farm.breaks import ends_clause, may_part, parted, width
from whisper_farm.models import Segment, Transcript
from whisper_farm.subtitles.clock import milliseconds

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRules:
    """Bounds for one cue. A single word that is too wide or lasts too long gets a cue of its own."""

    line_columns: int = 42
    lines: int = 2
    shortest_ms: int = 833  #: where the next cue leaves room for it
    longest_ms: int = 7_000


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: `[start_ms, end_ms)` from the start of the recording, and its lines, unescaped."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word with its times in milliseconds, its blanks and control characters made single spaces."""

    start: int
    end: int
    text: str


PLAIN_RULES = CueRules()


def cues_of(transcript: Transcript, rules: CueRules = PLAIN_RULES) -> tuple[Cue, ...]:
    """The transcript's words as cues, in order of time."""

    def fits(run: Sequence[_Spoken]) -> bool:
        return run[-1].end - run[0].start <= rules.longest_ms and _lines(run, rules) is not None

    runs = [
        run
        for segment in transcript.segments
        for run in parted(_spoken(segment), fits, per_second=1000)
        if run
    ]
    return _timed(runs, rules, milliseconds(transcript.duration))


def one_line(text: str) -> str:
    """The text on one line, without control characters or doubled blanks."""
    return _BLANKS.sub(" ", text).strip()


def _spoken(segment: Segment) -> list[_Spoken]:
    if not segment.words:
        return list(_evenly(segment))
    return [
        _Spoken(milliseconds(word.start), milliseconds(word.end), text)
        for word in segment.words
        if (text := _BLANKS.sub(" ", word.word)).strip()
    ]


def _evenly(segment: Segment) -> Iterator[_Spoken]:
    """The text of a segment without word times, each word given time by its length."""
    text = one_line(segment.text)
    pieces = [piece for part in re.findall(r"\S+\s*", text) for piece in _unglued(part)]
    start, length = milliseconds(segment.start), milliseconds(segment.end) - milliseconds(segment.start)
    said = 0
    for piece in pieces:
        begin, said = said, said + len(piece)
        yield _Spoken(
            start + length * begin // len(text), start + length * min(said, len(text)) // len(text), piece
        )


def _unglued(part: str) -> Iterator[str]:
    """Scripts without blanks are parted at each character that may begin a line."""
    begin = 0
    for index in range(1, len(part)):
        if not part[index].isspace() and may_part(part[index - 1], part[index]):
            yield part[begin:index]
            begin = index
    yield part[begin:]


def _timed(runs: Sequence[Sequence[_Spoken]], rules: CueRules, duration_ms: int) -> tuple[Cue, ...]:
    """Cues with their times settled: none overlaps the next, none is empty, short ones stay on."""
    starts: list[int] = []
    for run in runs:
        starts.append(max(run[0].start, starts[-1] + 1) if starts else run[0].start)
    cues = []
    for index, (start, run) in enumerate(zip(starts, runs, strict=True)):
        room_ms = starts[index + 1] if index + 1 < len(starts) else max(duration_ms, run[-1].end)
        wanted_ms = max(run[-1].end, start + rules.shortest_ms)
        end_ms = max(min(wanted_ms, room_ms, start + rules.longest_ms), start + 1)
        cues.append(Cue(start, end_ms, _lines(run, rules) or _overfull(run)))
    return tuple(cues)


def _lines(run: Sequence[_Spoken], rules: CueRules) -> tuple[str, ...] | None:
    """The run on as few lines as the rules allow, or None where it does not fit."""
    whole = _joined(run)
    if width(whole) <= rules.line_columns:
        return (whole,)
    if rules.lines < 2 or width(whole) > rules.lines * rules.line_columns:
        return None
    best: tuple[float, tuple[str, ...]] | None = None
    for place in range(1, len(run)):
        if not may_part(run[place - 1].text, run[place].text):
            continue
        top, below = _joined(run[:place]), _joined(run[place:])
        if width(top) > rules.line_columns or width(below) > rules.line_columns:
            continue
        uneven = abs(width(top) - width(below)) / rules.line_columns
        cost = uneven - (0.4 if ends_clause(run[place - 1].text) else 0.0)
        if best is None or cost < best[0]:
            best = (cost, (top, below))
    return best[1] if best else None


def _overfull(run: Sequence[_Spoken]) -> tuple[str, ...]:
    return (_joined(run),)


def _joined(run: Sequence[_Spoken]) -> str:
    return one_line("".join(word.text for word in run))
