"""From a transcript's words to units: what no line and no cue may part.

A unit is a word, or words with no place to break between them: `well` and `-known`, an article and its noun.
One normalisation for all subtitles: times are whole milliseconds, blanks single, control characters gone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from whisper_farm.breaks import may_part, width
from whisper_farm.models import Segment, SubtitleRules
from whisper_farm.subtitles.clock import milliseconds
from whisper_farm.subtitles.wording import Wording, bare

#: No cue reaches over a pause that long: a reader would have words before him that are not said yet. In plain
#: text it begins a paragraph.
LONGEST_PAUSE_MS = 2_000

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_SRT_MARKUP = re.compile(r"--(?=>)|<(?=[A-Za-z/])|\{(?=\\)")


class Spoken(NamedTuple):
    """A word with its times in milliseconds. `spaced`: a blank parts it from the word before."""

    start: int
    end: int
    text: str
    spaced: bool


class Unit(NamedTuple):
    """Words that stay together on one line."""

    words: tuple[Spoken, ...]
    start: int
    end: int
    text: str
    spaced: bool
    columns: int
    characters: int
    parts_article: bool  #: it ends with an article that could not be kept with its noun


def one_line(text: str) -> str:
    """The text on one line, without control characters or doubled blanks."""
    return _BLANKS.sub(" ", text).strip()


def srt_harmless(line: str) -> str:
    """The line with a blank in what readers of SRT, which knows no escapes, would take for markup."""
    return _SRT_MARKUP.sub(r"\g<0> ", line)


def joined(words: Iterable[Spoken]) -> str:
    """The words as text on one line."""
    return "".join(f" {word.text}" if word.spaced else word.text for word in words).lstrip(" ")


def units_of(segments: Sequence[Segment], rules: SubtitleRules, wording: Wording) -> list[Unit]:
    """All words of the segments as units, in order."""
    words = [word for segment in segments for word in _words_of(segment, rules.line_columns)]
    runs = _unparted(words)
    return [_unit(run, parts_article) for run, parts_article in _with_articles(runs, rules, wording)]


def _words_of(segment: Segment, columns: int) -> Iterator[Spoken]:
    """The segment's words; the first is spaced, for segments are joined by blanks."""
    timed = (
        [(milliseconds(word.start), milliseconds(word.end), word.word) for word in segment.words]
        if segment.words
        else [(milliseconds(segment.start), milliseconds(segment.end), segment.text)]
    )
    spaced = True
    for start, end, raw in timed:
        text = _BLANKS.sub(" ", raw) if not raw.isalnum() else raw
        said = text.strip(" ")
        spaced = spaced or text[:1] == " "
        if not said:
            continue
        if segment.words and " " not in said and width(said) <= columns:
            yield Spoken(start, end, said, spaced)
        else:
            yield from _evenly(said, start, end, spaced)
        spaced = text[-1] == " "


def _evenly(text: str, start: int, end: int, spaced: bool) -> Iterator[Spoken]:
    """A text parted wherever a line may break, each piece given time by its length."""
    said = 0
    for blank, piece in re.findall(r"( ?)([^ ]+)", text):
        is_first = True
        for part in _unglued(piece):
            begin, said = said, said + len(part) + len(blank) * is_first
            yield Spoken(
                start + (end - start) * begin // len(text),
                start + (end - start) * said // len(text),
                part,
                bool(blank) or spaced if is_first else False,
            )
            is_first, spaced = False, False


def _unglued(piece: str) -> Iterator[str]:
    """Scripts without blanks are parted at each character that may begin a line."""
    begin = 0
    for index in range(1, len(piece)):
        if may_part(piece[index - 1], piece[index]):
            yield piece[begin:index]
            begin = index
    yield piece[begin:]


def _unparted(words: Iterable[Spoken]) -> list[list[Spoken]]:
    runs: list[list[Spoken]] = []
    for word in words:
        if runs and not (word.spaced or may_part(runs[-1][-1].text, word.text)):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _with_articles(
    runs: Sequence[list[Spoken]], rules: SubtitleRules, wording: Wording
) -> Iterator[tuple[list[Spoken], bool]]:
    """Articles joined to what follows them, as far as one line and one cue can hold both."""
    articles = wording.articles
    held: list[Spoken] = []
    for run in runs:
        if held:
            both = [*held, *run]
            lasts = max(word.end for word in run) - held[0].start
            is_apart = run[0].start - held[-1].end >= LONGEST_PAUSE_MS or lasts > rules.longest_ms
            if is_apart or width(srt_harmless(joined(both))) > rules.line_columns:
                yield held, True
                both = run
        else:
            both = run
        held = []
        if _ends_with(articles, both):
            held = both
        else:
            yield both, False
    if held:
        yield held, False


def _ends_with(articles: frozenset[str], run: Sequence[Spoken]) -> bool:
    """Whether what stands behind the run's last blank is an article, be it behind an opening quote."""
    last = run[-1].text
    for word in reversed(run[:-1] if not run[-1].spaced else ()):
        last = word.text + last
        if word.spaced:
            break
    return bare(last) in articles or last.casefold() in articles


def _unit(run: Sequence[Spoken], parts_article: bool) -> Unit:
    text = run[0].text if len(run) == 1 else joined(run)
    shown = srt_harmless(text) if not text.isalnum() else text
    columns = len(shown) if shown.isascii() else width(shown)
    return Unit(
        words=tuple(run),
        start=run[0].start,
        end=max(word.end for word in run) if len(run) > 1 else run[0].end,
        text=text,
        spaced=run[0].spaced,
        columns=columns,
        characters=len(shown),
        parts_article=parts_article,
    )
