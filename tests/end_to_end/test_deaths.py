"""Any process may die at any instruction: the transcript is the same, and nothing is heard twice.

Each death is a scene on a farm of its own. Most of a scene is waiting for deadlines to run out, so those
that the chosen tests ask for are played three at a time, and each test looks at its own.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.end_to_end.farms import MODEL, ROLES, Farm, ended, farm_in, in_mid_chunk, until
from tests.end_to_end.recordings import PODCAST, Spoken, clip, ffmpeg, transcript

pytestmark = pytest.mark.timeout(600)

ALL_OF_THEM = "temporal and control and gpu"


@dataclass(frozen=True)
class Played:
    """A `transcribe` that something was done to in mid-chunk, and what came of it."""

    code: int  #: of the command that ran then
    told: str  #: on its stderr
    heard: dict[str, Any]  #: the transcript in the end
    before: dict[str, int]  #: the results that were stored when it was done
    after: dict[str, int]  #: and in the end

    @property
    def most_attempts(self) -> int:
        """Of the chunk that took most."""
        return max(int(chunk["attempts"]) for chunk in self.heard["chunks"])

    @property
    def computed_again(self) -> dict[str, int]:
        """Results that were stored when it was done, and written anew later."""
        return dict(self.before.items() - self.after.items())


Blow = Callable[[Farm, "subprocess.Popen[str]"], object]


def _struck(talk: Spoken, folder: Path, *, blow: Blow, store: str = "local", again: bool = False) -> Played:
    """A `transcribe` that a `blow` meets. Where that ends the command, the same is given `again`."""
    command = ("transcribe", talk.path, "--model", MODEL, "--out", folder / "out", "--format", "json")
    with farm_in(folder) as farm:
        if store != "local":
            farm.ok("up", "--store", store, "--model", MODEL)
        running = farm.start(*command)
        with in_mid_chunk(farm):
            before = farm.results()
            assert running.poll() is None
            blow(farm, running)
        done = ended(running, timeout_seconds=200)
        if again:
            farm.ok(*command)
        heard = transcript(folder / "out", "talk")
        assert len(before) < len(heard["chunks"]), "everything was heard already"
        return Played(done.returncode, done.stderr, heard, before, farm.results())


def _nothing(farm: Farm, running: "subprocess.Popen[str]") -> None:
    """For comparison."""


def _kill(*roles: str) -> Blow:
    return lambda farm, running: farm.kill(*roles)


def _kill_everything(farm: Farm, running: "subprocess.Popen[str]") -> None:
    running.kill()
    farm.kill(*ROLES)


def _interrupt(farm: Farm, running: "subprocess.Popen[str]") -> None:
    running.send_signal(signal.SIGINT)


def _lose_the_database(farm: Farm, running: "subprocess.Popen[str]") -> None:
    _kill_everything(farm, running)
    (job,) = farm.open_jobs()
    until(lambda: not farm.processes(), "all of them are dead")
    for file in (farm.home / "temporal").iterdir():
        file.unlink()

    farm.ok("up", "--model", MODEL)

    until(lambda: not farm.open_jobs(), "the job goes on by itself", seconds=120)
    (listed,) = farm.json("jobs")["jobs"]
    assert (listed["job"], listed["state"]) == (job, "complete")


def _under_slow_workers(talk: Spoken, folder: Path) -> Played:
    """A second of audio that takes twenty; the first worker is killed, and the second has to last."""
    second = folder / "talk.flac"
    ffmpeg("-t", 1, "-i", PODCAST, second)
    with farm_in(folder) as farm:
        farm.ok("up", "--model", MODEL, "--workers", "0")
        worker = _slow_worker(farm)
        try:
            running = farm.start("transcribe", second, "--model", MODEL, "--format", "json")
            until(lambda: farm.pending() == ["STARTED"], "a slow worker hears the clip")
            time.sleep(1)
            assert farm.pending() == ["STARTED"], "it was to be killed while it hears"
            worker.kill()
            worker.wait()
            worker = _slow_worker(farm)
            done = ended(running)
            assert worker.poll() is None, "the watchdog took a slow engine for one that hangs"
        finally:
            worker.terminate()
            worker.wait(60)
        return Played(done.returncode, done.stderr, transcript(folder, "talk"), {}, {})


def _slow_worker(farm: Farm) -> "subprocess.Popen[bytes]":
    stack = farm.stack
    assert stack is not None
    settings = {
        "TEMPORAL_ADDRESS": stack.temporal.address,
        "WHISPER_FARM_STORE": "local",
        "WHISPER_FARM_STORE_FOLDER": str(farm.home / "store"),
        "WHISPER_FARM_MODEL": str(MODEL),
        "SLOWNESS": "0.05",
    }
    command = [sys.executable, "-m", "tests.faults.slow_worker"]
    return subprocess.Popen(
        command, env=farm.env | settings, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


#: By what dies in them; in the order in which they begin.
SCENES: dict[str, Callable[[Spoken, Path], Played]] = {
    "nothing": partial(_struck, blow=_nothing),
    "a slow worker": _under_slow_workers,
    "gpu": partial(_struck, blow=_kill("gpu")),
    "control": partial(_struck, blow=_kill("control")),
    "temporal": partial(_struck, blow=_kill("temporal")),
    "store": partial(_struck, blow=_kill("store"), store="minio"),
    "supervisor": partial(_struck, blow=_kill("supervisor")),
    ALL_OF_THEM: partial(_struck, blow=_kill(*ALL_OF_THEM.split(" and "))),
    "everything": partial(_struck, blow=_kill_everything, again=True),
    "everything and its database": partial(_struck, blow=_lose_the_database, again=True),
    "the command": partial(_struck, blow=_interrupt, again=True),
}

Plays = dict[str, "Future[Played]"]


@pytest.fixture(scope="module")
def plays(
    request: pytest.FixtureRequest, long_talk: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plays]:
    """The scenes of the chosen tests, and one in which nothing happens."""
    chosen = {
        item.callspec.params["scene"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.module is request.module and hasattr(item, "callspec")
    }
    with ThreadPoolExecutor(3) as pool:
        plays = {
            name: pool.submit(scene, long_talk, tmp_path_factory.mktemp("scene"))
            for name, scene in SCENES.items()
            if name in chosen | {"nothing"}
        }
        try:
            yield plays
        finally:
            for play in plays.values():
                play.cancel()


@pytest.fixture(scope="module")
def undisturbed(plays: Plays, long_talk: Spoken) -> dict[str, Any]:
    """What is heard where nothing happens."""
    play = plays["nothing"].result()
    assert long_talk.error_rate(play.heard["text"]) < 0.04
    return play.heard


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[field] == other[field] for field in ("text", "segments", "language", "duration", "gaps"))


@pytest.mark.parametrize("scene", ["gpu", "control", "temporal", "store", "supervisor", ALL_OF_THEM])
def test_a_running_transcribe_survives_the_death_of(
    plays: Plays, undisturbed: dict[str, Any], scene: str
) -> None:
    play = plays[scene].result()

    assert play.code == 0, play.told
    assert _same(play.heard, undisturbed)
    assert play.computed_again == {}
    if scene in {"gpu", "supervisor", ALL_OF_THEM}:
        assert play.most_attempts > 1, "no worker was in the middle of a chunk"


@pytest.mark.parametrize("scene", ["everything"])
def test_after_the_death_of_everything_the_same_command_goes_on(
    plays: Plays, undisturbed: dict[str, Any], scene: str
) -> None:
    play = plays[scene].result()

    assert play.code == -signal.SIGKILL
    assert _same(play.heard, undisturbed)
    assert play.computed_again == {}
    assert play.most_attempts > 1, "no worker was in the middle of a chunk"


@pytest.mark.parametrize("scene", ["everything and its database"])
def test_a_database_that_is_lost_loses_no_job(plays: Plays, undisturbed: dict[str, Any], scene: str) -> None:
    play = plays[scene].result()

    assert _same(play.heard, undisturbed)
    assert play.computed_again == {}


@pytest.mark.parametrize("scene", ["the command"])
def test_an_interrupted_job_is_kept_and_taken_up_again(
    plays: Plays, undisturbed: dict[str, Any], scene: str
) -> None:
    play = plays[scene].result()

    assert play.code == 130
    assert "the same command takes it up again" in play.told
    assert _same(play.heard, undisturbed)
    assert play.computed_again == {}


@pytest.mark.parametrize("scene", ["a slow worker"])
def test_a_very_slow_engine_and_a_worker_killed_under_it_still_end_well(plays: Plays, scene: str) -> None:
    """0.05x realtime: a second of audio takes twenty."""
    play = plays[scene].result()

    assert play.code == 0, play.told
    assert play.heard["text"] == "The first"
    assert [word["word"].strip() for word in play.heard["segments"][0]["words"]] == ["The", "first"]
    assert play.most_attempts > 1


def test_a_dead_process_is_back_within_seconds_at_the_same_port(standing_farm: Farm) -> None:
    before = standing_farm.stack
    assert before is not None
    dead = standing_farm.kill("temporal", "control", "gpu")

    def pids() -> list[int]:
        now = standing_farm.pids_of("temporal", "control", "gpu")
        return now if len(now) == 3 and not set(now) & set(dead) else []

    def all_ready() -> bool:
        now = standing_farm.stack
        return now is not None and all(process.ready for process in now.processes)

    until(pids, "each of them was started again", seconds=5)
    until(all_ready, "each of them is up")
    after = standing_farm.stack
    assert after is not None
    assert after.supervisor == before.supervisor
    assert after.temporal == before.temporal


def test_a_stack_that_nobody_needs_leaves_by_itself(farm: Farm, tmp_path: Path) -> None:
    farm.environment["WHISPER_FARM_IDLE_SECONDS"] = "1"
    running = farm.start("transcribe", clip(tmp_path / "clip.flac").path, "--model", MODEL)
    until(lambda: len(farm.pids_of(*ROLES)) == len(ROLES), "its processes run")
    stack = farm.stack
    assert stack is not None
    assert running.poll() is None

    assert ended(running).returncode == 0
    until(lambda: not farm.processes(), "all of them are gone", seconds=20)
    assert not {"stack.json", "stack.lock", "scratch"} & {path.name for path in farm.home.iterdir()}
    host, _, port = stack.temporal.address.partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
