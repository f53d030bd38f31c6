"""Whatever is wrong with a request gets one sentence that names it, exit code 2, and starts nothing."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command import MODEL, SPEECH, Command, refused
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.farm.store_patience import PATIENCE_SECONDS


def _ffmpeg(*words: str | Path) -> None:
    subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", *map(str, words)], check=True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["transcribe"], "Missing argument 'FILE'"),
        (["transcribe", "gone.mp3"], "'gone.mp3'"),
        (["transcribe", ""], "empty"),
        (["transcribe", "."], "'.' is a folder"),
        (["transcribe", "talk.flac", "--fromat", "srt"], "--fromat"),
        (["transcribe", "talk.flac", "--format", "doc"], "'doc'"),
        (["transcribe", "talk.flac", "--format", ","], "empty list"),
        (["transcribe", "talk.flac", "--language", "klingon"], "'klingon'"),
        (["transcribe", "talk.flac", "--preset", "best"], "'best'"),
        (["transcribe", "talk.flac", "--task", "sing"], "'sing'"),
        (["transcribe", "talk.flac", "--beam-size", "0"], "--beam-size is wrong"),
        (["transcribe", "talk.flac", "--beam-size", "wide"], "--beam-size"),
        (["transcribe", "talk.flac", "--temperature", "0,hot"], "'0,hot'"),
        (["transcribe", "talk.flac", "--temperature", "2"], "--temperature is wrong"),
        (["transcribe", "talk.flac", "--vad-threshold", "50"], "--vad-threshold is wrong"),
        (["transcribe", "talk.flac", "--hotwords", "Temporal," * 110], "--hotwords: 990 bytes"),
        (["submit", "talk.flac", "--initial-prompt", "one\x07two"], "--initial-prompt is wrong"),
        (["submit", "talk.flac", "--language", "de", "--multilingual"], "contradict each other"),
        (["transcribe", "talk.flac", "--task", "translate", "--model", MODEL], "knows only English"),
        (["submit", "talk.flac", "--task", "translate", "--model", MODEL], "knows only English"),
        (["transcribe", "talk.flac", "--subtitles", "imax"], "--subtitles can't be 'imax'"),
        (["transcribe", "talk.flac", "--columns", "3"], "--columns can't be '3'"),
        (["transcribe", "talk.flac", "--shortest", "5", "--longest", "2"], "do not go together"),
        (["export", "some-job", "--cps", "-1"], "--cps can't be '-1.0'"),
        (["transcribe", "talk.flac", "--workers", "0"], "--workers"),
        (["transcribe", "talk.flac", "--workers", "many"], "--workers"),
        (["transcribe", "talk.flac", "--model", "nonsense"], "'nonsense'"),
        (["transcribe", "talk.flac", "--model", "./nowhere"], "nowhere"),
        (["transcribe", "talk.flac", "--model", "small"], "--model FOLDER"),
        (["transcribe", "talk.flac", "talk.flac", "--model", MODEL], "both write"),
        (["transcribe", "talk.flac", "--model", MODEL, "--out", "talk.flac"], "'talk.flac'"),
        (["transcribe", "talk.flac", "--model", MODEL, "--out", "talk.flac/below"], "'talk.flac/below'"),
        (["transcribe", "talk.flac", "--model", MODEL, "--out", "/proc/nowhere"], "'/proc/nowhere'"),
        (["submit", "gone.mp3"], "'gone.mp3'"),
        (["submit", "http://example.org/talk.mp3", "--model", MODEL], "https://"),
        (["submit", "file:///etc/passwd", "--model", MODEL], "file:///etc/passwd"),
        (["submit", "s3://elsewhere/talk.mp3", "--model", MODEL], "s3://elsewhere/talk.mp3"),
        (["submit", "recordings/../jobs/x", "--model", MODEL], "recordings/../jobs/x"),
        (["submit", "talk.flac", "--model", MODEL, "--job-id", "../x"], "'../x'"),
        (["submit", "talk.flac", "--model", MODEL, "--label", "nothing"], "'nothing'"),
        (["up", "--store", "tape"], "tape"),
        (["up", "--temporal-port", "70000"], "--temporal-port"),
        (["show", "nobody"], "'nobody'"),
        (["show", "../../x"], "'../../x'"),
        (["watch", "nobody"], "'nobody'"),
        (["retry", "nobody"], "'nobody'"),
        (["cancel", "nobody"], "'nobody'"),
        (["export", "nobody"], "'nobody'"),
        (["nonsense"], "'nonsense'"),
    ],
    ids=lambda value: (
        " ".join(map(str, value)).replace(str(MODEL), "MODEL") if isinstance(value, list) else ""
    ),
)
def test_a_wrong_request_is_one_sentence(command: Command, arguments: list[str | Path], named: str) -> None:
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())

    said = refused(command(*arguments))

    assert named in said
    assert not command.started_something


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.mp3", b"", "empty"),
        ("text.mp3", b"This is a letter, not a recording.\n" * 100, "not audio or video"),
        ("list.mp3", b"#EXTM3U\n#EXTINF:10,\ntalk.flac\n", "not audio or video"),
        ("concat.mp3", b"ffconcat version 1.0\nfile talk.flac\n", "not audio or video"),
        ("two\nlines.mp3", b"", "lines.mp3"),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_what_is_no_recording_is_refused_by_name(
    command: Command, name: str, content: bytes, why: str
) -> None:
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())
    recording = _write(command.folder / name, content)

    said = refused(command("transcribe", recording, "--model", MODEL))

    assert why in said
    assert not command.started_something
    assert not list(command.folder.glob("*.json"))


def test_two_recordings_of_one_name_are_told_apart(command: Command) -> None:
    other = command.folder / "other"
    other.mkdir()
    for folder in (command.folder, other):
        (folder / "talk.flac").write_bytes(SPEECH.read_bytes())

    said = refused(
        command("transcribe", "talk.flac", "other/talk.flac", "--model", MODEL, "--out", "transcripts")
    )

    assert "'talk.flac' and 'other/talk.flac' would both write" in said
    assert not (command.folder / "transcripts").exists()


def test_a_name_that_begins_with_a_dash_is_told_how_to_be_given(command: Command) -> None:
    (command.folder / "-talk.flac").write_bytes(SPEECH.read_bytes())

    said = refused(command("transcribe", "-talk.flac", "--model", MODEL))

    assert "'-talk.flac'" in said
    assert "'--'" in said


def test_a_pipe_is_refused(command: Command) -> None:
    os.mkfifo(command.folder / "talk.mp3")

    assert "not an ordinary file" in refused(command("transcribe", "talk.mp3", "--model", MODEL))


def test_a_port_that_is_taken_is_3(command: Command) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = command("up", "--model", MODEL, "--temporal-port", str(port))

    assert done.returncode == 3
    assert f"The port {port} on 127.0.0.1 is taken" in done.stderr.splitlines()[-1]
    assert command("status").returncode == 3


def test_a_small_full_disk_is_3_and_leaves_nothing(command: Command) -> None:
    command.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=0700", "tmpfs", str(command.home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())

        said = refused(command("transcribe", "talk.flac", "--model", MODEL), code=3)

        assert "WHISPER_FARM_HOME" in said
        assert not list(command.home.iterdir())
    finally:
        subprocess.run(["umount", command.home], check=True)
    assert [path.name for path in command.folder.glob("talk.*")] == ["talk.flac"]


def test_a_video_without_sound_is_refused(command: Command) -> None:
    silent = command.folder / "film.mp4"
    _ffmpeg("-f", "lavfi", "-i", "color=c=gray:s=64x64:r=5:d=2", "-c:v", "mpeg4", silent)

    said = refused(command("transcribe", silent, "--model", MODEL))

    assert "no sound" in said


def test_each_recording_is_looked_at_before_any_is_begun(command: Command) -> None:
    good, empty = command.folder / "talk.flac", _write(command.folder / "empty.mp3", b"")
    good.write_bytes(SPEECH.read_bytes())

    done = command("transcribe", good, empty, "gone.mp3", "--model", MODEL)

    assert done.returncode == 2
    assert [
        name in line for name, line in zip(("empty.mp3", "gone.mp3"), done.stderr.splitlines(), strict=True)
    ]
    assert not command.started_something


def test_a_folder_is_refused_by_name(command: Command) -> None:
    (command.folder / "talks").mkdir()

    assert "'talks' is a folder" in refused(command("transcribe", "talks", "--model", MODEL))


def test_a_file_that_the_farm_did_not_write_stays(command: Command) -> None:
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())
    mine = _write(command.folder / "talk.txt", b"my own notes\n")

    said = refused(command("transcribe", "talk.flac", "--model", MODEL))

    assert "'talk.txt'" in said
    assert "--force" in said
    assert mine.read_bytes() == b"my own notes\n"
    assert not command.started_something


def test_a_recording_is_never_overwritten_by_its_transcript(command: Command) -> None:
    odd = _write(command.folder / "talk.txt", SPEECH.read_bytes())

    said = refused(command("transcribe", odd, "--model", MODEL, "--force"))

    assert "overwrite the recording" in said


def test_a_wrong_variable_is_named(command: Command) -> None:
    command.environment["WHISPER_FARM_IDLE_SECONDS"] = "soon"

    assert "WHISPER_FARM_IDLE_SECONDS" in refused(command("jobs"))


def test_a_wrong_request_tells_scripts_so_in_json(command: Command) -> None:
    done = command("transcribe", "gone.mp3", "--json")

    refused(done)
    told = json.loads(done.stdout)
    assert told["error"]["kind"] == "RecordingUnusable"
    assert "'gone.mp3'" in told["error"]["message"]


def test_a_farm_that_does_not_answer_is_3(command: Command) -> None:
    command.environment.update(TEMPORAL_ADDRESS="127.0.0.1:9", WHISPER_FARM_STORE="local")
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())

    said = refused(command("transcribe", "talk.flac", "--model", "small"), code=3)

    assert "127.0.0.1:9 (Connection refused)" in said
    doctor = command("doctor")
    assert doctor.returncode == 3
    assert "!!  farm: missing" in doctor.stdout


def test_a_store_that_does_not_answer_is_3(command: Command, temporal_address: str) -> None:
    command.environment.update(
        TEMPORAL_ADDRESS=temporal_address,
        WHISPER_FARM_STORE="s3",
        WHISPER_FARM_S3_ENDPOINT="http://127.0.0.1:9",
        WHISPER_FARM_S3_ACCESS_KEY="someone",
        WHISPER_FARM_S3_SECRET_KEY="something",
    )
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())

    began = time.monotonic()
    said = refused(command("transcribe", "talk.flac", "--model", "small"), code=3)

    assert "127.0.0.1:9" in said
    assert time.monotonic() - began < PATIENCE_SECONDS / 2, "nothing had begun that patience could save"


def test_a_data_folder_that_cannot_be_made_is_3(command: Command) -> None:
    (command.folder / "talk.flac").write_bytes(SPEECH.read_bytes())
    command.environment["WHISPER_FARM_HOME"] = "/proc/nowhere"

    said = refused(command("transcribe", "talk.flac", "--model", MODEL), code=3)

    assert "/proc/nowhere" in said
