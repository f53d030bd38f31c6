"""The other doors: plain Temporal, jobs that are handed in and left, cancelling, a worker elsewhere."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.end_to_end.conftest import MODEL, Farm, Spoken, alive, until
from whisper_farm.audio.program import ffmpeg_path


def _temporal(farm: Farm, *arguments: str) -> "subprocess.CompletedProcess[str]":
    temporal = farm.status()["temporal"]
    command = [temporal["cli"], *arguments, "--address", temporal["address"], "-o", "json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _stored(farm: Farm, podcast: Spoken) -> str:
    """The podcast as somebody put it into the farm's bucket."""
    inbox = farm.home / "store" / "whisper-farm" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "episode.flac").write_bytes(podcast.path.read_bytes())
    return "s3://whisper-farm/inbox/episode.flac"


def _workflow(farm: Farm, job: str, payload: Any) -> dict[str, Any]:
    """Start a job with nothing but Temporal's command line, and wait for its end."""
    start = ("workflow", "start", "--type", "TranscribeWorkflow", "--task-queue", "whisper-farm")
    _temporal(farm, *start, "--workflow-id", job, "--input", json.dumps(payload))
    ended: dict[str, Any] = json.loads(_temporal(farm, "workflow", "result", "--workflow-id", job).stdout)
    return ended


def test_a_job_starts_with_nothing_but_temporals_command_line(standing_farm: Farm, podcast: Spoken) -> None:
    ended = _workflow(standing_farm, "my-episode", {"source": _stored(standing_farm, podcast)})

    assert ended["status"] == "COMPLETED"
    assert ended["result"]["state"] == "complete"
    shown = json.loads(standing_farm.ok("show", "my-episode", "--json"))
    assert shown["state"] == "complete"
    out = standing_farm.home.parent / "exported"
    standing_farm.ok("export", "my-episode", "--format", "txt", "--out", out)
    (written,) = out.iterdir()
    assert podcast.error_rate(written.read_text()) < 0.04


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"sauce": "x"}, "'sauce' is not known"),
        ({"source": 7}, "'source' is wrong"),
        ({"source": "s3://whisper-farm/inbox/missing.mp3"}, "inbox/missing.mp3"),
        ({"source": "s3://elsewhere/inbox/talk.mp3"}, "elsewhere"),
        ({"source": "s3://whisper-farm/jobs/x/request.json"}, "jobs/x/request.json"),
        ({"source": "http://127.0.0.1/talk.mp3"}, "http"),
        ({"source": "https://127.0.0.1/talk.mp3"}, "127.0.0.1"),
        ("a string", "not an object"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_a_bad_input_fails_with_one_sentence_that_names_it(
    standing_farm: Farm, podcast: Spoken, payload: Any, named: str, request: pytest.FixtureRequest
) -> None:
    job = f"bad-{abs(hash(request.node.name))}"

    ended = _workflow(standing_farm, job, payload)

    assert ended["status"] == "FAILED"
    assert named in json.dumps(ended, ensure_ascii=False)


def test_a_job_id_taken_by_another_recording_is_refused(
    standing_farm: Farm, podcast: Spoken, long_talk: Spoken
) -> None:
    _workflow(standing_farm, "taken", {"source": _stored(standing_farm, podcast)})
    other = standing_farm.home / "store" / "whisper-farm" / "inbox" / "other.mp3"
    other.write_bytes(long_talk.path.read_bytes())

    ended = _workflow(standing_farm, "taken", {"source": "inbox/other.mp3"})

    assert ended["status"] == "FAILED"
    assert "belongs to another request" in json.dumps(ended)


def test_a_job_for_a_model_that_nobody_serves_waits_and_says_so(standing_farm: Farm, podcast: Spoken) -> None:
    done = standing_farm.run("submit", podcast.path, "--model", "large-v3-turbo", "--job-id", "waits")

    assert done.returncode == 0
    assert "large-v3-turbo" in done.stdout + done.stderr
    assert "worker" in done.stdout + done.stderr
    standing_farm.ok("cancel", "waits")


def test_a_cancelled_job_stops_its_workers_within_seconds(farm: Farm, long_talk: Spoken) -> None:
    farm.ok("up", "--model", MODEL)
    job = json.loads(farm.ok("submit", long_talk.path, "--model", MODEL, "--json"))["job"]
    until(lambda: len(farm.results()) >= 1)

    farm.ok("cancel", job)

    until(lambda: json.loads(farm.ok("show", job, "--json"))["state"] == "cancelled", seconds=10)
    heard = len(farm.results())
    time.sleep(2)
    assert len(farm.results()) <= heard + 2
    assert not list((farm.home / "store" / "whisper-farm" / "chunks").rglob("*.flac"))


def test_a_worker_elsewhere_needs_an_address_a_store_and_a_model_and_nothing_else(
    farm: Farm, podcast: Spoken, tmp_path: Path
) -> None:
    """On MinIO, with the credential that may read chunks and write results; in another folder."""
    farm.ok("up", "--store", "minio", "--workers", "0", "--model", MODEL)
    status = farm.status()
    worker = status["store"]["worker"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(elsewhere),
        "PYTHONPATH": str(REPOSITORY),
        "TEMPORAL_ADDRESS": status["temporal"]["address"],
        "WHISPER_FARM_STORE": "s3",
        "WHISPER_FARM_S3_ENDPOINT": status["store"]["endpoint"],
        "WHISPER_FARM_S3_ACCESS_KEY": Path(worker["access_key_file"]).read_text().strip(),
        "WHISPER_FARM_S3_SECRET_KEY": Path(worker["secret_key_file"]).read_text().strip(),
        "WHISPER_FARM_MODEL": str(MODEL),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "worker_gpu"],
        env=environment,
        cwd=elsewhere,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        job = json.loads(farm.ok("submit", podcast.path, "--model", MODEL, "--json"))["job"]
        farm.ok("watch", job)

        shown = json.loads(farm.ok("show", job, "--json"))
        assert shown["state"] == "complete"
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "serves" in said
    assert "leaves" in said


def test_a_very_slow_engine_and_a_worker_killed_under_it_still_end_well(farm: Farm, tmp_path: Path) -> None:
    """0.05x realtime: two seconds of audio take forty."""

    clip = tmp_path / "clip.flac"
    source = ["-i", str(REPOSITORY / "demo" / "podcast_3min.flac"), "-t", "2"]
    subprocess.run([ffmpeg_path(), "-v", "error", "-nostdin", *source, str(clip)], check=True)
    farm.ok("up", "--model", MODEL, "--workers", "0")
    slow = _slow_worker(farm)
    try:
        job = json.loads(farm.ok("submit", clip, "--model", MODEL, "--json"))["job"]

        def hearing() -> bool:
            progress = json.loads(farm.ok("show", job, "--json")).get("progress") or {}
            return bool(progress.get("chunks_running"))

        until(hearing)
        time.sleep(3)
        slow.kill()
        slow.wait()
        slow = _slow_worker(farm)
        farm.ok("watch", job, timeout_seconds=200)

        assert json.loads(farm.ok("show", job, "--json"))["state"] == "complete"
    finally:
        slow.terminate()
        slow.wait(60)


def _slow_worker(farm: Farm) -> "subprocess.Popen[bytes]":
    environment = farm.env | {
        "TEMPORAL_ADDRESS": farm.status()["temporal"]["address"],
        "WHISPER_FARM_STORE": "local",
        "WHISPER_FARM_STORE_FOLDER": str(farm.home / "store"),
        "WHISPER_FARM_MODEL": str(MODEL),
        "SLOWNESS": "0.05",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.slow_worker"], env=environment, cwd=REPOSITORY
    )


def test_two_homes_are_two_farms(farm: Farm, podcast: Spoken, tmp_path: Path) -> None:
    farm.ok("up", "--model", MODEL)
    other = Farm(tmp_path / "other")
    try:
        assert other.run("status").returncode != 0
        assert json.loads(other.ok("jobs", "--json")) == {"jobs": []}
    finally:
        other.run("down")


def test_down_returns_when_every_process_is_gone(farm: Farm) -> None:
    farm.ok("up", "--model", MODEL)
    farm.status()

    farm.ok("down")

    assert [pid for pid in farm.pids if alive(pid)] == []
