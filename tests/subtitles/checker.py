"""Strict readers of SRT and VTT, from the formats' descriptions: no code of the writers is in them."""

import html
import re
from dataclasses import dataclass
from itertools import pairwise

SRT_TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})")
VTT_TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")


@dataclass(frozen=True)
class Shown:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def read_srt(file: str) -> list[Shown]:
    assert_clean(file)
    if not file:
        return []
    shown = []
    for number, block in enumerate(blocks(file), 1):
        head, times, *lines = block
        assert head == str(number), f"cue {number} is numbered {head!r}"
        shown.append(cue(SRT_TIMES, times, lines))
        assert not any("-->" in line for line in lines), lines
    return assert_in_order(shown)


def read_vtt(file: str) -> tuple[list[Shown], list[str]]:
    """The cues, and the text of each note."""
    assert_clean(file)
    header, *rest = blocks(file)
    assert header == ["WEBVTT"]
    shown, notes = [], []
    for block in rest:
        if block[0].startswith("NOTE"):
            assert not any("-->" in line for line in block), block
            notes.append(html.unescape("\n".join(block).removeprefix("NOTE").strip()))
            continue
        times, *lines = block
        for line in lines:
            assert "<" not in line, line
            assert ">" not in line, line
            assert re.fullmatch(r"([^&]|&(amp|lt|gt);)*", line), line
        shown.append(cue(VTT_TIMES, times, [html.unescape(line) for line in lines]))
    return assert_in_order(shown), notes


def assert_clean(file: str) -> None:
    assert not file or file.endswith("\n")
    assert not file.endswith("\n\n")
    assert not file.startswith("\ufeff")
    assert not [
        c for c in file if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u2029")
    ]


def blocks(file: str) -> list[list[str]]:
    return [block.split("\n") for block in file.removesuffix("\n").split("\n\n")]


def cue(times: "re.Pattern[str]", line: str, lines: list[str]) -> Shown:
    found = times.fullmatch(line)
    assert found, f"{line!r} are no times"
    h, m, s, ms, h2, m2, s2, ms2 = map(int, found.groups())
    assert lines, f"the cue at {line} has no text"
    assert all(text == text.strip() and text for text in lines), lines
    return Shown(((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2, tuple(lines))


def assert_in_order(shown: list[Shown]) -> list[Shown]:
    assert all(one.start_ms < one.end_ms for one in shown)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(shown))
    return shown


def spoken(shown: list[Shown]) -> str:
    """All that the cues say, without blanks: two texts of the same words in the same order are equal."""
    return bare("".join(line for each in shown for line in each.lines))


def bare(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", "", text)
