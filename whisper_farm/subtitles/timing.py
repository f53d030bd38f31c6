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
        self._rules = rules
        self._ms_per_character = 1000 / rules.characters_per_second if rules.characters_per_second else 0.0

    def end_of(self, first: int, last: int, said_end: int, to_read: int) -> int:
        """When the cue of the units `[first, last)` goes.

        `said_end` is when the last of its words ends, `to_read` how many characters it has.
        """
        rules = self._rules
        start, room = self.starts[first], self._room[last]
        latest = start + rules.longest_ms
        end = max(said_end, start + rules.shortest_ms, ceil(start + to_read * self._ms_per_character))
        end = min(end, room, latest)
        if end < room and self._next[last] - end < rules.closed_gap_ms:
            if room <= latest:
                end = room
            elif last - first == 1:  # one endless word: shown a little shorter, it leaves a whole gap
                end = max(self._next[last] - rules.closed_gap_ms, start + rules.shortest_ms)
        return max(end, start + 1)

    def broken_by(self, first: int, last: int, end: int, to_read: int) -> float:
        """How badly that cue breaks rules: 1 for each, and up to 0.5 by how far; 0 where it keeps to all."""
        rules, lasts = self._rules, end - self.starts[first]
        gap, reading_ms = self._next[last] - end, to_read * self._ms_per_character
        broken = 0.0
        if lasts < rules.shortest_ms:
            broken += 1.5 - lasts / rules.shortest_ms / 2
        if lasts < reading_ms:
            broken += 1.5 - lasts / reading_ms / 2
        if gap < rules.smallest_gap_ms or rules.smallest_gap_ms < gap < rules.closed_gap_ms:
            broken += 1.0
        return broken

    def gap_after(self, last: int, end: int) -> int | None:
        """Milliseconds from a cue's end to the next one; None after the last cue."""
        return self._next[last] - end if self._next[last] != _NEVER else None
