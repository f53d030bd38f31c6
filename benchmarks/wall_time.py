"""Wall time of `transcribe` against the baseline, in one run, taking turns.

    python -m benchmarks.wall_time [--minutes 60] [--runs 3] [--model FOLDER]

Three ways: the farm with its stack up, the farm from nothing running (command to exit), and the
baseline with its start-up. Each run has a data folder of its own, so nothing is found stored.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.fresh_farm import DEMO_MODEL, baseline_seconds, fresh_farm, machine
from tools.long_recording import write_recording


def main() -> None:
    """Measure and print the table's rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--model", type=Path, default=DEMO_MODEL)
    asked = parser.parse_args()
    baseline, stack_up, from_nothing = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "talk.mp3"
        write_recording(recording, minutes=asked.minutes, seed=7)
        for _ in range(asked.runs):
            baseline.append(baseline_seconds(recording, asked.model))
            stack_up.append(_farm_seconds(recording, asked.model, is_up=True))
            from_nothing.append(_farm_seconds(recording, asked.model, is_up=False))
    middle = statistics.median(baseline)
    print(f"{machine()}; {asked.minutes:g} min of mp3; median of {asked.runs} (least to most)")
    for name, seconds in (("baseline", baseline), ("stack up", stack_up), ("from nothing", from_nothing)):
        mid = statistics.median(seconds)
        span = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(f"{name:14} {mid:7.2f} s ({span})  {mid / middle:5.2f} of the baseline")


def _farm_seconds(recording: Path, model: Path, *, is_up: bool) -> float:
    with fresh_farm() as farm:
        if is_up:
            farm.run("up", "--model", model)
        out = farm.home.parent / "out"
        return farm.timed("transcribe", recording, "--model", model, "--language", "en", "--out", out)


if __name__ == "__main__":
    main()
