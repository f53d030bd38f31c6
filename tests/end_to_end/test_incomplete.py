"""A job that lacks something through the farm's fault: the others finish, and `retry` fills the gap."""

from pathlib import Path

import pytest

from tests.end_to_end.farms import MODEL, Farm, ended, in_mid_chunk, until
from tests.end_to_end.recordings import clip, transcript

pytestmark = pytest.mark.timeout(600)


def test_of_two_recordings_one_is_finished_where_the_other_lacks_a_chunk_and_retry_mends_it(
    standing_farm: Farm, tmp_path: Path
) -> None:
    farm, heard_before = standing_farm, len(standing_farm.results())
    long, out = clip(tmp_path / "long.mp3", sentences=100), tmp_path / "out"
    short = clip(tmp_path / "short.flac", first=20)

    running = farm.start("transcribe", long.path, short.path, "--model", MODEL, "--out", out)
    with in_mid_chunk(farm, heard_before=heard_before):
        running_jobs = farm.json("jobs", "--state", "running")["jobs"]
        (job,) = [each["job"] for each in running_jobs if each["name"] == "long.mp3"]
        until(lambda: farm.query(job, "progress")["all_cut"], "all of it is cut")
        chunks = farm.query(job, "timeline")["chunks"]
        late = max(chunk["index"] for chunk in chunks if chunk["state"] == "scheduled")
        update = ("workflow", "update", "execute", "-w", job, "--name", "cancel_chunk")
        assert farm.temporal(*update, "--input", str(late))["result"] is True
    done = ended(running)

    assert done.returncode == 1
    assert "It is not complete" in done.stderr
    assert {path.name for path in out.glob("short.*")} == {
        f"short.{end}" for end in ("json", "srt", "vtt", "txt", "tsv")
    }
    assert short.error_rate(transcript(out, "short")["text"]) < 0.04
    (gap,) = transcript(out, "long")["gaps"]
    assert gap["fault"] == "farm"
    assert gap["reason"] == "a person cancelled this chunk"
    assert (gap["start"], gap["end"]) == (
        pytest.approx(chunks[late]["start"], abs=0.001),
        pytest.approx(chunks[late]["end"], abs=0.001),
    )
    before = farm.results()

    farm.ok("retry", job)
    farm.ok("watch", job)

    farm.ok("export", job, "--out", tmp_path / "mended", "--format", "json")
    mended = transcript(tmp_path / "mended", "long")
    assert mended["gaps"] == []
    assert long.error_rate(mended["text"]) < 0.04
    after = farm.results()
    assert before.items() <= after.items()
    assert len(after) <= len(before) + 1
