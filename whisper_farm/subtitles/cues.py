"""What is on the screen when: the words of a transcript as cues. Pure; the writers only spell them out.

Cues hold exactly the transcript's words, in order, and never overlap. Where a cue can't keep to a rule,
because people speak faster than anybody reads, it is an exception with its reason: it is shown all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from whisper_farm.models import (
    SubtitleException,
    SubtitleReport,
    SubtitleRule,
    SubtitleRules,
    SubtitleStyle,
    Transcript,
)
from whisper_farm.subtitles.clock import milliseconds
from whisper_farm.subtitles.lines import lines_of
from whisper_farm.subtitles.options import SubtitleOptions, rules_of
from whisper_farm.subtitles.parting import Parting
from whisper_farm.subtitles.timing import Timing
from whisper_farm.subtitles.units import Spoken, joined, units_of
from whisper_farm.subtitles.wording import wording_of


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a cue does not keep to, and why."""

    rule: SubtitleRule
    reason: str


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: `[start_ms, end_ms)` from the start of the recording, and the words of each line."""

    start_ms: int
    end_ms: int
    spoken: tuple[tuple[Spoken, ...], ...]
    faults: tuple[Fault, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line, unescaped."""
        return tuple(joined(line) for line in self.spoken)


def cues_of(transcript: Transcript, rules: SubtitleRules | None = None) -> tuple[Cue, ...]:
    """The transcript's words as cues, in order of time. Without `rules` by those of the default preset."""
    language = spoken_language(transcript)
    rules = rules or rules_of(SubtitleOptions(), language)
    wording = wording_of(language)
    units = units_of(transcript.segments, rules, wording)
    parting = Parting(units, rules, wording)
    timing = Timing(units, rules, duration_ms=milliseconds(transcript.duration))
    return tuple(_cue(parting, timing, first, last) for first, last in parting.cues(timing))


def spoken_language(transcript: Transcript) -> str:
    """The language that the transcript's text is in."""
    return "en" if transcript.decoding.get("task") == "translate" else transcript.language


def report_of(cues: Sequence[Cue], style: SubtitleStyle) -> SubtitleReport:
    """What the transcript's JSON says of its subtitles. SRT and VTT show the same cues, equally numbered."""
    exceptions = [
        SubtitleException(format=each, cue=number, rule=fault.rule, reason=fault.reason)
        for each in _FORMATS
        for number, cue in enumerate(cues, 1)
        for fault in cue.faults
    ]
    return SubtitleReport(**dict(style), cue_count=len(cues), exceptions=tuple(exceptions))


_FORMATS: tuple[Literal["srt", "vtt"], ...] = ("srt", "vtt")


def _cue(parting: Parting, timing: Timing, first: int, last: int) -> Cue:
    units, start_ms, to_read = parting.units, timing.starts[first], parting.to_read(first, last)
    said_end = max(unit.end for unit in units[first:last])
    end_ms, broken = timing.settle(first, last, said_end, to_read)
    lines = lines_of(parting, first, last)
    faults = list(_of_layout(parting, lines))
    if broken:
        faults += _of_times(end_ms - start_ms, timing.gap_after(last, end_ms), to_read, parting.rules)
    spoken = tuple(tuple(word for unit in units[begin:end] for word in unit.words) for begin, end in lines)
    return Cue(start_ms, end_ms, spoken, tuple(faults))


def _of_layout(parting: Parting, lines: Sequence[tuple[int, int]]) -> Iterator[Fault]:
    for begin, end in lines:
        columns, last = parting.columns(begin, end), parting.units[end - 1]
        if columns > parting.rules.line_columns:
            yield Fault("columns", f"a word of {columns} columns has no place where it may be parted")
        if last.parts_article:
            after = (parting.units[end].start - last.end) / 1000
            what = f"'{last.words[-1].text}' and what is said {after:.1f} s after it"
            yield Fault("article", f"{what} do not go into one line of one cue")


def _of_times(lasts_ms: int, gap_ms: int | None, to_read: int, rules: SubtitleRules) -> Iterator[Fault]:
    if gap_ms is None:
        then = "where the recording ends"
    else:
        then = f"where the next words begin {(lasts_ms + gap_ms) / 1000:.2f} s after these"
    if lasts_ms < rules.shortest_ms:
        yield Fault("shortest", f"only {lasts_ms / 1000:.2f} s are left, {then}")
    if rules.characters_per_second and to_read * 1000 > rules.characters_per_second * lasts_ms:
        speed = to_read * 1000 / lasts_ms
        yield Fault("reading speed", f"speech faster than the limit: {speed:.1f} characters a second, {then}")
    if gap_ms is not None and gap_ms < rules.smallest_gap_ms:
        yield Fault("gap", f"two words begin {(lasts_ms + gap_ms) / 1000:.3f} s apart")
    elif gap_ms is not None and rules.smallest_gap_ms < gap_ms < rules.closed_gap_ms:
        yield Fault(
            "closed gap",
            f"closing the gap of {gap_ms / 1000:.2f} s would show it longer than the longest time",
        )
