"""One streaming pass of ffmpeg: the same samples each time, in their place, from whatever comes in."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.audio.making import (
    SECONDS,
    SEEKING,
    STREAMABLE,
    blocks_of,
    decoded,
    decoded_with_faults,
    make_hole,
    make_video,
)
from whisper_farm.audio.decode import decode
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.errors import DecoderFailed, FarmError, RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", STREAMABLE)
def test_a_pipe_gives_the_very_samples_that_a_file_gives(media: Path, name: str) -> None:
    from_file = decoded(media / name)
    from_pipe = decoded(blocks_of(media / name))

    assert np.array_equal(from_file, from_pipe)
    assert len(from_file) / SAMPLE_RATE_HZ == pytest.approx(SECONDS, abs=0.15)
    assert np.abs(from_file).max() > 1000


@pytest.mark.parametrize("name", SEEKING)
def test_what_needs_seeking_is_decoded_from_its_file(media: Path, name: str) -> None:
    pcm, stream = decoded_with_faults(media / name)

    assert len(pcm) / SAMPLE_RATE_HZ == pytest.approx(SECONDS, abs=0.1)
    assert stream.samples == len(pcm)
    assert stream.faults == ()


def test_an_ordinary_recording_is_given_as_it_is(media: Path) -> None:
    with (media / "a.wav").open("rb") as file:
        written = np.frombuffer(file.read()[-2 * SECONDS * SAMPLE_RATE_HZ :], dtype="<i2")

    for name in ("a.wav", "a.flac", "a.aiff", "a.caf"):
        pcm, stream = decoded_with_faults(media / name)
        assert np.array_equal(pcm, written), name
        assert stream.holes == ()


def test_sound_that_starts_late_in_a_video_keeps_its_place(tmp_path: Path, media: Path) -> None:
    video = make_video(tmp_path, "late.mp4", sound_starts_at=3.5)

    pcm = decoded(video)

    starts_at = int(np.flatnonzero(np.abs(pcm) > 0)[0]) / SAMPLE_RATE_HZ
    assert starts_at == pytest.approx(3.5, abs=0.1)
    spoken = decoded(media / "a.wav")[: 8 * SAMPLE_RATE_HZ].astype(float)
    offsets = {round((3.5 + shift) * SAMPLE_RATE_HZ): shift for shift in np.arange(-0.01, 0.01, 1 / 16_000)}
    alike = {
        shift: float(np.dot(spoken[: 4 * SAMPLE_RATE_HZ], pcm[at : at + 4 * SAMPLE_RATE_HZ].astype(float)))
        for at, shift in offsets.items()
    }
    assert abs(max(alike, key=lambda shift: alike[shift])) < 0.002
    assert np.array_equal(pcm, decoded(blocks_of(video)))


def test_two_hours_of_a_muted_microphone_are_silence(tmp_path: Path) -> None:
    recording = make_hole(tmp_path, "muted.webm", after_seconds=5, of_seconds=7200)

    with decode(recording, longest_seconds=10 * 3600) as stream:
        loud = [(stream.samples, len(pcm)) for pcm in stream if np.any(pcm)]

    assert stream.samples / SAMPLE_RATE_HZ == pytest.approx(7200 + SECONDS, abs=0.1)
    assert sum(length for _, length in loud) / SAMPLE_RATE_HZ == pytest.approx(SECONDS, abs=0.2)
    (hole,) = stream.holes
    assert (hole.end - hole.start) / SAMPLE_RATE_HZ == pytest.approx(7200, abs=0.1)
    assert stream.faults == ()


def test_hostile_timestamps_give_no_more_than_the_longest_recording(tmp_path: Path) -> None:
    recording = make_hole(tmp_path, "hostile.webm", after_seconds=5, of_seconds=90_000)

    pcm, stream = decoded_with_faults(recording, longest_seconds=30)

    assert len(pcm) == stream.samples == 30 * SAMPLE_RATE_HZ
    assert "longer than" in stream.faults[-1].message


def test_a_recording_longer_than_may_be_ends_to_the_sample(media: Path) -> None:
    pcm, stream = decoded_with_faults(media / "a.mp3", longest_seconds=2.5)

    assert len(pcm) == stream.samples == 40_000
    assert stream.faults[-1].at_seconds == 2.5


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.opus", "front.m4a", "a.wav", "a.webm"])
def test_what_is_there_of_a_recording_that_was_cut_short_is_decoded(
    media: Path, tmp_path: Path, name: str
) -> None:
    whole = (media / name).read_bytes()
    short = tmp_path / name
    short.write_bytes(whole[: len(whole) // 2 + 1])

    pcm, stream = decoded_with_faults(short)

    assert 0.3 * SECONDS < len(pcm) / SAMPLE_RATE_HZ < 0.7 * SECONDS
    assert all(fault.at_seconds <= len(pcm) / SAMPLE_RATE_HZ for fault in stream.faults)
    assert np.array_equal(pcm, decoded(blocks_of(short)))


@pytest.mark.parametrize("name", ["a.flac", "front.m4a", "a.opus"])
def test_sound_after_damage_keeps_its_place_and_the_damage_is_told(
    media: Path, tmp_path: Path, name: str
) -> None:
    data = bytearray((media / name).read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = bytes(len(data) // 10)
    hurt = tmp_path / name
    hurt.write_bytes(data)

    pcm, stream = decoded_with_faults(hurt)

    whole = decoded(media / name)
    assert len(pcm) == pytest.approx(len(whole), abs=32)
    tail = slice(-2 * SAMPLE_RATE_HZ, -SAMPLE_RATE_HZ)
    assert np.corrcoef(pcm[tail].astype(float), whole[-len(pcm) :][tail].astype(float))[0, 1] > 0.5
    assert stream.holes
    assert stream.faults[0].at_seconds == stream.holes[0].start / SAMPLE_RATE_HZ


SCRIPTS = {
    "concat script": "ffconcat version 1.0\nfile neighbour.wav\n",
    "playlist": "#EXTM3U\n#EXTINF:10,\nneighbour.wav\n#EXT-X-ENDLIST\n",
    "text": "This is no recording at all. " * 200,
    "nothing": "",
}


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_no_script_named_as_a_recording_opens_its_neighbour(
    media: Path, tmp_path: Path, kind: str, way: str
) -> None:
    (tmp_path / "neighbour.wav").write_bytes((media / "a.wav").read_bytes())
    script = tmp_path / "talk.mp3"
    script.write_text(SCRIPTS[kind])

    with pytest.raises(RecordingUnusable):
        decoded(script if way == "file" else blocks_of(script))


def test_a_video_without_sound_is_refused_in_one_sentence(tmp_path: Path) -> None:
    video = make_video(tmp_path, "silent.mp4", sound_starts_at=None)

    with (
        pytest.raises(RecordingUnusable, match=r"There is no sound in 'silent\.mp4'; hand in"),
        decode(video, longest_seconds=60, name="'silent.mp4'") as stream,
    ):
        list(stream)


@pytest.mark.parametrize("name", ["-y talk.wav", "a 'quoted' \"talk\".wav", "two\nlines.wav", "http:x.aiff"])
def test_a_strange_name_is_only_a_name(media: Path, tmp_path: Path, name: str) -> None:
    strange = tmp_path / name
    strange.write_bytes((media / ("a.aiff" if name.endswith("aiff") else "a.wav")).read_bytes())

    assert len(decoded(strange)) == SECONDS * SAMPLE_RATE_HZ


def test_what_its_source_raises_comes_out_of_the_stream(media: Path) -> None:
    class StoreWentAway(FarmError):
        pass

    def failing() -> Iterator[bytes]:
        blocks = blocks_of(media / "a.wav")
        yield next(blocks)
        raise StoreWentAway("gone")

    with pytest.raises(StoreWentAway):
        decoded(failing())


def test_an_endless_source_ends_with_the_block_that_reads_it(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = _stand_in(tmp_path, monkeypatch, f'echo $$ > {tmp_path}/pid; exec {ffmpeg_path()} "$@"')

    def endless() -> Iterator[bytes]:
        yield from blocks_of(media / "plain.mp3")
        while True:
            yield bytes(10_000)

    with decode(endless(), longest_seconds=3600) as stream:
        next(iter(stream))

    assert not _lives(int(pid.read_text()))


def test_a_killed_ffmpeg_is_the_farms_fault(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stand_in(tmp_path, monkeypatch, "kill -9 $$")

    with pytest.raises(DecoderFailed, match="ended by signal 9"):
        decoded(media / "a.wav")


def test_an_ffmpeg_that_stands_still_is_ended(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = _stand_in(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; exec sleep 60")

    with (
        pytest.raises(DecoderFailed, match="stood still"),
        decode(media / "a.wav", longest_seconds=60, stall_seconds=1.5) as stream,
    ):
        list(stream)

    assert not _lives(int(pid.read_text()))


def test_a_chatty_ffmpeg_does_not_block(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chatter = (
        "i=0; while [ $i -lt 5000 ]; do echo '[x @ 0x1] a complaint of some length' >&2; i=$((i+1)); done"
    )
    _stand_in(tmp_path, monkeypatch, f'{chatter}; exec {ffmpeg_path()} "$@"')

    pcm, stream = decoded_with_faults(media / "a.wav")

    assert len(pcm) == SECONDS * SAMPLE_RATE_HZ
    assert [fault.message for fault in stream.faults] == ["a complaint of some length"]


def test_an_ffmpeg_that_answers_something_else_is_the_farms_fault(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stand_in(tmp_path, monkeypatch, "echo hello")

    with pytest.raises(DecoderFailed, match="did not write what it was asked to"):
        decoded(media / "a.wav")


def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Another program in ffmpeg's place; where it would write its pid."""
    program = tmp_path / "ffmpeg-stand-in"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("WHISPER_FARM_FFMPEG", str(program))
    return tmp_path / "pid"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
