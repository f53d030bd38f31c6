"""From chunk time to recording time: once, here, by exact samples.

All of merging counts samples, so that no decision hangs on a float's last digit and shifting every
chunk shifts the transcript exactly. After this file no time relative to a chunk exists any more.
"""

import re
from dataclasses import dataclass

from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, ChunkTranscript

_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """A word at its place in the recording, `start` and `end` in samples.

    Where the engine gave a segment no words, the segment's whole text stands here as one piece, with
    `probability` None. `opens` marks the first word of a window that the engine heard as one.
    """

    start: int
    end: int
    text: str
    probability: float | None
    opens: bool = False

    @property
    def doubled_middle(self) -> int:
        """Twice the middle, so that it is a whole number."""
        return self.start + self.end


def samples(seconds: float) -> int:
    """The nearest whole sample. Times in hundredths or thousandths come back exactly."""
    return round(seconds * SAMPLE_RATE_HZ)


def sounds(word: Placed) -> str:
    """The word without case and punctuation; a word of nothing else stands for itself."""
    text = word.text.strip().casefold()
    return _NO_LETTER.sub("", text) or text


def place(chunk: Chunk, heard: ChunkTranscript) -> list[Placed]:
    """What was heard in the chunk, in the order it was heard, in recording time and inside the chunk's audio.

    Words of nothing but blanks are left out: they say nothing, and no subtitle can show them.
    """
    first = chunk.start - chunk.margin_before
    last = chunk.end + chunk.margin_after
    placed: list[Placed] = []
    for segment in heard.segments:
        pieces: list[tuple[float, float, str, float | None]] = [
            (word.start, word.end, word.word, word.probability) for word in segment.words if word.word.strip()
        ]
        if not pieces and segment.text.strip():
            pieces = [(segment.start, segment.end, segment.text, None)]
        for number, (start, end, text, probability) in enumerate(pieces):
            begin = min(first + samples(start), last)
            placed.append(
                Placed(begin, max(begin, min(first + samples(end), last)), text, probability, number == 0)
            )
    return placed
