"""A model as slow as real ones are on CPUs: random weights in the shape of `small`, against the baseline.

    python -m benchmarks.slow_model [--shape small]

Random weights hear nonsense, but they take as long and as much memory as real ones, and more: they
write until they are stopped. What is looked at: that it ends with no false alarm, and at what pace.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.fresh_farm import REPOSITORY, baseline_seconds, fresh_farm, machine
from tools.long_recording import write_recording


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", default="small")
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / asked.shape
        make = ["tools/model/random_weights.py", "--shape", asked.shape, "--out", str(model)]
        subprocess.run([sys.executable, *make], cwd=REPOSITORY, check=True)
        for name, minutes in (("30 s", 0.45), ("2 min", 2.0)):
            recording = Path(folder) / "talk.mp3"
            write_recording(recording, minutes=minutes, seed=5)
            baseline = baseline_seconds(recording, model)
            with fresh_farm() as farm:
                farm.run("up", "--model", model)
                out = farm.home.parent / "out"
                seconds = farm.timed(
                    "transcribe", recording, "--model", model, "--language", "en", "--out", out
                )
                memory = _worker_peak_mb(farm.status())
            pace = minutes * 60 / seconds
            print(
                f"{name}: {seconds:.1f} s against {baseline:.1f} s: {seconds / baseline:.2f} of the baseline"
            )
            print(f"{name}: {pace:.2f}x realtime; peak memory {memory:.0f} MB")


def _worker_peak_mb(status: dict[str, list[dict[str, int | str]]]) -> float:
    peaks = []
    for process in status["processes"]:
        if process["role"] == "gpu":
            lines = Path(f"/proc/{process['pid']}/status").read_text().splitlines()
            peaks += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return max(peaks)


if __name__ == "__main__":
    main()
