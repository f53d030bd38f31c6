"""Recordings of every usual kind, through the whole farm, against what was really said."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.farms import MODEL, Farm, until
from tests.end_to_end.recordings import Spoken, clip, ffmpeg, transcript

pytestmark = pytest.mark.timeout(600)

#: For each kind of recording: more inputs of ffmpeg's, and how it encodes.
KINDS: dict[str, tuple[str, str]] = {
    "mp3": ("", "-b:a 64k"),
    "m4a": ("", "-c:a aac -b:a 96k"),
    "opus": ("", "-c:a libopus -b:a 48k"),
    "flac": ("", ""),
    "wav": ("", "-ar 44100 -ac 2"),
    "mp4": ("-f lavfi -i color=c=gray:s=64x64:r=5:d=120", "-c:v mpeg4 -c:a aac -ac 2 -ar 44100 -shortest"),
}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """A good minute, in which more than a hundred words are said."""
    return clip(tmp_path_factory.mktemp("talk") / "talk.wav", first=1, sentences=16)


@pytest.fixture(scope="module")
def heard(
    standing_farm: Farm, talk: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The transcript of the talk, by the kind of recording that it came in; all in one command."""
    folder = tmp_path_factory.mktemp("kinds")
    recordings = {kind: folder / f"as {kind}.{kind}" for kind in KINDS}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda kind: _converted(talk, kind, recordings[kind]), KINDS))

    standing_farm.ok("transcribe", *recordings.values(), "--model", MODEL, "--out", folder / "out")

    written = {path.name for path in (folder / "out").iterdir()}
    assert written == {f"as {kind}.{end}" for kind in KINDS for end in ("json", "srt", "vtt", "txt", "tsv")}
    return {kind: transcript(folder / "out", f"as {kind}") for kind in KINDS}


def _converted(talk: Spoken, kind: str, out: Path) -> None:
    inputs, encoding = (options.split() for options in KINDS[kind])
    ffmpeg("-i", talk.path, *inputs, *encoding, out)


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_a_recording_come_out_right(
    heard: dict[str, dict[str, Any]], talk: Spoken, kind: str
) -> None:
    assert talk.error_rate(heard[kind]["text"]) < 0.04
    assert heard[kind]["language"] == "en"
    assert heard[kind]["duration"] == pytest.approx(talk.sentences[-1]["end"] + 0.2, abs=0.2)
    assert heard[kind]["gaps"] == []
    starts = [word["start"] for segment in heard[kind]["segments"] for word in segment["words"]]
    assert starts == sorted(starts)


def test_word_times_lie_where_the_words_were_said(heard: dict[str, dict[str, Any]], talk: Spoken) -> None:
    said = [(word["word"].strip(",.?").lower(), word["start"]) for s in talk.sentences for word in s["words"]]
    times = [
        (word["word"].strip(" ,.?").lower(), word["start"])
        for segment in heard["flac"]["segments"]
        for word in segment["words"]
    ]
    near = sorted(
        min(abs(start - at) for other, at in times if other == word)
        for word, start in said
        if word in dict(times)
    )
    assert len(near) > 0.95 * len(said)
    assert near[len(near) // 2] < 0.1
    assert near[int(len(near) * 0.95)] < 0.5


@dataclass(frozen=True)
class Asked:
    """A command that was given once, and what it said of its one recording."""

    command: tuple[str | Path, ...]
    first: dict[str, Any]


@pytest.fixture(scope="module")
def asked(standing_farm: Farm, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("asked")
    spoken = clip(folder / "ünï 声.flac", first=21)
    command = ("transcribe", spoken.path, "--model", MODEL, "--out", folder / "out")
    (first,) = standing_farm.json(*command)["jobs"]
    assert not first["found"]
    assert spoken.error_rate(transcript(folder / "out", "ünï 声")["text"]) < 0.04
    return Asked(command, first)


def test_the_same_command_again_answers_at_once_and_computes_nothing(
    standing_farm: Farm, asked: Asked
) -> None:
    results, runs = standing_farm.results(), standing_farm.runs_of(asked.first["job"])

    (second,) = standing_farm.json(*asked.command)["jobs"]

    assert second["found"]
    assert second["job"] == asked.first["job"]
    assert standing_farm.results() == results
    assert standing_farm.runs_of(asked.first["job"]) == runs


def test_again_computes_anew_and_leaves_the_old_results(standing_farm: Farm, asked: Asked) -> None:
    before, runs = standing_farm.results(), standing_farm.runs_of(asked.first["job"])

    (anew,) = standing_farm.json(*asked.command, "--again")["jobs"]

    after = standing_farm.results()
    assert not anew["found"]
    assert anew["job"] == asked.first["job"]
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1  # the clip is one chunk
    until(lambda: len(standing_farm.runs_of(asked.first["job"])) == len(runs) + 1, "it is a run of its own")


@pytest.fixture(scope="module")
def hurt(
    standing_farm: Farm, talk: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """One command for an mp3 that was cut in half, a FLAC with a hole, and silence; where they lie."""
    folder = tmp_path_factory.mktemp("hurt")
    ffmpeg("-i", talk.path, "-b:a", "64k", folder / "whole.mp3")
    whole = (folder / "whole.mp3").read_bytes()
    (folder / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    ffmpeg("-i", talk.path, folder / "hole.flac")
    data = bytearray((folder / "hole.flac").read_bytes())
    middle = slice(len(data) * 45 // 100, len(data) * 55 // 100)
    data[middle] = bytes(len(data[middle]))
    (folder / "hole.flac").write_bytes(data)
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", 20, folder / "silence.wav")
    recordings = [folder / name for name in ("cut.mp3", "hole.flac", "silence.wav")]
    return folder, standing_farm.run("transcribe", *recordings, "--model", MODEL)


def test_a_recording_that_is_cut_short_says_what_it_lost(
    hurt: "tuple[Path, subprocess.CompletedProcess[str]]", talk: Spoken
) -> None:
    folder, done = hurt
    seconds = talk.sentences[-1]["end"] + 0.2

    assert done.returncode == 0, done.stderr
    assert "cut.mp3': The recording is cut short: its header says 1:" in done.stderr
    heard = transcript(folder, "cut")
    assert 0.4 < len(heard["text"].split()) / len(talk.text.split()) < 0.6
    (gap,) = heard["gaps"]
    assert gap["fault"] == "recording"
    assert gap["start"] == pytest.approx(seconds / 2, abs=2.0)
    assert gap["end"] == pytest.approx(seconds, abs=1.0)


def test_a_recording_that_is_broken_in_the_middle_says_what_it_lost(
    hurt: "tuple[Path, subprocess.CompletedProcess[str]]", talk: Spoken
) -> None:
    folder, done = hurt
    seconds = talk.sentences[-1]["end"] + 0.2

    assert done.returncode == 0, done.stderr
    assert "hole.flac': The recording is damaged: " in done.stderr
    heard = transcript(folder, "hole")
    (gap,) = heard["gaps"]
    assert gap["fault"] == "recording"
    assert gap["end"] - gap["start"] == pytest.approx(seconds / 10, rel=0.4)
    assert (gap["start"] + gap["end"]) / 2 == pytest.approx(seconds / 2, abs=5.0)
    assert heard["duration"] == pytest.approx(seconds, abs=0.5)
    last = talk.sentences[-1]["text"].split()[-1]
    assert heard["text"].split()[-1] == last
    assert heard["segments"][-1]["end"] == pytest.approx(talk.sentences[-1]["end"], abs=0.5)


def test_pure_silence_is_a_success_with_nothing_in_it(
    hurt: "tuple[Path, subprocess.CompletedProcess[str]]",
) -> None:
    folder, done = hurt

    assert done.returncode == 0, done.stderr
    heard = transcript(folder, "silence")
    assert heard["text"] == ""
    assert heard["segments"] == []
    assert heard["gaps"] == []
    assert heard["duration"] == pytest.approx(20.0)
