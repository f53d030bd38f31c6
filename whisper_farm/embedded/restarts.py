"""Whether and when a process that ended is started again: pure thinking.

A process that was up once is started again for ever, at once after a good life and with growing pauses
(at most 4 s) in a crash loop. One that never came up is given up after a few tries, so that whoever waits
for it hears its last words instead of waiting for ever; a wrong setting (exit code 2) is given up at once.
"""

from dataclasses import dataclass, replace

WRONG_REQUEST_CODE = 2
GOOD_LIFE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 4.0
TRIES_OF_ITS_OWN = 4  #: exits before it ever came up
TRIES_KILLED = 8  #: ends by a signal before it ever came up: somebody's `kill`, or no memory


@dataclass(frozen=True, slots=True)
class Deaths:
    """What is remembered of a process's ends."""

    in_a_row: int = 0  #: since its last good life
    exits: int = 0  #: by itself, before it ever came up
    kills: int = 0  #: by a signal, before it ever came up

    def with_one_more(self, *, code: int, lived_seconds: float, ever_ready: bool) -> "Deaths":
        """`code` is negative for a signal, as `subprocess` has it."""
        row = 1 if lived_seconds >= GOOD_LIFE_SECONDS else self.in_a_row + 1
        if ever_ready:
            return Deaths(in_a_row=row)
        killed = code < 0
        return replace(self, in_a_row=row, exits=self.exits + (not killed), kills=self.kills + killed)


def pause_seconds(deaths: Deaths) -> float:
    """How long to wait before the next start."""
    if deaths.in_a_row <= 1:
        return 0.0
    return min(LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** min(deaths.in_a_row - 2, 8))


def is_hopeless(deaths: Deaths, *, code: int, ever_ready: bool) -> bool:
    """Whether the process is not started again unless somebody asks for it anew."""
    if ever_ready:
        return False
    return code == WRONG_REQUEST_CODE or deaths.exits >= TRIES_OF_ITS_OWN or deaths.kills >= TRIES_KILLED
