"""What one system made of one recording, and what the systems are called."""

from dataclasses import dataclass

from benchmarks.against_truth.score import Edit, Score

SEQUENTIAL, BATCHED, ALL_SPOKEN = "sequential", "batched", "farm, all spoken"
SINGLE_PASSES = (SEQUENTIAL, BATCHED)


@dataclass(frozen=True, slots=True)
class Result:
    """One system on one recording."""

    system: str
    recording: str
    kind: str
    audio_seconds: float
    score: Score
    edits: list[Edit]


def farm_at(target_seconds: float) -> str:
    """What the farm with chunks of this length is called."""
    return f"farm, {target_seconds:g} s"
