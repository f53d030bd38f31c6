"""SubRip: numbered cues, commas in its times, and no way to escape anything.

So what a reader would take for a cue's times, a tag or a style gets a blank, which most show as text.
"""

from collections.abc import Sequence

from whisper_farm.subtitles.clock import srt_time
from whisper_farm.subtitles.cues import Cue
from whisper_farm.subtitles.units import srt_harmless


def write_srt(cues: Sequence[Cue]) -> str:
    """The cues as SRT. No cue is an empty file."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        lines = "\n".join(srt_harmless(line) for line in cue.lines)
        blocks.append(f"{number}\n{srt_time(cue.start_ms)} --> {srt_time(cue.end_ms)}\n{lines}\n")
    return "\n".join(blocks)
