"""Every command on a farm that is up: what it prints, and how it ends."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.command import MODEL, SPEECH, Command, refused
from whisper_farm.audio.program import ffmpeg_path


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour: long enough to be interrupted."""
    long = tmp_path_factory.mktemp("long") / "long.mp3"
    how = ["-stream_loop", "9", "-i", str(SPEECH), "-b:a", "64k", "-ac", "1"]
    subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", *how, str(long)], check=True)
    return long


def _until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


def _job(farm: Command, job: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(farm.ok("show", job, "--json"))
    return shown


def _line_with(stream: IO[str], words: str) -> str:
    """The next line that has these words; the empty string where the stream ends first."""
    return next((line for line in stream if words in line), "")


def test_a_transcript_lies_where_it_was_asked_for(farm: Command, tmp_path: Path) -> None:
    first = farm("transcribe", SPEECH, "--model", MODEL, "--out", tmp_path, "--format", "txt,json")

    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == [str(tmp_path / f"podcast_3min.{kind}") for kind in ("json", "txt")]
    assert "x realtime" in first.stderr or "transcribed before" in first.stderr
    assert len((tmp_path / "podcast_3min.txt").read_text().split()) > 300


def test_the_farms_default_model_serves_requests_that_name_none(farm: Command, tmp_path: Path) -> None:
    told = json.loads(farm.ok("transcribe", SPEECH, "--out", tmp_path, "--json"))

    (job,) = told["jobs"]
    assert job["file"] == str(SPEECH)
    assert job["state"] == "complete"
    assert job["language"] == "en"
    assert set(job["outputs"]) == {"json", "srt", "vtt", "txt", "tsv"}
    assert all(Path(path).is_file() for path in job["outputs"].values())


def test_a_finished_job_is_answered_without_a_stack(farm: Command, command: Command) -> None:
    """The second time nothing is running, and nothing is started."""
    command.environment["WHISPER_FARM_IDLE_SECONDS"] = "0.2"
    ask = ("transcribe", SPEECH, "--model", MODEL, "--out", command.folder, "--json")
    first = json.loads(command.ok(*ask))["jobs"][0]
    _until(lambda: command("status").returncode == 3)

    second = json.loads(command.ok(*ask))["jobs"][0]

    assert command("status").returncode == 3
    assert not first["found"]
    assert second["found"]
    assert second["job"] == first["job"]


def test_an_edited_transcript_is_not_overwritten_without_force(farm: Command, tmp_path: Path) -> None:
    ask = ("transcribe", SPEECH, "--model", MODEL, "--out", tmp_path, "--format", "txt")
    farm.ok(*ask)
    mine = tmp_path / "podcast_3min.txt"
    mine.write_text("my own words")

    said = refused(farm(*ask))
    assert "podcast_3min.txt" in said
    assert mine.read_text() == "my own words"

    farm.ok(*ask, "--force")
    assert mine.read_text() != "my own words"


def test_names_of_any_kind_work(farm: Command, tmp_path: Path) -> None:
    names = ["with space.flac", 'it\'s "quoted".flac', "two\nlines.flac", "-dash.flac", "[red]x[bold].flac"]
    for name in [*names, os.fsdecode(b"stray\xff.flac")]:
        (tmp_path / name).write_bytes(SPEECH.read_bytes())
    recordings = sorted(tmp_path.glob("*.flac"))

    done = farm("transcribe", "--model", MODEL, "--format", "txt", "--", *recordings)

    assert done.returncode == 0, done.stderr
    assert all(recording.with_suffix(".txt").is_file() for recording in recordings)
    assert len(done.stdout.splitlines()) == len(recordings)


def test_a_job_can_be_handed_in_watched_shown_and_exported(farm: Command, tmp_path: Path) -> None:
    job = farm.ok("submit", SPEECH, "--job-id", "by-hand", "--owner", "me", "--label", "show=daily").strip()
    assert job == "by-hand"

    assert "3:03" in farm.ok("watch", job)
    page = _job(farm, job)
    assert page["state"] == "complete"
    assert (page["owner"], page["labels"]) == ("me", {"show": "daily"})
    assert sum(page["workers"].values()) > 1
    assert "podcast_3min.flac" in farm.ok("show", job)
    listed = json.loads(farm.ok("jobs", "--owner", "me", "--json"))["jobs"]
    assert [each["job"] for each in listed] == [job]
    written = farm.ok("export", job, "--format", "srt", "--out", tmp_path / "new").split()
    assert written == [str(tmp_path / "new" / "podcast_3min.srt")]
    assert "complete" in farm.ok("cancel", job)
    assert "complete already" in farm.ok("retry", job)


def test_a_job_id_that_is_taken_is_refused(farm: Command, tmp_path: Path) -> None:
    farm.ok("submit", SPEECH, "--job-id", "taken")
    farm.ok("watch", "taken")
    other = tmp_path / "other.wav"
    subprocess.run(
        [ffmpeg_path(), "-nostdin", "-v", "error", "-t", "5", "-i", str(SPEECH), str(other)], check=True
    )

    said = refused(farm("submit", other, "--job-id", "taken"))

    assert "'taken' belongs to another request" in said


def test_a_job_whose_model_nobody_serves_waits_and_says_so(farm: Command) -> None:
    done = farm("submit", SPEECH, "--model", "large-v3-turbo", "--job-id", "waits")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "waits"
    assert "No worker serves the model 'large-v3-turbo'" in done.stderr
    assert "python -m worker_gpu" in done.stderr

    looks_on = farm.start("watch", "waits")
    assert looks_on.stderr is not None
    assert "No worker serves the model 'large-v3-turbo'" in _line_with(looks_on.stderr, "No worker")
    looks_on.send_signal(signal.SIGINT)
    looks_on.communicate(timeout=20)
    farm.ok("cancel", "waits")
    assert _job(farm, "waits")["state"] == "cancelled"


def test_a_source_that_the_farm_cannot_fetch_fails_the_job_with_its_sentence(farm: Command) -> None:
    job = farm.ok("submit", "s3://whisper-farm/inbox/gone.mp3").strip()

    done = farm("watch", job)

    assert done.returncode == 1
    assert "inbox/gone.mp3" in done.stdout


def test_ctrl_c_is_quick_keeps_the_job_and_the_same_command_takes_it_up(
    farm: Command, long_recording: Path, tmp_path: Path
) -> None:
    ask = ("transcribe", long_recording, "--out", tmp_path, "--format", "txt")
    running = farm.start(*ask)
    _until(lambda: "long.mp3" in farm.ok("jobs", "--state", "running"))

    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, told = running.communicate(timeout=20)

    assert time.monotonic() - began < 2.0
    assert running.returncode == 130
    assert told.splitlines()[-1].startswith("Interrupted; the job '")
    assert list(tmp_path.iterdir()) == []
    job = told.splitlines()[-1].split("'")[1]
    assert _job(farm, job)["state"] == "running"

    again = farm.start(*ask)
    _until(lambda: (_job(farm, job)["progress"] or {}).get("chunks_heard"))
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=20)
    assert again.returncode == 143

    assert f"Cancelled the job '{job}'" in farm.ok("cancel", job)
    assert "Started the job" in farm.ok("retry", job)
    assert _job(farm, job)["state"] == "running"
    farm.ok("cancel", job)


def test_interrupted_while_it_starts_a_command_leaves_nothing(command: Command) -> None:
    recording = command.folder / "talk.flac"
    recording.write_bytes(SPEECH.read_bytes())
    running = command.start("transcribe", recording, "--model", MODEL)
    _until(lambda: command.home.exists())

    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=20)
    command("down")

    assert running.returncode == 130
    assert "Interrupted" in told
    assert "Traceback" not in told
    assert [path.name for path in command.folder.iterdir() if path != command.home] == ["talk.flac"]
    assert not list((command.home / "store").rglob("*staging*/*"))


def test_status_tells_scripts_what_runs(farm: Command) -> None:
    told = json.loads(farm.ok("status", "--json"))

    assert set(told["temporal"]) == {"address", "namespace", "ui", "cli"}
    assert os.access(told["temporal"]["cli"], os.X_OK)
    assert told["store"] == {
        "kind": "local",
        "description": f"folder {farm.home / 'store'}",
        "bucket": "whisper-farm",
        "folder": str(farm.home / "store"),
    }
    assert [each["role"] for each in told["processes"]] == ["supervisor", "temporal", "control", "gpu"]
    assert all(isinstance(each["pid"], int) for each in told["processes"])
    assert told["default_model"].startswith("model-")


def test_status_of_nothing_says_so(command: Command) -> None:
    done = command("status", "--json")

    assert done.returncode == 3
    assert json.loads(done.stdout)["processes"] == []
    assert "whisper-farm up" in done.stderr


def test_a_reader_who_leaves_early_is_no_error(farm: Command) -> None:
    read, write = os.pipe()
    running = farm.start("jobs", "--json", stdout=write)
    os.close(write)
    os.close(read)
    _, told = running.communicate(timeout=60)

    assert told == ""
    assert running.returncode == 0


def test_a_full_disk_behind_stdout_is_said(farm: Command) -> None:
    with Path("/dev/full").open("w") as full:
        running = farm.start("jobs", stdout=full.fileno())
        _, told = running.communicate(timeout=60)

    assert running.returncode == 3
    assert "No room is left" in told


def test_space_is_freed_and_said(farm: Command) -> None:
    dry = json.loads(farm.ok("clean", "--dry-run", "--json"))
    assert not dry["freed"]

    assert "--yes" in refused(farm("clean", "--recordings"))
    farm.ok("clean")
    assert json.loads(farm.ok("clean", "--dry-run", "--json"))["bytes"] == 0


def test_doctor_finds_what_is_there_and_names_what_mends_the_rest(farm: Command, command: Command) -> None:
    told = json.loads(farm.ok("doctor", "--json"))
    assert told["can_run"]
    assert {"Python", "ffmpeg", "model", "stack"} <= {each["what"] for each in told["findings"]}

    fresh = command("doctor")
    assert fresh.returncode == 0, fresh.stdout  # the default model is downloaded when it is first needed

    done = command("doctor", "--model", "./nowhere")
    assert done.returncode == 3
    assert "mend: whisper-farm up --model FOLDER" in done.stdout


def test_a_short_lived_client_never_fails_after_it_succeeded(farm: Command) -> None:
    """The whole proof, of 200 runs, is `python -m benchmarks.client_exit`."""
    codes = [farm("jobs").returncode for _ in range(4)]

    assert codes == [0] * 4
