"""WebVTT. Gaps stand in it as notes, which players pass over and people who open the file see."""

import heapq
from collections.abc import Iterator, Sequence

from whisper_farm.models import Gap
from whisper_farm.subtitles.clock import interval, milliseconds, vtt_time
from whisper_farm.subtitles.cues import Cue
from whisper_farm.subtitles.units import one_line

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_vtt(cues: Sequence[Cue], gaps: Sequence[Gap], *, word_times: bool = False) -> str:
    """The cues as WebVTT; cues and notes in order of time.

    With `word_times` each word but a cue's first has the time when it is said before it, for players that
    show words as they come.
    """
    written = _timed_text if word_times else _text
    blocks = heapq.merge(
        _notes(gaps),
        (
            (
                cue.start_ms,
                f"{vtt_time(cue.start_ms)} --> {vtt_time(cue.end_ms)}\n{written(cue)}\n",
            )
            for cue in cues
        ),
        key=lambda block: block[0],
    )
    return "\n".join(["WEBVTT\n", *(text for _, text in blocks)])


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines).translate(_ESCAPES)


def _timed_text(cue: Cue) -> str:
    """A time within a cue must be later than the one before and than the cue's start, and before its end."""
    lines, at = [], cue.start_ms
    for spoken in cue.spoken:
        pieces: list[str] = []
        for word in spoken:
            blank = " " if word.spaced and pieces else ""
            if at < word.start < cue.end_ms:
                at = word.start
                blank += f"<{vtt_time(at)}>"
            pieces.append(blank + word.text.translate(_ESCAPES))
        lines.append("".join(pieces))
    return "\n".join(lines)


def _notes(gaps: Sequence[Gap]) -> Iterator[tuple[int, str]]:
    for gap in sorted(gaps, key=lambda gap: gap.start):
        said = one_line(f"no transcript from {interval(gap.start, gap.end)}: {gap.reason}")
        yield milliseconds(gap.start), f"NOTE {said.translate(_ESCAPES)}\n"
