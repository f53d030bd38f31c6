"""How fast a job goes and how long it will take, from what a watcher has seen of it. Pure."""

from collections import deque

from whisper_farm.cli import words
from whisper_farm.messages import Progress

#: How far back the pace looks: long enough for slow models, short enough to forget a fleet's change.
_WINDOW_SECONDS = 120.0


class Pace:
    """Watches one job's heard seconds. Chunks that were stored before count as heard, not as speed."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()  #: (clock, heard), where `heard` changed

    def saw(self, at_seconds: float, heard_seconds: float) -> None:
        """At this time of a steady clock, so much was heard."""
        if self._seen and heard_seconds == self._seen[-1][1]:
            return
        self._seen.append((at_seconds, heard_seconds))
        while len(self._seen) > 2 and self._seen[1][0] < at_seconds - _WINDOW_SECONDS:
            self._seen.popleft()

    def realtime(self) -> float | None:
        """Seconds heard in a second; None until something was heard."""
        if len(self._seen) < 2:
            return None
        (first_at, first_heard), (last_at, last_heard) = self._seen[0], self._seen[-1]
        if last_at <= first_at or last_heard <= first_heard:
            return None
        return (last_heard - first_heard) / (last_at - first_at)

    def seconds_left(self, duration_seconds: float | None, at_seconds: float) -> float | None:
        """Seconds until the whole recording is heard; None where nobody can say yet."""
        pace = self.realtime()
        if pace is None or duration_seconds is None:
            return None
        last_at, last_heard = self._seen[-1]
        return max(0.0, (duration_seconds - last_heard) / pace - (at_seconds - last_at))


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
