"""Several recordings in one call: nothing is begun before all are known, and then each stands for itself."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.cli.command import MODEL, SPEECH, Command, refused
from tests.subtitles.transcripts import evenly, transcript
from whisper_farm import keys
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.cli.hearing import Hearing
from whisper_farm.cli.transcribing import Asked, carry_out
from whisper_farm.errors import FarmError, FarmUnreachable, JobTaken
from whisper_farm.farm import jobs, watching
from whisper_farm.farm.ledger import file_sha256
from whisper_farm.farm.watching import Ended
from whisper_farm.identity import job_id_for
from whisper_farm.messages import JobResult
from whisper_farm.request import Decoding, TranscribeRequest
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.disk import DiskStore
from whisper_farm.subtitles.formats import write
from whisper_farm.subtitles.options import SubtitleOptions
from whisper_farm.weights import fingerprint_of

HELLO = transcript(evenly(0, "hello", start=1.0), duration=4.0)


def _clips(folder: Path, *names: str) -> list[Path]:
    """Recordings of a few seconds, no two alike, nor like those of another test."""
    clips = []
    for number, name in enumerate(names):
        how = ["-ss", str(number), "-t", "4", "-i", str(SPEECH), "-metadata", f"title={folder}"]
        clips.append(folder / name)
        subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", *how, str(clips[-1])], check=True)
    return clips


def _jobs(farm: Command) -> int:
    return len(json.loads(farm.ok("jobs", "--json"))["jobs"])


@pytest.mark.parametrize("options", [[], ["--again"]], ids=["", "--again"])
def test_none_is_begun_where_the_job_of_one_belongs_to_another_request(
    farm: Command, tmp_path: Path, options: list[str]
) -> None:
    good, bad, other = _clips(tmp_path, "good.wav", "bad.wav", "other.wav")
    weights = fingerprint_of(MODEL)[:8]
    taken = job_id_for(file_sha256(bad), weights=weights, decoding=Decoding())
    farm.ok("submit", other, "--model", MODEL, "--job-id", taken)
    farm.ok("watch", taken)
    before = _jobs(farm)

    said = refused(farm("transcribe", good, bad, "--model", MODEL, *options))

    assert f"'{taken}' belongs to another request" in said
    assert _jobs(farm) == before
    assert not list(tmp_path.glob("good.*[!v]"))


class Elsewhere:
    """A farm that begins jobs and never hears them: how they end, and what fails, a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.store = DiskStore(folder / "store", "whisper-farm")
        self.faults: dict[str, FarmError] = {}
        self._monkeypatch = monkeypatch

    def transcribe(self, *recordings: Path) -> int:
        """Carried out in this process; the exit code."""
        self._monkeypatch.setattr(watching, "watch", self._watch)
        asked = Asked(
            paths=recordings,
            model="pod",
            hearing=Hearing(decoding=Decoding()),
            workers=None,
            formats=("txt",),
            out=None,
            force=False,
            again=False,
            subtitles=SubtitleOptions(),
        )
        return carry_out(asked, as_json=True)

    def fails_to_begin(self, name: str, fault: FarmError) -> None:
        begin: Callable[..., Any] = jobs.begin

        async def begin_or_fail(
            client: Client, store: ObjectStore, job: str, request: TranscribeRequest, **more: Any
        ) -> Any:
            if request.name == name:
                raise fault
            return await begin(client, store, job, request, **more)

        self._monkeypatch.setattr(jobs, "begin", begin_or_fail)

    async def _watch(self, client: Client, job: str, **more: Any) -> Ended:
        """Only a server that is gone for minutes would do it, or one that lost its database."""
        handle = client.get_workflow_handle(job)
        name = await (await handle.describe()).static_summary()
        if name in self.faults:
            raise self.faults[name]
        stored = {kind: keys.transcript(job, "1", kind) for kind in ("json", "txt")}
        for kind, key in stored.items():
            self.store.put(key, write(HELLO, kind).encode())
        result = JobResult(
            job=job,
            state="complete",
            version="1",
            outputs=stored,
            language="en",
            duration_seconds=4.0,
            chunk_count=1,
            word_count=1,
            gap_count=0,
            message=None,
        )
        return Ended(job=job, state="complete", result=result, message=None)


@pytest.fixture
def elsewhere(tmp_path: Path, temporal_address: str, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    said = {
        "TEMPORAL_ADDRESS": temporal_address,
        "WHISPER_FARM_HOME": str(tmp_path / "home"),
        "WHISPER_FARM_STORE": "local",
        "WHISPER_FARM_STORE_FOLDER": str(tmp_path / "store"),
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    elsewhere = Elsewhere(tmp_path, monkeypatch)
    elsewhere.store.put("settings/made", b"")
    return elsewhere


GONE = FarmUnreachable("Temporal does not know it any more.")


def test_a_job_that_the_farm_loses_leaves_the_others_be(
    elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    lost, good = _clips(elsewhere.folder, "lost.wav", "good.wav")
    elsewhere.faults["lost.wav"] = GONE

    code = elsewhere.transcribe(lost, good)

    out, err = capsys.readouterr()
    assert code == 3, "the farm's fault: the same command goes on"
    assert good.with_suffix(".txt").read_text() == "hello\n"
    assert f"'{lost}': {GONE}" in err
    told = {Path(each["file"]).name: each for each in json.loads(out)["jobs"]}
    assert told["good.wav"]["state"] == "complete"
    assert told["lost.wav"]["message"] == str(GONE)
    assert told["lost.wav"]["job"] is not None


def test_where_one_failed_and_the_farm_lost_another_the_code_is_1(elsewhere: Elsewhere) -> None:
    lost, good = _clips(elsewhere.folder, "lost.wav", "good.wav")
    elsewhere.faults["lost.wav"] = GONE
    elsewhere.faults["good.wav"] = JobTaken("The job id belongs to another request.")

    assert elsewhere.transcribe(lost, good) == 1


def test_what_fails_to_begin_after_others_have_leaves_them_be(
    elsewhere: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    good, taken, also_good = _clips(elsewhere.folder, "good.wav", "taken.wav", "also.wav")
    elsewhere.fails_to_begin("taken.wav", JobTaken("The job id belongs to another request."))

    code = elsewhere.transcribe(good, taken, also_good)

    out, _ = capsys.readouterr()
    assert code == 1
    assert good.with_suffix(".txt").is_file()
    assert also_good.with_suffix(".txt").is_file()
    assert [each["state"] for each in json.loads(out)["jobs"]] == ["complete", "failed", "complete"]


def test_what_fails_before_any_is_begun_ends_the_command(elsewhere: Elsewhere) -> None:
    first, second = _clips(elsewhere.folder, "first.wav", "second.wav")
    elsewhere.fails_to_begin("first.wav", GONE)

    with pytest.raises(FarmUnreachable):
        elsewhere.transcribe(first, second)

    assert not second.with_suffix(".txt").exists()


def test_the_only_recordings_fault_is_the_commands_own(elsewhere: Elsewhere) -> None:
    (lost,) = _clips(elsewhere.folder, "lost.wav")
    elsewhere.faults["lost.wav"] = GONE

    with pytest.raises(FarmUnreachable):
        elsewhere.transcribe(lost)
