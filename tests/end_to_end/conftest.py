"""A farm of one's own for each test: the real command, in a data folder that goes away again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO, REPOSITORY
from tools.long_recording import write_recording
from tools.word_error_rate import word_errors

MODEL = DEMO / "model"


@dataclass
class Farm:
    """The command line on one data folder."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    pids: set[int] = field(default_factory=set)  #: all that were ever seen

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "whisper_farm.cli.main", *map(str, arguments)]

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"WHISPER_FARM_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)} | self.environment

    def run(self, *arguments: str | Path, timeout_seconds: float = 240) -> "subprocess.CompletedProcess[str]":
        """One command to its end, its output kept."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env,
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def ok(self, *arguments: str | Path, timeout_seconds: float = 240) -> str:
        """As `run`, for a command that must succeed; its standard output."""
        done = self.run(*arguments, timeout_seconds=timeout_seconds)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        """A command that goes on while the test does something to it."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.env,
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        self.pids |= {process["pid"] for process in status.get("processes", [])}
        return status

    def pids_of(self, *roles: str) -> list[int]:
        return [p["pid"] for p in self.status().get("processes", []) if p["role"] in roles]

    def kill(self, *roles: str) -> list[int]:
        """SIGKILL to every process of these roles; what was killed."""
        victims = self.pids_of(*roles)
        assert victims, f"no process of {roles} to kill"
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        return victims

    def results(self) -> dict[str, int]:
        """The stored results and when each was written, in nanoseconds."""
        folder = self.home / "store" / "whisper-farm" / "results"
        return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.glob("*/*.json")}


def alive(pid: int) -> bool:
    """Whether the process runs: a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(condition: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """What `condition` gives, once it gives something true."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)
    return given


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm with nothing running; whatever a test starts is gone after it."""
    yield from _farm_in(tmp_path)


@pytest.fixture(scope="module")
def standing_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm that is up, with the demo's model, for the tests of one file."""
    for farm in _farm_in(tmp_path_factory.mktemp("farm")):
        farm.ok("up", "--model", MODEL)
        farm.status()
        yield farm


def _farm_in(folder: Path) -> Iterator[Farm]:
    farm = Farm(folder / "home")
    try:
        yield farm
    finally:
        farm.status()
        farm.run("down")
        left = [pid for pid in farm.pids if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert left == [], "processes outlived `down`"


@dataclass(frozen=True)
class Spoken:
    """A recording and what is said in it."""

    path: Path
    text: str

    def error_rate(self, heard: str) -> float:
        return word_errors(self.text, heard).rate


@pytest.fixture(scope="session")
def podcast() -> Spoken:
    truth = json.loads((DEMO / "podcast_3min.truth.json").read_text())
    return Spoken(DEMO / "podcast_3min.flac", " ".join(segment["text"] for segment in truth["segments"]))


@pytest.fixture(scope="session")
def long_talk(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """Seven minutes: long enough to be hit in the middle."""
    folder = tmp_path_factory.mktemp("long")
    write_recording(folder / "talk.mp3", minutes=7, seed=11, truth_out=folder / "truth.json")
    truth = json.loads((folder / "truth.json").read_text())
    return Spoken(folder / "talk.mp3", " ".join(segment["text"] for segment in truth["segments"]))


def transcript(folder: Path, stem: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / f"{stem}.json").read_text())
    return document
