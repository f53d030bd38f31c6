"""The audio that has not been cut yet: all of a recording that the cutter holds."""

from collections import deque

import numpy as np

from whisper_farm.chunking.loudness import Pcm


class Tape:
    """A recording's samples from some place on, appended at its end and taken from its front."""

    def __init__(self, start: int = 0) -> None:
        """`start`: the first sample worth holding; what is fed before it is let go at once."""
        self._start = start
        self._end = 0
        self._blocks: deque[Pcm] = deque()

    def append(self, pcm: Pcm) -> None:
        """Take the recording's next samples; the first block begins at sample 0."""
        self._end += len(pcm)
        unwanted = max(0, len(pcm) - (self._end - self._start))
        if unwanted < len(pcm):
            self._blocks.append(pcm[unwanted:])

    def take_until(self, end: int) -> Pcm:
        """The samples from where the last ones were taken, up to `end`, which lies on the tape."""
        wanted, taken = end - self._start, list[Pcm]()
        while wanted > 0:
            block = self._blocks.popleft()
            taken.append(block[:wanted])
            if len(block) > wanted:
                self._blocks.appendleft(block[wanted:].copy())
            wanted -= len(taken[-1])
        self._start = end
        return np.concatenate(taken)
