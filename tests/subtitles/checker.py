"""Strict readers of SRT, VTT and LRC, and a judge of subtitles: no code of the writers is in them.

The readers follow the formats' descriptions. The judge finds every rule that a cue breaks, by the numbers
that the transcript's JSON states, and asks of each that the JSON explains it.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

SRT_TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})")
VTT_TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
VTT_WORD_TIME = re.compile(r"<(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})>")
LRC_LINE = re.compile(r"\[(\d{2,}):([0-5]\d)\.(\d{2})\](.*)")
LRC_WORD_TIME = re.compile(r"<(\d{2,}):([0-5]\d)\.(\d{2})>")

#: Articles that stand as words of their own, and prepositions that an article has melted into.
ARTICLES = {
    "en": "a an the",
    "de": "der die das den dem des ein eine einen einem einer eines",
    "fr": "le la les l' un une des du au aux",
    "es": "el la los las lo un una unos unas al del",
    "it": "il lo la i gli le l' un uno una un' del dello della dell' dei degli delle al allo alla all' ai"
    " agli alle dal dallo dalla dall' dai dagli dalle nel nello nella nell' nei negli nelle sul sullo sulla"
    " sull' sui sugli sulle",
    "pt": "o a os as um uma uns umas do da dos das no na nos nas ao aos à às pelo pela pelos pelas num numa",
    "nl": "de het een 't 'n",
}


BLANK = r"[\s\x00-\x1f\x7f-\x9f]"


@dataclass(frozen=True)
class Shown:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Violation:
    cue: int  #: from 1
    rule: str


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


def read_vtt(file: str, *, word_times: bool = False) -> tuple[list[Shown], list[str]]:
    """The cues, and the text of each note. Times within a cue must rise, and lie within it."""
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
        within = [ms_of(*found.groups()) for line in lines for found in VTT_WORD_TIME.finditer(line)]
        if word_times:
            lines = [VTT_WORD_TIME.sub("", line) for line in lines]
        for line in lines:
            assert "<" not in line, line
            assert ">" not in line, line
            assert re.fullmatch(r"([^&]|&(amp|lt|gt);)*", line), line
        one = cue(VTT_TIMES, times, [html.unescape(line) for line in lines])
        assert all(a < b for a, b in pairwise([one.start_ms, *within, one.end_ms])), block
        shown.append(one)
    return assert_in_order(shown), notes


def read_lrc(file: str) -> list[tuple[int, str]]:
    """The lines with their times in milliseconds; they never go backwards."""
    assert_clean(file)
    lines = []
    for line in file.removesuffix("\n").split("\n") if file else []:
        found = LRC_LINE.fullmatch(line)
        assert found, line
        minutes, seconds, hundredths, text = found.groups()
        assert not re.match(r"\[", text), line
        lines.append(((int(minutes) * 60 + int(seconds)) * 1000 + int(hundredths) * 10, text))
    assert all(one[0] <= two[0] for one, two in pairwise(lines))
    return lines


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
    assert lines, f"the cue at {line} has no text"
    assert all(text == text.strip() and text for text in lines), lines
    parts = found.groups()
    return Shown(ms_of(*parts[:4]), ms_of(*parts[4:]), tuple(lines))


def ms_of(hours: str, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)


def assert_in_order(shown: list[Shown]) -> list[Shown]:
    assert all(one.start_ms < one.end_ms for one in shown)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(shown))
    return shown


def spoken(shown: Sequence[Shown]) -> str:
    """All that the cues say, without blanks: two texts of the same words in the same order are equal."""
    return bare("".join(line for each in shown for line in each.lines))


def bare(text: str) -> str:
    return re.sub(BLANK, "", text)


# -- the judge


def check_subtitles(document: str, srt: str, vtt: str, *, word_times: bool = False) -> list[Violation]:
    """All violations, each of which the transcript's JSON explains; what it explains is one, too.

    `document` is the transcript's JSON. Cues must hold exactly its words, none before it is said.
    """
    said = json.loads(document)
    report = said["subtitles"]
    words = words_of(said)
    found, explained = {}, []
    for form, shown in (("srt", read_srt(srt)), ("vtt", read_vtt(vtt, word_times=word_times)[0])):
        assert spoken(shown) == "".join(bare(text) for _, _, text in words), f"{form} has other words"
        assert len(shown) == report["cue_count"]
        assert_none_too_early(shown, words)
        found[form] = list(violations(shown, report["rules"], said["language"], blanks_in(said)))
        explained = [(e["cue"], e["rule"]) for e in report["exceptions"] if e["format"] == form]
        unexplained = [each for each in found[form] if (each.cue, each.rule) not in explained]
        assert unexplained == [], form
        assert all(e["reason"] for e in report["exceptions"])
    # What VTT escapes is a blank more in SRT: there the JSON explains nothing that is not so.
    assert sorted((each.cue, each.rule) for each in found["srt"]) == sorted(explained)
    return found["srt"]


def words_of(said: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Start and end in milliseconds, and the text, of each word; of a segment that has none, all of it."""
    return [
        (round(each["start"] * 1000), round(each["end"] * 1000), each[text])
        for segment in said["segments"]
        for text, group in (("word", segment["words"]), ("text", [] if segment["words"] else [segment]))
        for each in group
        if bare(each[text])
    ]


def assert_none_too_early(shown: Sequence[Shown], words: Sequence[tuple[int, int, str]]) -> None:
    """A cue never comes before its first word is said, nor later than that word's end."""
    at, word = 0, 0
    for each in shown:
        while at >= len(bare(words[word][2])):
            at -= len(bare(words[word][2]))
            word += 1
        start, end, _ = words[word]
        assert each.start_ms >= start, f"{each} comes before {words[word]}"
        # Words of no length at one time come one after the other, a millisecond each.
        assert each.start_ms <= max(end, start) + len(words), f"{each} comes after {words[word]}"
        at += len(bare("".join(each.lines)))


def violations(
    shown: Sequence[Shown], rules: dict[str, Any], language: str, blanks: set[int]
) -> Iterator[Violation]:
    """Every rule that a cue breaks, in order."""
    said = 0
    articles = set(ARTICLES.get(language, "").split())
    for number, each in enumerate(shown, 1):
        following = shown[number] if number < len(shown) else None
        lasts = each.end_ms - each.start_ms
        assert len(each.lines) <= rules["lines"], each
        for line in each.lines:
            if columns_of(line) > rules["line_columns"]:
                yield Violation(number, "columns")
        ends = list(each.lines) if following is not None else list(each.lines[:-1])
        for line in ends:
            last = line.split()[-1].lower().replace("\u2019", "'")
            if articles & {last, re.sub(r"^\W+", "", last)}:
                yield Violation(number, "article")
        if lasts < rules["shortest_ms"]:
            yield Violation(number, "shortest")
        if lasts > rules["longest_ms"]:
            yield Violation(number, "longest")
        limit = rules["characters_per_second"]
        if limit and to_read(each.lines, said, blanks) * 1000 > limit * lasts:
            yield Violation(number, "reading speed")
        said += len(bare("".join(each.lines)))
        if following is not None:
            gap = following.start_ms - each.end_ms
            if gap < rules["smallest_gap_ms"]:
                yield Violation(number, "gap")
            elif rules["smallest_gap_ms"] < gap < rules["closed_gap_ms"]:
                yield Violation(number, "closed gap")


def blanks_in(said: dict[str, Any]) -> set[int]:
    """Before how many-th character of all that is said, blanks not counted, there is a blank."""
    blanks, at = set(), 0
    for segment in said["segments"]:
        words = [each["word"] for each in segment["words"]] or [segment["text"]]
        for piece in re.findall(BLANK + "+|.", " " + "".join(words), re.DOTALL):
            if bare(piece):
                at += 1
            else:
                blanks.add(at)
    return blanks


def to_read(lines: Sequence[str], at: int, blanks: set[int]) -> int:
    """Characters, or columns where those are more; a line break counts where it stands for a blank.

    `at` is how many characters were said before.
    """
    text = lines[0]
    for line in lines[1:]:
        text += f" {line}" if at + len(bare(text)) in blanks else line
    return max(len(text), columns_of(text))


def columns_of(text: str) -> int:
    """East Asian wide characters take two columns (UAX #11), marks and joiners none, emoji sequences two."""
    picture = r"[\U0001F000-\U0001FAFF\u2190-\u2BFF]"
    text = re.sub(r"[\U0001F1E6-\U0001F1FF]{2}", "東", text)  # flags
    text = re.sub(rf"{picture}[\U0001F3FB-\U0001F3FF]", "東", text)  # skin tones
    text = re.sub(rf"({picture}|東)\ufe0f?(\u200d({picture}|東)\ufe0f?)+", "東", text)  # joined
    text = re.sub(r".\ufe0f", "東", text)
    total = 0
    for character in text:
        if unicodedata.category(character) in {"Mn", "Me", "Cf"} or "\u1160" <= character <= "\u11ff":
            continue
        total += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
    return total
