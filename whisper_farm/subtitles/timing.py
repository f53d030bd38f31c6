"""When a cue is on the screen, and which rules that breaks.

It comes with its first word. It stays as long as its words last, reading takes and the shortest time asks,
but never into the smallest gap before the next cue's first word, nor beyond the longest time; and where only
a short gap would be left, it stays through it.
"""

from collections.abc import Sequence
from math import ceil

from whisper_farm.models import SubtitleRules
from whisper_farm.subtitles.units import Unit

_NEVER = 1 << 60


class Timing:
    """The times of any cue made of these units. Nothing is shown after `duration_ms`, the recording's."""

    def __init__(self, units: Sequence[Unit], rules: SubtitleRules, *, duration_ms: int) -> None:
        #: When each unit can come. Each later than the one before: words that last no time make no empty cue.
        self.starts: list[int] = []
        for unit in units:
            self.starts.append(max(unit.start, self.starts[-1] + 1) if self.starts else unit.start)
        last_end = max((unit.end for unit in units), default=0)
        self._next = [*self.starts, _NEVER]
        self._room = [start - rules.smallest_gap_ms for start in self.starts]
        self._room.append(max(duration_ms, last_end))
        self._shortest_ms, self._longest_ms = rules.shortest_ms, rules.longest_ms
        self._smallest_gap_ms, self._closed_gap_ms = rules.smallest_gap_ms, rules.closed_gap_ms
        self._characters_per_second = rules.characters_per_second or float("inf")

    def settle(self, first: int, last: int, said_end: int, to_read: int) -> tuple[int, float]:
        """When the cue of the units `[first, last)` goes, and how badly that breaks rules.

        `said_end` is when the last of its words ends, `to_read` how many characters it has. The second is
        0 where it keeps to all rules; else 1 for each that it breaks, and up to 0.5 by how far.
        """
        start, room, next_start = self.starts[first], self._room[last], self._next[last]
        shortest_ms, latest = self._shortest_ms, start + self._longest_ms
        reading_ms = ceil(to_read * 1000 / self._characters_per_second)
        end = max(said_end, start + shortest_ms, start + reading_ms)
        end = min(end, room, latest)
        if end < room and next_start - end < self._closed_gap_ms:
            if room <= latest:
                end = room
            elif last - first == 1:  # one endless word: shown a little shorter, it leaves a whole gap
                end = max(next_start - self._closed_gap_ms, start + shortest_ms)
        end = max(end, start + 1)

        broken, lasts, gap = 0.0, end - start, next_start - end
        if lasts < shortest_ms:
            broken += 1.5 - lasts / shortest_ms / 2
        if lasts < reading_ms:
            broken += 1.5 - lasts / reading_ms / 2
        if gap < self._smallest_gap_ms or self._smallest_gap_ms < gap < self._closed_gap_ms:
            broken += 1.0
        return end, broken

    def gap_after(self, last: int, end: int) -> int | None:
        """Milliseconds from a cue's end to the next one; None after the last cue."""
        return self._next[last] - end if self._next[last] != _NEVER else None
