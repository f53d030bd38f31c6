"""What the cuts depend on besides the audio: decided once when a job starts, and binding ever after.

Whisper hears windows of 30 s, each padded to its full length, so a chunk costs about one window for
each started 28 s of speech. All targets are therefore whole windows. They begin with one window, so
that transcription starts at once, double up to `PlanRules.target`, and shrink again towards the end
(guided self-scheduling: what remains, over twice the slots), so that the slots finish together.

**At most 3,000 chunks, whatever comes in.** A chunk other than the last is never shorter than 3/4 of
its target (or `PlanRules.least`, where that is more).

- Duration D known: no target but those of the first few chunks is below D / 2,250, so there are at
  most D / (3/4 x D / 2,250) = 3,000 less what the doubling start adds; `_fewest_windows` divides by
  2,000 to leave room for it: 2,667 and a dozen. With few slots and 100 h it is about 2,000.
- Duration unknown, or less than what comes: targets grow with the time already cut, to start / 700,
  but not past 392 s. Up to 78,400 s that is 933 chunks; from there to 274,400 s (where the growth
  ends) 933 x ln(3.5) = 1,169; each further hour is 12. So 100 h make at most 2,393.
- What is longer still (past 149 h of undeclared length) is refused at chunk 3,000: `MOST_CHUNKS`.

Pure: workflows may read this module.
"""

import math
from dataclasses import dataclass

from whisper_farm.models import PlanRules

#: Of planner and rules together: raised when the same audio would be cut elsewhere.
REVISION = 2

MOST_CHUNKS = 3_000

#: Of speech in one window: Whisper's 30 s, less what packing leaves empty.
WINDOW_SECONDS = 28.0
#: Chunks of about two minutes measured best on CPUs; beyond that nothing is won but a longer wait.
CRUISING_WINDOWS = 4
#: So a chunk of a recording of undeclared length is at most 1.5 x 392 s = 588 s, or 19 MB of PCM.
MOST_GROWN_WINDOWS = 14
#: No chunk is shorter, unless the recording is: half a window, below which nothing is saved.
LEAST_SECONDS = 15.0
#: Where no worker of the model is alive yet: a small machine's.
SLOTS_WHERE_UNKNOWN = 4

_LEAST_SHARE = 0.75  #: of its target: the shortest chunk
_MOST_SHARE = 30.0 / 28.0  #: of its target: the longest chunk, where there is a silence to cut at
_ALONE_SHARE = 1.15  #: of its target: the longest rest that stays one chunk (a clip of 30 s and its padding)
_HARD_SHARE = 1.5  #: of its target: the longest chunk, where there is none
_GROWTH_SECONDS = 700.0  #: already cut, for each second of target
_CHUNKS_OF_KNOWN_LENGTH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where one chunk may end, in seconds from its start: `earliest <= latest <= alone <= longest`."""

    earliest: float
    latest: float  #: a silence should be found up to here
    alone: float  #: a recording that ends here is not worth another cut
    longest: float  #: the cut comes here at the latest, silence or not


def plan_rules(*, duration_seconds: float | None, slots: int) -> PlanRules:
    """The rules for a recording of this length, for `slots` chunks heard at once (0: not known yet)."""
    target = CRUISING_WINDOWS * WINDOW_SECONDS
    if duration_seconds is not None:
        target = max(target, _fewest_windows(duration_seconds) * WINDOW_SECONDS)
    return PlanRules(
        revision=REVISION,
        first=WINDOW_SECONDS,
        target=target,
        longest=_HARD_SHARE * max(target, MOST_GROWN_WINDOWS * WINDOW_SECONDS),
        least=LEAST_SECONDS,
        slots=slots if slots > 0 else SLOTS_WHERE_UNKNOWN,
        duration=duration_seconds,
    )


def target_seconds(rules: PlanRules, *, start_seconds: float, index: int) -> float:
    """How long the chunk `index`, which starts at `start_seconds`, should become."""
    beginning = rules.first * 2.0 ** min(index, 32)
    if rules.duration is not None and start_seconds < rules.duration:
        body = min(rules.target, _ending(rules, rules.duration - start_seconds))
    else:
        windows = min(math.ceil(start_seconds / _GROWTH_SECONDS / WINDOW_SECONDS), MOST_GROWN_WINDOWS)
        body = max(rules.target, windows * WINDOW_SECONDS)
    return min(beginning, body)


def window(rules: PlanRules, *, start_seconds: float, index: int) -> Window:
    """Where the chunk `index`, which starts at `start_seconds`, may end."""
    target = target_seconds(rules, start_seconds=start_seconds, index=index)
    return Window(
        earliest=max(_LEAST_SHARE * target, rules.least),
        latest=_MOST_SHARE * target,
        alone=_ALONE_SHARE * target,
        longest=_HARD_SHARE * target,
    )


def _ending(rules: PlanRules, remaining_seconds: float) -> float:
    """The target as the end comes near, in whole windows: none should be heard half empty."""
    share = remaining_seconds / (2 * rules.slots)
    fewest = _fewest_windows(rules.duration or 0.0)
    return max(math.floor(share / WINDOW_SECONDS), fewest) * WINDOW_SECONDS


def _fewest_windows(duration_seconds: float) -> int:
    """The fewest windows a target may have, so that a recording of this length stays within the bound."""
    return max(1, math.ceil(duration_seconds / _CHUNKS_OF_KNOWN_LENGTH / WINDOW_SECONDS))
