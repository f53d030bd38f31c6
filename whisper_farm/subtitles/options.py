"""What a person may ask of the subtitles: a preset, and any of its numbers otherwise. Checked at every door.

These options change what is on the screen and not what was heard, so they are no part of a job's identity:
other ones make other files from the stored transcript at once. Workflows read this module; nothing heavy may
be here.
"""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from whisper_farm.models import Fact, SubtitleRules, SubtitleStyle

Preset = Literal["netflix", "bbc", "plain"]


class SubtitleOptions(Fact):
    """A preset and what differs from it; None leaves its number. In JSON a preset's name alone will do."""

    preset: Preset = "netflix"
    line_columns: Annotated[int, Field(ge=10, le=200)] | None = None
    lines: Annotated[int, Field(ge=1, le=4)] | None = None
    shortest_seconds: Annotated[float, Field(ge=0.1, le=5, allow_inf_nan=False)] | None = None
    longest_seconds: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] | None = None
    characters_per_second: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None  #: 0: any
    gap_frames: Annotated[int, Field(ge=0, le=50)] | None = None
    frames_per_second: Annotated[float, Field(ge=10, le=240, allow_inf_nan=False)] | None = None
    closed_gap_seconds: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None = None  #: 0: none
    word_times: bool = False  #: VTT and LRC tell when each word is said
    paragraph_times: bool = False  #: each paragraph of the plain text begins with its time

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return {"preset": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        rules = rules_of(self)
        if rules.shortest_ms >= rules.longest_ms:
            raise ValueError("the shortest time on screen must be below the longest")
        speed = rules.characters_per_second
        if speed and speed * rules.longest_ms / 1000 < rules.line_columns:
            raise ValueError(
                f"at {speed:g} characters a second not even one full line can be read in"
                f" {rules.longest_ms / 1000:g} s; allow more of either, or shorter lines"
            )
        if 0 < rules.closed_gap_ms < rules.smallest_gap_ms:
            raise ValueError("gaps can't be closed to a smallest gap that is larger than they are")
        return self


def rules_of(options: SubtitleOptions, language: str = "") -> SubtitleRules:
    """The numbers that the options make for a transcript in that language."""
    preset = _PRESETS[options.preset]
    columns = options.line_columns or preset.line_columns
    if options.line_columns is None and options.preset == "netflix":
        columns = _NETFLIX_WIDE_COLUMNS.get(language, columns)
    fps = options.frames_per_second or preset.frames_per_second
    frames = _or(options.gap_frames, preset.gap_frames)
    return SubtitleRules(
        line_columns=columns,
        lines=options.lines or preset.lines,
        shortest_ms=_ms(options.shortest_seconds or preset.shortest_seconds),
        longest_ms=int((options.longest_seconds or preset.longest_seconds) * 1000),
        characters_per_second=float(_or(options.characters_per_second, preset.characters_per_second)),
        smallest_gap_ms=_ms(frames / fps),
        closed_gap_ms=_ms(_or(options.closed_gap_seconds, preset.closed_gap_seconds)),
    )


def style_of(options: SubtitleOptions, language: str = "") -> SubtitleStyle:
    """All that the options mean for a transcript in that language."""
    return SubtitleStyle(
        preset=options.preset,
        rules=rules_of(options, language),
        word_times=options.word_times,
        paragraph_times=options.paragraph_times,
    )


class _Numbers(Fact):
    """A preset. See docs/subtitles.md for where each number comes from."""

    line_columns: int
    lines: int
    shortest_seconds: float
    longest_seconds: float
    characters_per_second: float
    gap_frames: int
    frames_per_second: float
    closed_gap_seconds: float


_PRESETS: dict[Preset, _Numbers] = {
    # Netflix, Timed Text Style Guide: general requirements, English, and subtitle timing guidelines.
    "netflix": _Numbers(
        line_columns=42,
        lines=2,
        shortest_seconds=5 / 6,
        longest_seconds=7.0,
        characters_per_second=20.0,
        gap_frames=2,
        frames_per_second=24.0,
        closed_gap_seconds=0.5,
    ),
    # BBC, Subtitle Guidelines: 37 characters (3.1), 2 lines (3.3), 160 to 180 words a minute (4), gaps of 1 s
    # or none (4.5). 180 words of six characters, five letters and a blank, are 18 characters a second. They
    # name no longest or shortest time, so these are as above.
    "bbc": _Numbers(
        line_columns=37,
        lines=2,
        shortest_seconds=5 / 6,
        longest_seconds=7.0,
        characters_per_second=18.0,
        gap_frames=0,
        frames_per_second=25.0,
        closed_gap_seconds=1.0,
    ),
    # What players and editors take without complaint, and nothing held longer than it is said.
    "plain": _Numbers(
        line_columns=42,
        lines=2,
        shortest_seconds=5 / 6,
        longest_seconds=7.0,
        characters_per_second=0.0,
        gap_frames=0,
        frames_per_second=24.0,
        closed_gap_seconds=0.0,
    ),
}

#: Netflix's guides count full-width characters: 16 on a line for Chinese and Korean, 13 for Japanese.
_NETFLIX_WIDE_COLUMNS = {"zh": 32, "yue": 32, "ko": 32, "ja": 26}


def _ms(seconds: float) -> int:
    """Upwards: what is at least so long in milliseconds is so in seconds, too."""
    return ceil(round(seconds * 1000, 6))


def _or(given: float | None, preset: float) -> float:
    return preset if given is None else given
