"""Spaced windows for the language vote: from all over the recording, without reading all of it."""

import io
from pathlib import Path

import numpy as np
import pytest

from tests.audio.making import SECONDS, SEEKING, STREAMABLE, make, make_video
from whisper_farm.audio.windows import sample_windows
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", [*STREAMABLE, *SEEKING])
def test_windows_of_every_kind_hold_sound(media: Path, name: str) -> None:
    duration = None if name == "a.aac" else float(SECONDS)

    pcm = sample_windows(media / name, duration_seconds=duration, count=3, window_seconds=2)

    assert 3 * SAMPLE_RATE_HZ <= len(pcm) <= 6 * SAMPLE_RATE_HZ
    assert np.abs(pcm).max() > 1000


def test_a_recording_shorter_than_its_windows_gives_fewer(media: Path) -> None:
    pcm = sample_windows(media / "a.flac", duration_seconds=SECONDS, count=8, window_seconds=5)

    assert len(pcm) == 2 * 5 * SAMPLE_RATE_HZ


def test_a_recording_shorter_than_one_window_is_given_whole(media: Path) -> None:
    pcm = sample_windows(media / "a.wav", duration_seconds=SECONDS, count=8, window_seconds=30)

    assert len(pcm) == SECONDS * SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", ["long.mp3", "long.m4a", "long.opus"])
def test_only_a_part_of_a_long_recording_is_read(tmp_path: Path, name: str) -> None:
    class Counting(io.BytesIO):
        bytes_read = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.bytes_read += len(data)
            return data

    file = Counting(make(tmp_path, name, seconds=183).read_bytes())
    first = sample_windows(file, duration_seconds=183, count=4, window_seconds=3)

    assert file.bytes_read < 0.75 * len(file.getvalue())
    assert len(first) == pytest.approx(4 * 3 * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ)
    assert np.array_equal(first, sample_windows(file, duration_seconds=183, count=4, window_seconds=3))


def test_a_recording_of_unknown_length_gives_its_beginning(media: Path) -> None:
    pcm = sample_windows(media / "a.webm", duration_seconds=None, count=4, window_seconds=2)

    assert len(pcm) == 4 * SAMPLE_RATE_HZ


def test_half_a_recording_gives_what_is_there(media: Path, tmp_path: Path) -> None:
    for name in ("a.mp3", "a.flac", "front.m4a", "a.opus"):
        whole = (media / name).read_bytes()
        half = io.BytesIO(whole[: len(whole) // 2])

        pcm = sample_windows(half, duration_seconds=SECONDS, count=4, window_seconds=2)

        assert len(pcm) >= 2 * SAMPLE_RATE_HZ, name


@pytest.mark.parametrize("data", [b"ffconcat version 1.0\nfile a.wav\n", b"hello", b""])
def test_no_script_is_followed(data: bytes) -> None:
    with pytest.raises(RecordingUnusable):
        sample_windows(io.BytesIO(data), duration_seconds=10)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    video = make_video(tmp_path, "silent.mp4", sound_starts_at=None)

    with pytest.raises(RecordingUnusable):
        sample_windows(video, duration_seconds=8)
