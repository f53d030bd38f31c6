"""Any process may die at any instruction: the transcript is the same, and nothing is heard twice."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import MODEL, Farm, Spoken, alive, transcript, until


@pytest.fixture(scope="module")
def undisturbed(
    standing_farm: Farm, long_talk: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("undisturbed")
    standing_farm.ok("transcribe", long_talk.path, "--model", MODEL, "--out", out)
    heard = transcript(out, "talk")
    assert long_talk.error_rate(heard["text"]) < 0.04
    return heard


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[field] == other[field] for field in ("text", "segments", "language", "duration", "gaps"))


@pytest.mark.parametrize(
    "roles",
    [("gpu",), ("control",), ("temporal",), ("supervisor",), ("gpu", "control", "temporal", "supervisor")],
    ids=" and ".join,
)
def test_a_running_transcribe_survives_the_death_of(
    farm: Farm, long_talk: Spoken, undisturbed: dict[str, Any], tmp_path: Path, roles: tuple[str, ...]
) -> None:
    running = farm.start("transcribe", long_talk.path, "--model", MODEL, "--out", tmp_path / "out")
    until(lambda: len(farm.results()) >= 2)
    before = farm.results()
    farm.kill(*roles)

    _, told = running.communicate(timeout=200)

    assert running.returncode == 0, told
    assert _same(transcript(tmp_path / "out", "talk"), undisturbed)
    assert before.items() <= farm.results().items(), "a stored result was computed again"


def test_after_the_death_of_everything_the_same_command_goes_on(
    farm: Farm, long_talk: Spoken, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    command = ("transcribe", long_talk.path, "--model", MODEL, "--out", tmp_path / "out")
    running = farm.start(*command)
    until(lambda: len(farm.results()) >= 2)
    victims = farm.pids_of("supervisor", "gpu", "control", "temporal")
    for pid in (running.pid, *victims):
        os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=20)
    before = farm.results()

    farm.ok(*command)

    assert _same(transcript(tmp_path / "out", "talk"), undisturbed)
    assert before.items() <= farm.results().items(), "a stored result was computed again"


def test_an_interrupted_job_is_kept_and_taken_up_again(
    farm: Farm, long_talk: Spoken, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    command = ("transcribe", long_talk.path, "--model", MODEL, "--out", tmp_path / "out")
    running = farm.start(*command)
    until(lambda: len(farm.results()) >= 1)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "same command" in told
    farm.ok(*command)
    assert _same(transcript(tmp_path / "out", "talk"), undisturbed)


def test_a_database_that_is_lost_loses_no_job(
    farm: Farm, long_talk: Spoken, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    command = ("transcribe", long_talk.path, "--model", MODEL, "--out", tmp_path / "out")
    running = farm.start(*command)
    until(lambda: len(farm.results()) >= 1)
    victims = farm.pids_of("supervisor", "gpu", "control", "temporal")
    for pid in (running.pid, *victims):
        os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=20)
    for file in (farm.home / "temporal").iterdir():
        file.unlink()
    farm.ok("up", "--model", MODEL)

    until(lambda: '"running"' not in farm.ok("jobs", "--json"), seconds=120)

    farm.ok(*command)
    assert _same(transcript(tmp_path / "out", "talk"), undisturbed)


def test_a_dead_process_is_back_within_seconds_at_the_same_port(farm: Farm) -> None:
    farm.ok("up", "--model", MODEL)
    before = farm.status()
    (dead,) = farm.kill("temporal")

    def back() -> list[int]:
        return [pid for pid in farm.pids_of("temporal") if pid != dead and alive(pid)]

    until(back, seconds=5)
    assert farm.status()["temporal"]["address"] == before["temporal"]["address"]


def test_a_stack_that_nobody_needs_leaves_by_itself(farm: Farm, podcast: Spoken, tmp_path: Path) -> None:
    farm.environment["WHISPER_FARM_IDLE_SECONDS"] = "1"
    farm.ok("transcribe", podcast.path, "--model", MODEL, "--out", tmp_path)
    farm.status()

    until(lambda: not [pid for pid in farm.pids if alive(pid)], seconds=20)
