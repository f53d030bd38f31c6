"""Options of the hearing on a farm that is up: they reach the chunks, and what is written says so."""

import json
from pathlib import Path
from typing import Any

from tests.cli.command import MODEL, SPEECH, Command


def _transcript(farm: Command, out: Path, *options: str) -> dict[str, Any]:
    farm.ok("transcribe", SPEECH, "--model", MODEL, "--out", out, "--format", "json,srt", *options)
    told: dict[str, Any] = json.loads((out / "podcast_3min.json").read_text())
    return told


def test_a_transcript_says_how_it_was_heard(farm: Command, tmp_path: Path) -> None:
    options = ("--preset", "fast", "--beam-size", "2", "--hotwords", "apples", "--vad-padding-ms", "300")

    said = _transcript(farm, tmp_path, *options)["decoding"]

    assert (said["beam_size"], said["temperatures"]) == (2, [0.0])
    assert (said["hotwords"], said["vad_padding_ms"], said["guards"]) == ("apples", 300, True)


def test_a_json_without_the_times_of_words_is_made_of_the_same_hearing(farm: Command, tmp_path: Path) -> None:
    timed = _transcript(farm, tmp_path / "timed")
    bare = _transcript(farm, tmp_path / "bare", "--no-word-timestamps")

    assert all(segment["words"] for segment in timed["segments"])
    assert not any(segment["words"] for segment in bare["segments"])
    assert bare["text"] == timed["text"]
    assert [chunk["result"] for chunk in bare["chunks"]] == [chunk["result"] for chunk in timed["chunks"]]
    subtitles = [(tmp_path / name / "podcast_3min.srt").read_text() for name in ("timed", "bare")]
    assert subtitles[0] == subtitles[1]


def test_show_tells_how_much_of_the_speech_is_covered(farm: Command, tmp_path: Path) -> None:
    said = _transcript(farm, tmp_path)

    page = farm.ok("show", said["job"])
    told = json.loads(farm.ok("show", said["job"], "--json"))

    assert told["audit"] == said["audit"]
    assert 0 < said["audit"]["covered_seconds"] <= said["audit"]["speech_seconds"]
    assert "of speech is covered; " in page
