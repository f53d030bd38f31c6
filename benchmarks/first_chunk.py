"""From the bytes in the store to the first chunk transcribed, for a short and a very long recording.

    python -m benchmarks.first_chunk [--hours 10]

Also: the intake's MB/s, and history events and store traffic for each chunk of the long one.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.fresh_farm import DEMO_MODEL, FreshFarm, fresh_farm, machine
from tools.long_recording import write_recording


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--first-only", action="store_true", help="cancel each job after its first chunk")
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        for name, minutes in (("3 min", 3.0), (f"{asked.hours:g} h", asked.hours * 60)):
            recording = Path(folder) / "talk.mp3"
            write_recording(recording, minutes=minutes, seed=3)
            with fresh_farm() as farm:
                farm.run("up", "--model", DEMO_MODEL)
                _report(name, farm, recording, first_only=asked.first_only)


def _report(name: str, farm: FreshFarm, recording: Path, *, first_only: bool) -> None:
    begun = time.perf_counter()
    job = json.loads(farm.run("submit", recording, "--model", DEMO_MODEL, "--language", "en", "--json"))[
        "job"
    ]
    handed_in = time.perf_counter() - begun
    while not (first := farm.stored("results/*/*.json")):
        time.sleep(0.01)
    (meta,) = farm.stored("recordings/*/meta.json")
    waited = (first[0].stat().st_mtime_ns - meta.stat().st_mtime_ns) / 1e9
    size = recording.stat().st_size / 1e6
    print(f"{name}: first chunk transcribed {waited:.2f} s after the bytes were in the store")
    print(f"{name}: handed in {size:.1f} MB in {handed_in:.2f} s of command ({size / handed_in:.0f} MB/s)")
    if first_only:
        farm.run("cancel", job)
        return
    farm.run("watch", job)
    chunks = json.loads(farm.run("show", job, "--json"))["chunks"]
    print(f"{name}: {_history_events(farm, job) / chunks:.2f} history events for each of {chunks} chunks")


def _history_events(farm: FreshFarm, job: str) -> int:
    temporal = farm.status()["temporal"]
    show = [temporal["cli"], "workflow", "describe", "--workflow-id", job, "--address", temporal["address"]]
    described = json.loads(subprocess.run([*show, "-o", "json"], capture_output=True, check=True).stdout)
    return int(described["workflowExecutionInfo"]["historyLength"])


if __name__ == "__main__":
    main()
