"""The other doors: plain Temporal, jobs that are handed in and left, cancelling."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.farms import MODEL, Farm, in_mid_chunk, until
from tests.end_to_end.recordings import Spoken, clip, transcript

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def inbox(standing_farm: Farm) -> Path:
    """Where somebody puts recordings into the farm's bucket by himself."""
    inbox = standing_farm.bucket / "inbox"
    inbox.mkdir()
    return inbox


def _ended(farm: Farm, payload: Any, *, job: str | None = None) -> dict[str, Any]:
    """Start a job with nothing but Temporal's command line, and wait for its end."""
    job = job or f"job-{uuid4().hex[:8]}"
    start = ("workflow", "start", "--type", "TranscribeWorkflow", "--task-queue", "whisper-farm")
    farm.temporal(*start, "--workflow-id", job, "--input", json.dumps(payload))
    ended: dict[str, Any] = farm.temporal("workflow", "result", "--workflow-id", job)
    return ended


def _failure(ended: dict[str, Any]) -> tuple[str, str]:
    """The name of the failure that a job ended with, and its message."""
    assert ended["status"] == "FAILED"
    failure = ended["closeEvent"]["workflowExecutionFailedEventAttributes"]["failure"]
    assert failure["applicationFailureInfo"]["nonRetryable"]
    return failure["applicationFailureInfo"]["type"], failure["message"]


def test_a_job_starts_with_nothing_but_temporals_command_line(
    standing_farm: Farm, inbox: Path, tmp_path: Path
) -> None:
    said = clip(inbox / "episode.mp3", sentences=10)

    ended = _ended(standing_farm, {"source": "s3://whisper-farm/inbox/episode.mp3"}, job="my-episode")

    assert ended["status"] == "COMPLETED"
    assert ended["result"]["state"] == "complete"
    assert standing_farm.json("show", "my-episode")["state"] == "complete"
    standing_farm.ok("export", "my-episode", "--out", tmp_path)
    assert said.error_rate(transcript(tmp_path, "episode")["text"]) < 0.04


@pytest.mark.parametrize(
    ("payload", "kind", "named"),
    [
        ({"sauce": "x"}, "BadRequest", "the field 'sauce' is not known"),
        ({"source": 7}, "BadRequest", "the field 'source' is wrong"),
        ("a string", "BadRequest", "The input is a JSON string, not an object"),
        ({"source": "s3://whisper-farm/inbox/gone.mp3"}, "RecordingUnusable", "no object 'inbox/gone.mp3'"),
        ({"source": "s3://elsewhere/inbox/talk.mp3"}, "SourceRefused", "'s3://elsewhere/inbox/talk.mp3'"),
        ({"source": "s3://whisper-farm/jobs/x/y.json"}, "SourceRefused", "jobs/x/y.json"),
        ({"source": "http://127.0.0.1/talk.mp3"}, "SourceRefused", "'http://127.0.0.1/talk.mp3'"),
        ({"source": "https://127.0.0.1/talk.mp3"}, "SourceRefused", "The host '127.0.0.1' is refused"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_a_bad_input_fails_with_one_sentence_that_names_it(
    standing_farm: Farm, payload: Any, kind: str, named: str
) -> None:
    failure, message = _failure(_ended(standing_farm, payload))

    assert failure == kind
    assert named in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_job_id_taken_by_another_recording_is_refused(standing_farm: Farm, inbox: Path) -> None:
    clip(inbox / "mine.flac", first=3, sentences=1)
    clip(inbox / "yours.flac", first=4, sentences=1)
    mine = _ended(standing_farm, {"source": "inbox/mine.flac"}, job="taken")

    kind, message = _failure(_ended(standing_farm, {"source": "inbox/yours.flac"}, job="taken"))

    assert mine["status"] == "COMPLETED"
    assert kind == "JobTaken"
    assert "'taken' belongs to another request" in message
    assert standing_farm.json("show", "taken")["state"] == "complete"


def test_a_cancelled_job_stops_its_workers_within_seconds(standing_farm: Farm, long_talk: Spoken) -> None:
    farm, heard_before = standing_farm, len(standing_farm.results())
    job = farm.json("submit", long_talk.path, "--model", MODEL)["job"]
    with in_mid_chunk(farm, heard_before=heard_before):
        heard, taken = len(farm.results()), farm.pending(job).count("STARTED")
        farm.ok("cancel", job)
        until(lambda: set(farm.pending(job)) <= {"CANCEL_REQUESTED"}, "its chunks are called back")

    until(lambda: farm.json("show", job)["state"] == "cancelled", "it is cancelled", seconds=15)

    time.sleep(1)
    # What a worker had taken may still be heard to its end; nothing was begun after it.
    assert len(farm.results()) <= heard + taken
    assert job not in farm.open_jobs()
    recording = hashlib.sha256(long_talk.path.read_bytes()).hexdigest()
    assert not list((farm.bucket / "chunks" / recording).rglob("*.flac"))
