"""Which words share a cue: the best parting of all, found by dynamic programming over every place to break.

A cue's times follow from its own words and the start of the next ones, so each candidate can be judged alone.
Its cost says, in this order: no rule broken, whatever that takes; then good places to break, well-filled
cues, and nothing on the screen long before it is said. A cue holds few words, so the time is linear in all of
them.
"""

from collections.abc import Sequence
from itertools import pairwise

from whisper_farm.breaks import ends_clause, ends_sentence
from whisper_farm.models import SubtitleRules
from whisper_farm.subtitles.timing import Timing
from whisper_farm.subtitles.units import LONGEST_PAUSE_MS, Unit
from whisper_farm.subtitles.wording import Wording, bare

#: A broken rule outweighs every other cost that the cues around it could save.
_BROKEN = 1_000.0

# What an end of a cue or line costs by its place, best to worst. They are ranks, spaced so that two good ends
# are better than one bad one; the guides give the order and no numbers.
_AFTER_SENTENCE = 0.0
_AFTER_CLAUSE = 2.0
_BEFORE_CONJUNCTION = 4.0
_BEFORE_PREPOSITION = 6.0
_ANYWHERE = 10.0
_AFTER_LEANING = 15.0
_PAUSE_IS_WORTH = 6.0  #: for each second of silence at the place, up to one

_SENTENCE_INSIDE = 8.0  #: a sentence that ends within a cue (BBC 3.2: one sentence to a subtitle)
_PAUSE_INSIDE = 16.0  #: for the square of the seconds of silence within a cue
_EMPTY_CUE = 6.0  #: for the square of the share that a cue leaves free: few full cues, of like length


class Parting:
    """The places between units, judged; and the cues that are best made of them."""

    def __init__(self, units: Sequence[Unit], rules: SubtitleRules, wording: Wording) -> None:
        self.units, self.rules = units, rules
        #: Of ending a cue or a line before each unit, and after the last.
        self.end_cost = [0.0]
        self._inside_cost = [0.0]  #: of a cue that goes on over that place
        self._is_barrier = [True]  #: whether none does
        leaning = wording.leaning | wording.prepositions | wording.conjunctions
        for before, after in pairwise(units):
            pause_ms = max(after.start - before.end, 0)
            cost, inside = _place(before, after, pause_ms / 1000, wording, leaning)
            self.end_cost.append(cost)
            self._inside_cost.append(inside)
            self._is_barrier.append(pause_ms >= LONGEST_PAUSE_MS)
        self.end_cost.append(0.0)
        self._inside_cost.append(0.0)
        self._is_barrier.append(True)
        #: Of all units before each, blanks between them included.
        self._columns, self._characters = [0], [0]
        for unit in units:
            self._columns.append(self._columns[-1] + unit.spaced + unit.columns)
            self._characters.append(self._characters[-1] + unit.spaced + unit.characters)

    def columns(self, first: int, last: int) -> int:
        """How wide the units `[first, last)` are on one line."""
        return self._columns[last] - self._columns[first] - self.units[first].spaced

    def to_read(self, first: int, last: int) -> int:
        """How many characters they have for a reader, blanks included; or columns, where those are more."""
        characters = self._characters[last] - self._characters[first] - self.units[first].spaced
        return max(characters, self.columns(first, last))

    def cues(self, timing: Timing) -> list[tuple[int, int]]:
        """The units of each cue as `[first, last)`, in order; none is left out."""
        units, rules, count = self.units, self.rules, len(self.units)
        farthest = self._farthest()
        starts, ends, settle = timing.starts, [unit.end for unit in units], timing.settle
        columns, characters, end_cost = self._columns, self._characters, self.end_cost
        full, longest_ms = rules.lines * rules.line_columns, rules.longest_ms
        best = [0.0] + [float("inf")] * count
        came_from = [0] * (count + 1)
        for first in range(count):
            start, so_far, said_end = starts[first], best[first], 0
            left = columns[first] + units[first].spaced
            read_before = characters[first] + units[first].spaced
            for last in range(first + 1, farthest[first] + 1):
                said_end = max(said_end, ends[last - 1])
                if said_end - start > longest_ms and last - first > 1:
                    break
                wide = columns[last] - left
                reading = max(characters[last] - read_before, wide)
                broken = settle(first, last, said_end, reading)[1]
                empty = 1.0 - wide / full
                cost = so_far + end_cost[last] + _BROKEN * broken + _EMPTY_CUE * empty * empty
                if cost < best[last]:
                    best[last], came_from[last] = cost, first
                if self._is_barrier[last]:
                    break
                so_far += self._inside_cost[last]
        found, at = [], count
        while at:
            found.append((came_from[at], at))
            at = came_from[at]
        return found[::-1]

    def _farthest(self) -> list[int]:
        """For each unit, how far a cue that begins with it can go on as many lines as the rules allow.

        Filling each line before the next is begun reaches farthest. A unit that is too wide is a cue of its
        own.
        """
        count = len(self.units)
        on_one_line, last = [], 0
        for first in range(count):
            last = max(last, first)
            while last < count and self.columns(first, last + 1) <= self.rules.line_columns:
                last += 1
            on_one_line.append(last)
        on_one_line.append(count)
        farthest = []
        for first in range(count):
            last = first
            for _ in range(self.rules.lines):
                last = on_one_line[last]
            farthest.append(max(last, first + 1))
        return farthest


def _place(
    before: Unit, after: Unit, pause: float, wording: Wording, leaning: frozenset[str]
) -> tuple[float, float]:
    """What it costs to end a cue or line between two units, and to go on over it. `pause` in seconds."""
    last, inside = before.words[-1].text, _PAUSE_INSIDE * pause * pause
    if not last[-1].isalnum() and ends_sentence(last):
        cost, inside = _AFTER_SENTENCE, inside + _SENTENCE_INSIDE
    elif not last[-1].isalnum() and ends_clause(last):
        cost = _AFTER_CLAUSE
    elif before.parts_article or bare(last) in leaning:
        cost = _AFTER_LEANING
    elif (first := bare(after.words[0].text)) in wording.conjunctions:
        cost = _BEFORE_CONJUNCTION
    elif first in wording.prepositions:
        cost = _BEFORE_PREPOSITION
    else:
        cost = _ANYWHERE
    return max(cost - _PAUSE_IS_WORTH * min(pause, 1.0), 0.0), inside
