"""Which farm a command speaks to: the one of its data folder, or the one that its environment names."""

import json
import time
from pathlib import Path

import pytest

from tests.end_to_end.farms import MODEL, ROLES, Farm, ended, farm_in
from tests.end_to_end.recordings import clip, transcript

pytestmark = pytest.mark.timeout(600)

#: What a stack makes in its data folder.
STACKS = {"stack.json", "stack.lock", "ports.json", "temporal", "store", "minio"}


def test_what_is_up_is_ready_and_what_was_done_outlives_it(farm: Farm, tmp_path: Path) -> None:
    spoken = clip(tmp_path / "clip.flac")
    farm.ok("up", "--model", MODEL)

    status = farm.json("status")

    assert [process["role"] for process in status["processes"]] == list(ROLES)
    assert all(process["ready"] and process["pid"] for process in status["processes"])
    (model,) = status["models"]
    assert (model["name"], model["slots"], len(model["workers"])) == (status["default_model"], 2, 1)
    assert model["trouble"] is None

    (done,) = farm.json("transcribe", spoken.path)["jobs"]
    (listed,) = farm.json("jobs")["jobs"]
    assert (listed["job"], listed["state"], listed["name"]) == (done["job"], "complete", "clip.flac")

    farm.ok("down")
    assert farm.processes() == {}
    assert [each["job"] for each in farm.json("jobs")["jobs"]] == [done["job"]]
    farm.ok("export", done["job"], "--out", tmp_path / "exported")
    assert transcript(tmp_path / "exported", "clip") == transcript(tmp_path, "clip")
    assert spoken.error_rate(transcript(tmp_path, "clip")["text"]) < 0.04


def test_two_homes_are_two_farms(standing_farm: Farm, tmp_path: Path) -> None:
    spoken = clip(tmp_path / "clip.flac", first=6, sentences=1)
    (done,) = standing_farm.json("transcribe", spoken.path, "--model", MODEL)["jobs"]
    with farm_in(tmp_path) as other:
        asked = [("status",), ("jobs", "--json"), ("show", done["job"]), ("down",)]
        status, jobs, show, down = (ended(each) for each in [other.start(*words) for words in asked])
        assert other.processes() == {}

    assert status.returncode == 3
    assert json.loads(jobs.stdout) == {"jobs": []}
    assert show.returncode == 2
    assert (down.returncode, down.stdout.endswith("was not up.\n")) == (0, True)
    assert standing_farm.json("show", done["job"])["state"] == "complete"


def test_several_commands_at_once_share_one_stack(farm: Farm, tmp_path: Path) -> None:
    clips = [clip(tmp_path / f"clip-{first}.flac", first=first, sentences=2) for first in (8, 10, 12)]

    running = [farm.start("transcribe", each.path, "--model", MODEL) for each in clips]
    stacks, workers = set(), 0
    while any(command.poll() is None for command in running):
        if (stack := farm.stack) is not None:
            stacks.add(stack.stack)
        workers = max(workers, sum("-m worker_gpu" in command for command in farm.processes().values()))
        time.sleep(0.1)

    for command, each in zip(running, clips, strict=True):
        done = ended(command)
        assert done.returncode == 0, done.stderr
        assert each.error_rate(transcript(tmp_path, each.path.stem)["text"]) < 0.04
    assert len(stacks) == 1
    assert workers == 1


def test_a_farm_elsewhere_is_named_by_an_address_and_a_store(standing_farm: Farm, tmp_path: Path) -> None:
    spoken = clip(tmp_path / "clip.flac", first=14)
    stack = standing_farm.stack
    assert stack is not None
    elsewhere = {
        "TEMPORAL_ADDRESS": stack.temporal.address,
        "WHISPER_FARM_STORE": "local",
        "WHISPER_FARM_STORE_FOLDER": str(standing_farm.home / "store"),
    }
    command = ("transcribe", spoken.path, "--model", MODEL, "--format", "json")
    with farm_in(tmp_path, **elsewhere) as away:
        (done,) = away.json(*command, "--out", tmp_path / "away")["jobs"]
        refused = [ended(each) for each in [away.start("up", "--model", MODEL), away.start("down")]]
        assert not STACKS & {path.name for path in away.home.glob("*")}

    (found,) = standing_farm.json(*command, "--out", tmp_path / "here")["jobs"]

    assert (done["state"], done["found"]) == ("complete", False)
    assert (found["job"], found["found"]) == (done["job"], True)
    assert spoken.error_rate(transcript(tmp_path / "away", "clip")["text"]) < 0.04
    for each in refused:
        assert each.returncode == 2
        assert "TEMPORAL_ADDRESS names a farm elsewhere" in each.stderr
        assert each.stderr.count("\n") == 1
    assert standing_farm.stack is not None
