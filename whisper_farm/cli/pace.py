"""How fast a job goes and how long it will take, from what a watcher has seen of it. Pure."""

from whisper_farm.cli import words
from whisper_farm.messages import Progress


class Pace:
    """Watches one job's heard seconds. Chunks that were stored before count as heard, not as speed."""

    def __init__(self) -> None:
        self._from: tuple[float, float] | None = None  #: (clock, heard) when hearing was first seen going on
        self._last: tuple[float, float] | None = None  #: the same, when the last chunk came in

    def saw(self, at_seconds: float, heard_seconds: float) -> None:
        """At this time of a steady clock, so much was heard."""
        if self._from is None or self._last is None:
            self._from = self._last = (at_seconds, heard_seconds)
        elif heard_seconds != self._last[1]:
            self._last = (at_seconds, heard_seconds)

    def realtime(self) -> float | None:
        """Seconds heard in a second; None until something was heard."""
        if self._from is None or self._last is None or self._last[0] <= self._from[0]:
            return None
        return (self._last[1] - self._from[1]) / (self._last[0] - self._from[0]) or None

    def seconds_left(self, duration_seconds: float | None, at_seconds: float) -> float | None:
        """Seconds until the whole recording is heard; None where nobody can say yet."""
        pace = self.realtime()
        if pace is None or duration_seconds is None or self._last is None:
            return None
        left = (duration_seconds - self._last[1]) / pace
        return max(0.0, left - (at_seconds - self._last[0]))


def told(progress: Progress, pace: Pace, at_seconds: float) -> str:
    """One job's progress in a few words: `14 chunks cut, 3 done, 41x realtime, 0:12 left`."""
    match progress.stage:
        case "opening" | "fetching":
            return "taking the recording in"
        case "merging":
            return "writing the transcript"
        case "done":
            return "done"
        case _:
            pass
    if progress.all_cut:
        parts = [f"{progress.chunks_heard} of {words.count(progress.chunks_cut, 'chunk')} done"]
    else:
        parts = [f"{words.count(progress.chunks_cut, 'chunk')} cut", f"{progress.chunks_heard} done"]
    if progress.chunks_failed:
        parts.append(f"{progress.chunks_failed} failed")
    if (factor := pace.realtime()) is not None:
        parts.append(words.realtime(factor))
    if (left := pace.seconds_left(progress.duration_seconds, at_seconds)) is not None:
        parts.append(f"{words.length(left)} left")
    return ", ".join(parts)
