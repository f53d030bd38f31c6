"""LRC, the format of lyrics: a line of text behind the time at which it begins, `[mm:ss.xx]`.

A line stays until the next one comes, so a long pause gets an empty line. Minutes go on beyond 99.
"""

import re
from collections.abc import Iterator, Sequence

from whisper_farm.subtitles.cues import Cue
from whisper_farm.subtitles.units import Spoken, one_line

_LONG_PAUSE_MS = 2_000  #: as in the plain text, where it begins a paragraph
_LIKE_A_TIME = re.compile(r"(?<=[\[<])(?=\d+:)")


def write_lrc(cues: Sequence[Cue], *, word_times: bool = False) -> str:
    """The cues as LRC, each on one line. With `word_times` also `<mm:ss.xx>` before each word."""
    return "".join(f"{line}\n" for line in _lines(cues, word_times))


def _lines(cues: Sequence[Cue], word_times: bool) -> Iterator[str]:
    for number, cue in enumerate(cues):
        words = [word for line in cue.spoken for word in line]
        text = _timed(words) if word_times else _harmless(one_line(" ".join(cue.lines)))
        # What stands in brackets right behind a time is read as a tag.
        yield f"[{_time(cue.start_ms)}]{' ' if text.startswith('[') else ''}{text}"
        next_ms = cues[number + 1].start_ms if number + 1 < len(cues) else None
        if next_ms is None or next_ms - cue.end_ms >= _LONG_PAUSE_MS:
            yield f"[{_time(cue.end_ms)}]"


def _timed(words: Sequence[Spoken]) -> str:
    return " ".join(f"<{_time(word.start)}>{_harmless(word.text)}" for word in words)


def _harmless(text: str) -> str:
    return _LIKE_A_TIME.sub(" ", text)


def _time(at_ms: int) -> str:
    """Hundredths, halves upwards."""
    minutes, hundredths = divmod((at_ms + 5) // 10, 6_000)
    return f"{minutes:02}:{hundredths // 100:02}.{hundredths % 100:02}"
