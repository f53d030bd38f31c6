"""What a recording is, and one clear sentence for each that can't be transcribed."""

import io
import os
import struct
from pathlib import Path

import pytest

from tests.audio.making import SECONDS, SEEKING, SPEECH, STREAMABLE, ffmpeg, make, make_video
from whisper_farm.audio.probe import Probed, probe
from whisper_farm.errors import RecordingUnusable, StoreUnreachable
from whisper_farm.models import Chapter
from whisper_farm.settings import IntakeSettings

LIMITS = IntakeSettings()


def _probe(path: Path, limits: IntakeSettings = LIMITS) -> Probed:
    return probe(path, name=path.name, limits=limits)


@pytest.mark.parametrize("name", [*STREAMABLE, *SEEKING])
def test_a_recording_is_told_by_its_bytes_alone(media: Path, name: str) -> None:
    found = _probe(media / name)

    with (media / name).open("rb") as file:
        assert probe(io.BytesIO(file.read()), name="no extension", limits=LIMITS) == found
    assert found.streamable == (name in STREAMABLE)
    assert found.channels == (2 if name == "stereo.wav" else 1)
    if name != "a.aac":
        assert found.duration_seconds == pytest.approx(SECONDS, abs=0.15)


def test_a_length_that_is_only_guessed_is_not_told(media: Path, tmp_path: Path) -> None:
    varying = make(tmp_path, "vbr.mp3", "-q:a", "4", "-write_xing", "0")

    assert _probe(media / "a.aac").duration_seconds is None
    assert _probe(varying).duration_seconds is None
    assert _probe(media / "plain.mp3").duration_seconds == pytest.approx(SECONDS, abs=0.15)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "front.m4a", "a.wav"])
def test_a_recording_that_was_cut_short_still_says_how_long_it_was(
    media: Path, tmp_path: Path, name: str
) -> None:
    whole = (media / name).read_bytes()
    short = tmp_path / name
    short.write_bytes(whole[: len(whole) // 2])

    assert _probe(short).duration_seconds == pytest.approx(SECONDS, abs=0.15)


def test_title_and_chapters_are_found(tmp_path: Path) -> None:
    marks = tmp_path / "marks.txt"
    chapters = [(0, 4000, "Start"), (4000, 12000, "The\nrest")]
    marks.write_text(
        ";FFMETADATA1\ntitle=My talk\n"
        + "".join(
            f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n".replace(
                "The\n", "The\\\n"
            )
            for start, end, title in chapters
        )
    )
    talk = tmp_path / "talk.m4a"
    ffmpeg("-t", "12", "-i", SPEECH, "-i", marks, "-map_metadata", "1", "-c:a", "aac", talk)

    found = _probe(talk)

    assert found.title == "My talk"
    assert found.chapters == (
        Chapter(start=0, end=4, title="Start"),
        Chapter(start=4, end=12, title="The rest"),
    )


def test_pure_silence_is_a_recording(tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "3", silence)

    assert _probe(silence).duration_seconds == 3


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RecordingUnusable, match=r"There is no file 'no such\.mp3'; check its name\."):
        probe(Path("no such.mp3"), name="no such.mp3", limits=LIMITS)


def test_a_path_through_a_file_is_a_missing_file(media: Path) -> None:
    with pytest.raises(RecordingUnusable, match="There is no file"):
        _probe(media / "a.wav" / "b.wav")


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "talks"
    folder.mkdir()

    with pytest.raises(RecordingUnusable, match="'talks' is a folder; name the recordings in it"):
        _probe(folder)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp3").touch()

    with pytest.raises(RecordingUnusable, match=r"The recording 'empty\.mp3' is empty\."):
        _probe(tmp_path / "empty.mp3")


def test_a_named_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")

    with pytest.raises(RecordingUnusable, match="is not an ordinary file"):
        _probe(tmp_path / "pipe.mp3")


def test_a_name_no_file_can_have_is_refused() -> None:
    with pytest.raises(RecordingUnusable, match="can't be read"):
        probe(Path("a\0b"), name="a\0b", limits=LIMITS)


SCRIPTS = {
    "concat script": b"ffconcat version 1.0\nfile neighbour.wav\n",
    "playlist": b"#EXTM3U\n#EXTINF:10,\nneighbour.wav\n#EXT-X-ENDLIST\n",
    "text": b"This is no recording at all. " * 200,
    "web page": b"<!doctype html><html><body>404</body></html>",
    "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n",
    "picture": bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(400),
    "noise": bytes((i * i * 7 + i // 3) % 251 for i in range(50_000)),
    "one byte": b"x",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_is_no_media_is_refused_quietly(
    media: Path, tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "neighbour.wav").write_bytes((media / "a.wav").read_bytes())
    script = tmp_path / "talk.mp3"
    script.write_bytes(SCRIPTS[kind])

    with pytest.raises(RecordingUnusable, match=r"^The recording 'talk\.mp3' [^\n]*[.?]$"):
        _probe(script)

    assert capfd.readouterr() == ("", "")


def test_a_video_without_sound_says_so(tmp_path: Path) -> None:
    video = make_video(tmp_path, "silent.mp4", sound_starts_at=None)

    with pytest.raises(RecordingUnusable, match=r"The recording 'silent\.mp4' has video but no sound\."):
        _probe(video)


def test_a_header_without_sound_is_refused(media: Path, tmp_path: Path) -> None:
    hollow = tmp_path / "hollow.wav"
    head = (media / "a.wav").read_bytes()[:36]
    hollow.write_bytes(head + struct.pack("<4sI", b"data", 0))

    with pytest.raises(RecordingUnusable, match=r"'hollow\.wav'"):
        _probe(hollow)


def test_locked_sound_is_refused(media: Path, tmp_path: Path) -> None:
    """As in a file bought with copy protection: the codec's name says that it is encrypted."""
    locked = tmp_path / "locked.m4a"
    locked.write_bytes((media / "front.m4a").read_bytes().replace(b"mp4a", b"drms"))

    with pytest.raises(RecordingUnusable, match=r"'locked\.m4a'"):
        _probe(locked)


def test_a_recording_that_is_too_long_or_too_large_says_what_the_farm_takes(media: Path) -> None:
    short = IntakeSettings(longest_recording_seconds=5)
    small = IntakeSettings(largest_recording_bytes=1000)

    with pytest.raises(
        RecordingUnusable, match=r"too long: 0\.0 hours.*WHISPER_FARM_LONGEST_RECORDING_SECONDS"
    ):
        _probe(media / "a.wav", short)
    with pytest.raises(RecordingUnusable, match=r"too large: .*WHISPER_FARM_LARGEST_RECORDING_BYTES"):
        _probe(media / "a.wav", small)


@pytest.mark.parametrize(
    "name", ["-rf talk.mp3", "a 'b' \"c\".mp3", "two\nlines.mp3", "spa ces.mp3", "ü.mp3"]
)
def test_a_strange_name_is_only_a_name(media: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes((media / "a.mp3").read_bytes())
    assert _probe(tmp_path / name).codec == "mp3"

    (tmp_path / name).write_bytes(b"")
    with pytest.raises(RecordingUnusable) as refused:
        _probe(tmp_path / name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["a.mp3", "front.m4a", "a.webm", "a.flac", "a.wav"])
def test_damage_anywhere_in_the_head_is_an_error_or_none_but_never_a_traceback(
    media: Path, name: str
) -> None:
    whole = (media / name).read_bytes()
    for at in range(0, 2000, 37):
        hurt = bytearray(whole)
        hurt[at : at + 5] = b"\xff\x00\x7f\xff\xff"
        try:
            probe(io.BytesIO(hurt), name=name, limits=LIMITS)
        except RecordingUnusable:
            continue


def test_the_stores_own_trouble_is_not_the_recordings(media: Path) -> None:
    class FailingStore(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 1000:
                raise StoreUnreachable("The store is away.")
            return super().read(size)

    with pytest.raises(StoreUnreachable):
        probe(FailingStore((media / "a.wav").read_bytes()), name="a.wav", limits=LIMITS)
