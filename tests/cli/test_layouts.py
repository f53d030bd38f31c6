"""Subtitles are laid out as they are asked for, and anew from what is stored: nothing is heard again."""

import json
from pathlib import Path

from tests.cli.command import MODEL, SPEECH, Command, refused
from tests.subtitles.checker import check_subtitles, read_lrc, read_srt


def test_a_recording_is_laid_out_in_several_ways_and_heard_once(farm: Command, tmp_path: Path) -> None:
    ask = ("transcribe", SPEECH, "--model", MODEL, "--format", "json,srt,vtt", "--json")
    usual, narrow = tmp_path / "usual", tmp_path / "narrow"

    first = json.loads(farm.ok(*ask, "--out", usual))["jobs"][0]
    second = json.loads(farm.ok(*ask, "--out", narrow, "--subtitles", "bbc", "--columns", "24"))["jobs"][0]

    assert second["found"]
    assert second["job"] == first["job"]
    for folder, preset, columns in ((usual, "netflix", 42), (narrow, "bbc", 24)):
        files = {kind: (folder / f"podcast_3min.{kind}").read_text() for kind in ("json", "srt", "vtt")}
        check_subtitles(files["json"], files["srt"], files["vtt"])
        report = json.loads(files["json"])["subtitles"]
        assert (report["preset"], report["rules"]["line_columns"]) == (preset, columns)
        lines = [line for cue in read_srt(files["srt"]) for line in cue.lines]
        assert columns - 10 < max(len(line) for line in lines) <= columns


def test_a_finished_job_is_exported_in_any_layout(farm: Command, tmp_path: Path) -> None:
    told = json.loads(farm.ok("transcribe", SPEECH, "--model", MODEL, "--out", tmp_path, "--json"))
    job = told["jobs"][0]["job"]

    farm.ok(
        "export", job, "--out", tmp_path / "new", "--format", "lrc,txt", "--word-times", "--paragraph-times"
    )

    assert len(read_lrc((tmp_path / "new" / "podcast_3min.lrc").read_text())) > 20
    assert (tmp_path / "new" / "podcast_3min.txt").read_text().startswith("[00:00:0")
    assert "--lines can't be '9'" in refused(farm("export", job, "--lines", "9"))


def test_a_job_that_is_handed_in_is_laid_out_as_it_was_asked(farm: Command, tmp_path: Path) -> None:
    job = farm.ok("submit", SPEECH, "--model", MODEL, "--job-id", "laid-out", "--subtitles", "plain").strip()
    farm.ok("watch", job)

    farm.ok("export", job, "--out", tmp_path, "--format", "json")

    written = json.loads((tmp_path / "podcast_3min.json").read_text())
    assert written["subtitles"]["preset"] == "plain"
