"""A farm of one's own: the real command on a data folder, and a look at what runs there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.conftest import DEMO, REPOSITORY
from whisper_farm.embedded.stack import find
from whisper_farm.embedded.state import StackState
from whisper_farm.messages import TRANSCRIBE_CHUNK
from whisper_farm.settings import FarmSettings

T = TypeVar("T")

MODEL = DEMO / "model"

#: Of a stack with a folder for a store; with a MinIO there is also `store`.
ROLES = ("supervisor", "temporal", "control", "gpu")


@dataclass
class Farm:
    """The command line on one data folder."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)  #: by `start`

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # Two slots on any machine: the same cuts everywhere, and chunks that wait while others are heard.
        ours = {"WHISPER_FARM_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY), "WHISPER_FARM_SLOTS": "2"}
        return kept | ours | self.environment

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        """A command that goes on while the test does something to it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "whisper_farm.cli.main", *map(str, arguments)],
            env=self.env,
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str | Path, timeout_seconds: float = 240) -> "subprocess.CompletedProcess[str]":
        """One command to its end, its output kept."""
        return ended(self.start(*arguments), timeout_seconds=timeout_seconds)

    def ok(self, *arguments: str | Path, timeout_seconds: float = 240) -> str:
        """As `run`, for a command that must succeed; its standard output."""
        done = self.run(*arguments, timeout_seconds=timeout_seconds)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        """The document that a command that must succeed prints for scripts."""
        document: dict[str, Any] = json.loads(self.ok(*arguments, "--json"))
        return document

    # ---- what runs

    @property
    def stack(self) -> StackState | None:
        """Its stack, as the supervisor tells it at once; `status` would wait for a Temporal that is away."""
        return find(FarmSettings(home=self.home))

    def processes(self) -> dict[int, str]:
        """Every process that runs in or for the data folder, by pid, and its command."""
        mark = f"WHISPER_FARM_HOME={self.home}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            with suppress(OSError):  # it has ended; of a zombie, too, there is nothing to read
                within = str((entry / "cwd").readlink()).startswith(str(self.home))
                if within or mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def pids_of(self, *roles: str) -> list[int]:
        """Of the stack's processes; one that is just being started again has none."""
        stack = self.stack
        return [p.pid for p in stack.processes if p.role in roles and p.pid is not None] if stack else []

    def kill(self, *roles: str) -> list[int]:
        """SIGKILL to every process of these roles; their pids."""
        victims = self.pids_of(*roles)
        assert victims, f"no process of {roles} to kill"
        for pid in victims:
            with suppress(ProcessLookupError):  # the supervisor's end is its children's
                os.kill(pid, signal.SIGKILL)
        return victims

    def temporal(self, *arguments: str) -> Any:
        """What Temporal's own command line answers."""
        stack = self.stack
        assert stack is not None
        command = [stack.temporal.cli, *arguments, "--address", stack.temporal.address, "-o", "json"]
        told = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )
        assert told.stdout, f"{arguments}: {told.stderr}"
        return json.loads(told.stdout)

    def query(self, job: str, name: str) -> dict[str, Any]:
        """What a running job answers to one of its queries."""
        (answer,) = self.temporal("workflow", "query", "-w", job, "--type", name)["queryResult"]
        assert isinstance(answer, dict)
        return answer

    def runs_of(self, job: str) -> list[str]:
        """The states of all runs of a job that Temporal knows."""
        listed = self.temporal("workflow", "list", "--query", f'WorkflowId="{job}"')
        return [each["status"] for each in listed]

    # ---- what lies in its store

    @property
    def bucket(self) -> Path:
        """The farm's bucket: in a folder, or as MinIO keeps it, where an object is a folder itself."""
        minio = self.home / "minio" / "data" / "whisper-farm"
        return minio if minio.exists() else self.home / "store" / "whisper-farm"

    def results(self) -> dict[str, int]:
        """The stored results and when each was written, in nanoseconds."""
        folder = self.bucket / "results"
        return {
            str(path.relative_to(folder)): (path / "xl.meta" if path.is_dir() else path).stat().st_mtime_ns
            for path in folder.glob("*/*.json")
        }

    def open_jobs(self) -> list[str]:
        """The ids of the jobs that have begun and not ended."""
        return [path.name.removesuffix(".json") for path in (self.bucket / "open").glob("*.json")]

    def pending(self, *jobs: str) -> list[str]:
        """The states of the chunks of these jobs (of all open ones) that Temporal waits for."""
        return [
            activity["state"].removeprefix("PENDING_ACTIVITY_STATE_")
            for job in jobs or self.open_jobs()
            for activity in self.temporal("workflow", "describe", "-w", job).get("pendingActivities", ())
            if activity["activityType"]["name"] == TRANSCRIBE_CHUNK.name
        ]


@contextmanager
def farm_in(folder: Path, **environment: str) -> Iterator[Farm]:
    """A farm on `folder/home` with nothing running; whatever is started in it is gone after it."""
    farm = Farm(folder / "home", environment)
    try:
        yield farm
    finally:
        for process in farm.started:
            if process.returncode is None:  # the test failed while it ran
                process.kill()
                process.communicate()
        try:
            farm.run("down")
        finally:
            left = farm.processes()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert left == {}, "processes outlived `down`"


@contextmanager
def in_mid_chunk(farm: Farm, *, heard_before: int = 0) -> Iterator[None]:
    """In the body the workers stand still in the middle of chunks, with others heard before these.

    So a blow finds a job half done, however fast the machine is. Those who survive it go on after it.
    `heard_before`: how many results were stored before the job began.
    """
    frozen: list[int] = []

    def caught() -> bool:
        frozen[:] = farm.pids_of("gpu")
        _signal(frozen, signal.SIGSTOP)
        if "STARTED" in farm.pending():
            return True
        _signal(frozen, signal.SIGCONT)
        return False

    until(lambda: len(farm.results()) >= heard_before + 2, "two chunks are heard")
    until(caught, "a worker is caught while it hears a chunk")
    try:
        yield
    finally:
        _signal([pid for pid in frozen if pid in farm.processes()], signal.SIGCONT)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def ended(
    process: "subprocess.Popen[str]", *, timeout_seconds: float = 240
) -> "subprocess.CompletedProcess[str]":
    """A started command at its end, which must come in time."""
    try:
        out, err = process.communicate(timeout=timeout_seconds)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def until(condition: Callable[[], T], what: str, *, seconds: float = 60.0) -> T:
    """What `condition` gives, once it gives something true."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
    return given
