"""Which ffmpeg runs, and what a file's name is good for."""

from pathlib import Path

import pytest

from whisper_farm.audio.formats import key_extension, shown
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.errors import ServerMissing


def test_a_named_ffmpeg_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my-ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("WHISPER_FARM_FFMPEG", str(program))

    assert ffmpeg_path() == str(program)


def test_a_named_ffmpeg_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISPER_FARM_FFMPEG", "/no/such/ffmpeg")

    with pytest.raises(ServerMissing, match="WHISPER_FARM_FFMPEG is '/no/such/ffmpeg'"):
        ffmpeg_path()


def test_without_any_on_the_path_the_carried_one_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WHISPER_FARM_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert Path(ffmpeg_path()).is_file()


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("talk.MP3", "mp3"),
        ("talk", "bin"),
        ("talk.tar.gz", "gz"),
        ("talk.m/p3", "bin"),
        ("talk.ümp", "bin"),
        ("talk.averylongone", "bin"),
        ("..", "bin"),
        (".mp3", "bin"),
        ("a b\n.ogg", "ogg"),
    ],
)
def test_an_extension_is_clean_or_bin(name: str, extension: str) -> None:
    assert key_extension(name) == extension


def test_a_name_in_a_sentence_is_one_short_line() -> None:
    assert shown("two\nlines") == r"'two\nlines'"
    assert len(shown("x" * 10_000)) < 210
