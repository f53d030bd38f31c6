"""Tab-separated values as whisper's own command writes them: milliseconds, and one row for each segment."""

from whisper_farm.models import Transcript
from whisper_farm.subtitles.clock import milliseconds
from whisper_farm.subtitles.units import one_line


def write_tsv(transcript: Transcript) -> str:
    """A header and a row `start`, `end`, `text` for each segment; tabs and newlines in it become blanks."""
    rows = [
        f"{milliseconds(segment.start)}\t{milliseconds(segment.end)}\t{one_line(segment.text)}\n"
        for segment in transcript.segments
    ]
    return "".join(["start\tend\ttext\n", *rows])
