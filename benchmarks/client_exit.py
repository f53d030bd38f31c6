"""Whether a short-lived client ever ends with 134 or 139 after it has done what it was asked.

    python -m benchmarks.client_exit [--runs 200]

Temporal's SDK has that fault (its issue 300): a thread of its Rust core meets an interpreter that is
being taken down. `whisper_farm/cli/leaving.py` mends it; this is the proof, on a running stack. It ends
with 1 where any run ended with anything but 0.
"""

import argparse
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from benchmarks.fresh_farm import DEMO_MODEL, REPOSITORY, FreshFarm, fresh_farm, machine

COMMANDS = (("jobs", "--json"), ("status", "--json"))


def main() -> int:
    """Run each command so many times, and print how often each exit code came."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200, help="of each command")
    asked = parser.parse_args()
    print(machine())
    total: Counter[int] = Counter()
    with fresh_farm() as farm, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        farm.run("up", "--model", DEMO_MODEL)
        for arguments in COMMANDS:
            # Several at once: an interpreter that is starved of its processor meets the fault sooner.
            ends = list(pool.map(_end_of, [farm] * asked.runs, [arguments] * asked.runs))
            codes = Counter(code for code, _ in ends)
            total += codes
            counts = ", ".join(f"{count} ended with {code}" for code, count in sorted(codes.items()))
            print(f"whisper-farm {' '.join(arguments)}: of {asked.runs} runs, {counts}", flush=True)
            for said, count in Counter(said for code, said in ends if code).items():
                print(f"  {count} said: {said}", flush=True)
    return 0 if set(total) == {0} else 1


def _end_of(farm: FreshFarm, arguments: tuple[str, ...]) -> tuple[int, str]:
    """The exit code, as a shell tells it (128 and the number where a signal ended it), and the last words."""
    done = subprocess.run(
        [sys.executable, "-m", "whisper_farm.cli.main", *arguments],
        env=os.environ | {"WHISPER_FARM_HOME": str(farm.home)},
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return code, done.stderr.strip()[-300:]


if __name__ == "__main__":
    sys.exit(main())
