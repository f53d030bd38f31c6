"""SubRip: numbered cues, commas in its times, and no way to escape anything.

So what a reader would take for a cue's times, a tag or a style gets a blank, which most show as text.
"""

import re

from whisper_farm.models import Transcript
from whisper_farm.subtitles.clock import srt_time
from whisper_farm.subtitles.cues import cues_of

_MARKUP = re.compile(r"--(?=>)|<(?=[A-Za-z/])|\{(?=\\)")


def write_srt(transcript: Transcript) -> str:
    """The transcript as SRT. One without words is an empty file."""
    blocks = []
    for number, cue in enumerate(cues_of(transcript), 1):
        lines = "\n".join(_harmless(line) for line in cue.lines)
        blocks.append(f"{number}\n{srt_time(cue.start_ms)} --> {srt_time(cue.end_ms)}\n{lines}\n")
    return "\n".join(blocks)


def _harmless(line: str) -> str:
    return _MARKUP.sub(r"\g<0> ", line)
