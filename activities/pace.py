"""How fast this worker hears, as measured, and how long silence from it is no cause for alarm.

An engine works in steps (a batch of windows) that can't be looked into, so a hung GPU and a slow model
look alike for a while. How long a step may take follows from how long the steps before it took, from
500 times realtime down to 0.02 times: a fixed number would call a large model on an old laptop
hung, or let a hung GPU rest for hours.
"""

import threading
from collections import deque

SHORTEST_PATIENCE_SECONDS = 60.0

#: Where nothing is known yet, a step is expected at this many audio seconds a second at least.
UNKNOWN_PACE = 0.02

#: A step may take this many times as long as the slowest of the last ones: a window in which the model
#: loops takes four times as long as one of ordinary speech, and another program may want the cores.
MARGIN = 6.0

#: An estimate from one encoder pass leaves out the decoder and whatever runs beside it.
ESTIMATE_IS_TOO_FAST_BY = 10.0

_REMEMBERED_STEPS = 64
_REMEMBERED_CHUNKS = 8


def patience_seconds(step_audio_seconds: float, pace: float | None) -> float:
    """How long a step over so much audio may take before the engine counts as hung.

    `pace` is the slowest measured lately, in audio seconds a second; None where none is known.
    """
    expected = step_audio_seconds / (UNKNOWN_PACE if pace is None else pace)
    return max(SHORTEST_PATIENCE_SECONDS, MARGIN * expected)


class Pace:
    """The measured pace of one worker's engine. May be used from several threads."""

    def __init__(self, *, step_audio_seconds: float, estimate: float | None = None) -> None:
        """`step_audio_seconds`: audio in a full batch. `estimate`: a guess, in audio seconds a second."""
        self.step_audio_seconds = step_audio_seconds
        self._estimate = None if estimate is None else estimate / ESTIMATE_IS_TOO_FAST_BY
        self._steps: deque[float] = deque(maxlen=_REMEMBERED_STEPS)
        self._hearings: deque[float] = deque(maxlen=_REMEMBERED_CHUNKS)
        self._lock = threading.Lock()

    def step_took(self, seconds: float) -> None:
        """One batch was heard in so much time."""
        with self._lock:
            self._steps.append(max(seconds, 1e-3))

    def heard(self, audio_seconds: float, seconds: float) -> None:
        """One whole chunk was heard in so much time."""
        with self._lock:
            self._hearings.append(audio_seconds / max(seconds, 1e-3))

    @property
    def slowest(self) -> float | None:
        """Of the last steps, in audio seconds a second; before the first one an estimate, or None."""
        with self._lock:
            if self._steps:
                return self.step_audio_seconds / max(self._steps)
            return self._estimate

    @property
    def of_chunks(self) -> float | None:
        """The slowest of the last chunks, in audio seconds a second; None before the first one."""
        with self._lock:
            return min(self._hearings, default=None)

    def patience_seconds(self, steps: int = 1) -> float:
        """How long the next `steps` steps may take before the engine counts as hung."""
        return patience_seconds(steps * self.step_audio_seconds, self.slowest)

    def seconds_for(self, audio_seconds: float) -> float | None:
        """How long so much audio will take, by the slowest of the last chunks; None if nothing is known."""
        pace = self.of_chunks or self.slowest
        return None if pace is None else audio_seconds / pace
