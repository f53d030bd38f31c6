"""WebVTT. Gaps stand in it as notes, which players pass over and people who open the file see."""

import heapq
from collections.abc import Iterator

from whisper_farm.models import Transcript
from whisper_farm.subtitles.clock import interval, milliseconds, vtt_time
from whisper_farm.subtitles.cues import cues_of, one_line

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_vtt(transcript: Transcript) -> str:
    """The transcript as WebVTT; cues and notes in order of time."""
    blocks = heapq.merge(_notes(transcript), _cues(transcript), key=lambda block: block[0])
    return "\n".join(["WEBVTT\n", *(text for _, text in blocks)])


def _cues(transcript: Transcript) -> Iterator[tuple[int, str]]:
    for cue in cues_of(transcript):
        lines = "\n".join(line.translate(_ESCAPES) for line in cue.lines)
        yield cue.start_ms, f"{vtt_time(cue.start_ms)} --> {vtt_time(cue.end_ms)}\n{lines}\n"


def _notes(transcript: Transcript) -> Iterator[tuple[int, str]]:
    for gap in sorted(transcript.gaps, key=lambda gap: gap.start):
        said = one_line(f"no transcript from {interval(gap.start, gap.end)}: {gap.reason}")
        yield milliseconds(gap.start), f"NOTE {said.translate(_ESCAPES)}\n"
