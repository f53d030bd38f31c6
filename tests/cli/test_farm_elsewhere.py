"""A farm elsewhere: workers come and go, and the same command is the same job."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.command import MODEL, SPEECH, Command
from tests.conftest import REPOSITORY
from whisper_farm.audio.program import ffmpeg_path


def _from_elsewhere(farm: Command, folder: Path) -> Command:
    """The command of a person on another machine, who has the farm's address and its store."""
    temporal = json.loads(farm.ok("status", "--json"))["temporal"]["address"]
    return Command(
        folder / "home",
        folder,
        {
            "TEMPORAL_ADDRESS": temporal,
            "WHISPER_FARM_STORE": "local",
            "WHISPER_FARM_STORE_FOLDER": str(farm.home / "store"),
        },
    )


@contextmanager
def _worker(command: Command, name: str) -> Iterator[None]:
    environment = command.env | {"WHISPER_FARM_MODEL": str(MODEL), "WHISPER_FARM_MODEL_NAME": name}
    process = subprocess.Popen(
        [sys.executable, "-m", "worker_gpu"],
        env=environment,
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while name not in [each["name"] for each in _models(command)]:
            assert process.poll() is None
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_a_command_that_waited_for_its_worker_is_the_same_job_afterwards(
    farm: Command, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.wav"
    subprocess.run(
        [ffmpeg_path(), "-nostdin", "-v", "error", "-t", "7", "-i", str(SPEECH), str(clip)], check=True
    )
    person = _from_elsewhere(farm, tmp_path)
    ask = ("transcribe", clip, "--model", "pod", "--format", "txt", "--json")
    waits = person.start(*ask)
    assert waits.stderr is not None
    assert "No worker serves the model 'pod'" in waits.stderr.readline()
    while not (running := _running(person)):
        assert waits.poll() is None
    waits.send_signal(signal.SIGINT)
    waits.communicate(timeout=20)
    assert waits.returncode == 130

    with _worker(person, "pod"):
        heard = json.loads(person.ok(*ask))["jobs"][0]
    answered = json.loads(person.ok(*ask))["jobs"][0]

    assert [heard["job"]] == running
    assert (answered["job"], answered["found"]) == (heard["job"], True)


def _models(command: Command) -> list[dict[str, Any]]:
    """Those that somebody serves, or that chunks wait for."""
    models: list[dict[str, Any]] = json.loads(command.ok("status", "--json"))["models"]
    return [each for each in models if each["workers"]]


def _running(command: Command) -> list[str]:
    listed = json.loads(command.ok("jobs", "--state", "running", "--json"))["jobs"]
    return [each["job"] for each in listed if each["name"] == "clip.wav"]
