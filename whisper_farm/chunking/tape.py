"""The audio that somebody may still want: all of a recording that is held at once."""

from collections import deque

import numpy as np

from whisper_farm.chunking.loudness import Pcm


class Tape:
    """A recording's samples, appended at its end and let go from its front.

    Blocks are kept as they come, so two tapes fed with the same blocks hold them once.
    """

    def __init__(self) -> None:
        self._start = 0  #: the first sample worth holding
        self._end = 0  #: one past the last sample
        self._blocks: deque[tuple[int, Pcm]] = deque()  #: each with the place of its first sample

    def append(self, pcm: Pcm) -> None:
        """Take the recording's next samples; the first block begins at sample 0."""
        if self._end + len(pcm) > self._start:
            self._blocks.append((self._end, pcm))
        self._end += len(pcm)

    def between(self, start: int, end: int) -> Pcm:
        """A copy of the samples `[start, end)`, as far as they are on the tape."""
        found = [
            block[max(0, start - place) : end - place]
            for place, block in self._blocks
            if place < end and place + len(block) > start
        ]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int16)

    def forget(self, before: int) -> None:
        """Let go of what lies before this sample, as far as whole blocks do."""
        self._start = max(self._start, before)
        while self._blocks and self._blocks[0][0] + len(self._blocks[0][1]) <= self._start:
            self._blocks.popleft()
