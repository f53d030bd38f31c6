"""A farm with an empty data folder for one measurement, and the machine it ran on."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
DEMO_MODEL = REPOSITORY / "demo" / "model"


@dataclass(frozen=True)
class FreshFarm:
    """The command line on one data folder."""

    home: Path

    def run(self, *arguments: str | Path) -> str:
        """One command that must succeed; its standard output."""
        command = [sys.executable, "-m", "whisper_farm.cli.main", *map(str, arguments)]
        done = subprocess.run(
            command,
            env=os.environ | {"WHISPER_FARM_HOME": str(self.home)},
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def timed(self, *arguments: str | Path) -> float:
        """Wall seconds of one command, from its start to its exit."""
        begun = time.perf_counter()
        self.run(*arguments)
        return time.perf_counter() - begun

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        status: dict[str, Any] = json.loads(self.run("status", "--json"))
        return status

    def stored(self, pattern: str) -> list[Path]:
        """The files of the local store that match."""
        return sorted((self.home / "store" / "whisper-farm").glob(pattern))


@contextmanager
def fresh_farm() -> Iterator[FreshFarm]:
    """A farm whose data folder, and whatever runs on it, goes away at the end."""
    with tempfile.TemporaryDirectory(prefix="whisper-farm-bench-") as folder:
        farm = FreshFarm(Path(folder) / "home")
        try:
            yield farm
        finally:
            farm.run("down")


def seconds_of(command: list[str]) -> float:
    """Wall seconds of a whole process."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def baseline_seconds(recording: Path, model: Path) -> float:
    """Wall seconds of the baseline, its start-up included."""
    return seconds_of([sys.executable, "-m", "benchmarks.baseline", str(recording), str(model)])


def machine() -> str:
    """`2 cores, x86_64, Python 3.11.7`"""
    return f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}, Python {platform.python_version()}"
