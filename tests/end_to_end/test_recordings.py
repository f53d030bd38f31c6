"""Recordings of every usual kind, through the whole farm, against what was really said."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import MODEL, Farm, Spoken, transcript
from whisper_farm.audio.program import ffmpeg_path

#: For each kind of recording: more inputs of ffmpeg's, and how it encodes.
KINDS: dict[str, tuple[str, str]] = {
    "mp3": ("", "-b:a 64k"),
    "m4a": ("", "-c:a aac -b:a 96k"),
    "opus": ("", "-c:a libopus -b:a 48k"),
    "flac": ("", ""),
    "wav": ("", "-ar 44100 -ac 2"),
    "mp4": ("-f lavfi -i color=c=gray:s=64x64:r=5:d=184", "-c:v mpeg4 -c:a aac -ac 2 -ar 44100 -shortest"),
}


def _converted(podcast: Spoken, kind: str, folder: Path) -> Path:
    out = folder / f"talk.{kind}"
    inputs, encoding = (options.split() for options in KINDS[kind])
    source = ["-i", str(podcast.path), *inputs]
    subprocess.run([ffmpeg_path(), "-v", "error", "-nostdin", *source, *encoding, str(out)], check=True)
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_a_recording_come_out_right(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path, kind: str
) -> None:
    recording = _converted(podcast, kind, tmp_path)

    standing_farm.ok("transcribe", recording, "--model", MODEL, "--out", tmp_path / "out")

    heard = transcript(tmp_path / "out", "talk")
    assert podcast.error_rate(heard["text"]) < 0.04
    assert heard["language"] == "en"
    assert heard["duration"] == pytest.approx(183.15, abs=0.2)
    starts = [word["start"] for segment in heard["segments"] for word in segment["words"]]
    assert starts == sorted(starts)
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".json", ".srt", ".vtt", ".txt", ".tsv"}


def test_word_times_lie_where_the_words_were_said(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path
) -> None:
    standing_farm.ok("transcribe", podcast.path, "--model", MODEL, "--out", tmp_path, "--format", "json")

    truth = json.loads(podcast.path.with_name("podcast_3min.truth.json").read_text())
    said = [
        (word["word"].strip(",.?").lower(), word["start"]) for s in truth["segments"] for word in s["words"]
    ]
    heard = [
        (word["word"].strip(" ,.?").lower(), word["start"])
        for segment in transcript(tmp_path, "podcast_3min")["segments"]
        for word in segment["words"]
    ]
    near = [
        min(abs(start - at) for other, at in heard if other == word)
        for word, start in said
        if word in dict(heard)
    ]
    assert sorted(near)[len(near) // 2] < 0.1
    assert sorted(near)[int(len(near) * 0.95)] < 0.5


def test_the_same_command_again_answers_at_once_and_computes_nothing(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path
) -> None:
    command = ("transcribe", podcast.path, "--model", MODEL, "--out", tmp_path, "--json")
    first = json.loads(standing_farm.ok(*command))
    results = standing_farm.results()

    second = json.loads(standing_farm.ok(*command))

    assert standing_farm.results() == results
    assert second["jobs"][0]["job"] == first["jobs"][0]["job"]


def test_again_computes_anew_and_leaves_the_old_results(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path
) -> None:
    command = ("transcribe", podcast.path, "--model", MODEL, "--out", tmp_path)
    standing_farm.ok(*command)
    before = standing_farm.results()

    standing_farm.ok(*command, "--again")

    after = standing_farm.results()
    assert before.items() <= after.items()
    assert len(after) > len(before)


def test_pure_silence_is_a_success_with_nothing_in_it(standing_farm: Farm, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "75"]
    subprocess.run([*command, str(silence)], check=True)

    standing_farm.ok("transcribe", silence, "--model", MODEL)

    assert transcript(tmp_path, "silence")["text"] == ""


def test_a_recording_that_is_cut_short_says_what_it_lost(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path
) -> None:
    whole = _converted(podcast, "mp3", tmp_path)
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    done = standing_farm.run("transcribe", cut, "--model", MODEL)

    assert done.returncode == 0
    assert "cut short" in done.stderr
    heard = transcript(tmp_path, "cut")
    assert len(heard["text"].split()) > 120
    (gap,) = heard["gaps"]
    assert gap["end"] == pytest.approx(183.2, abs=1.0)
    assert gap["start"] == pytest.approx(91.6, abs=2.0)


@pytest.mark.parametrize(
    "name",
    ["with space.flac", 'it\'s "quoted".flac', "two\nlines.flac", "-dash.flac", "ünï 声.flac"],
    ids=repr,
)
def test_odd_names_are_names_like_any_other(
    standing_farm: Farm, podcast: Spoken, tmp_path: Path, name: str
) -> None:
    recording = tmp_path / name
    recording.write_bytes(podcast.path.read_bytes())

    standing_farm.ok("transcribe", "--model", MODEL, "--format", "txt", "--", recording)

    assert recording.with_suffix(".txt").read_text().strip()
