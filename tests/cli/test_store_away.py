"""The store may die under a running `transcribe`, as any process but the command itself."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import MODEL, SPEECH, Command
from whisper_farm.audio.program import ffmpeg_path


@pytest.fixture(scope="module")
def minio_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("minio-farm")
    farm = Command(folder / "home", folder)
    try:
        farm.ok("up", "--store", "minio", "--model", MODEL)
        yield farm
    finally:
        farm("down")


def _large(folder: Path, seconds: int) -> Path:
    """Speech at 3 MB a second: the upload takes a while, and hearing does not."""
    large = folder / "large.wav"
    how = ["-t", str(seconds), "-i", str(SPEECH), "-ac", "8", "-ar", "96000", "-c:a", "pcm_s32le"]
    subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", *how, str(large)], check=True)
    return large


@pytest.mark.parametrize(
    ("seconds", "options"),
    [pytest.param(40, [], id="before the stack is joined"), pytest.param(41, ["--again"], id="after it")],
)
def test_a_store_killed_under_an_upload_is_waited_for(
    minio_farm: Command, tmp_path: Path, seconds: int, options: list[str]
) -> None:
    (store,) = (
        each["pid"]
        for each in json.loads(minio_farm.ok("status", "--json"))["processes"]
        if each["role"] == "store"
    )
    running = minio_farm.start("transcribe", _large(tmp_path, seconds), "--format", "txt", *options)
    data = minio_farm.home / "minio"
    while not any(path.stat().st_size for path in data.rglob(".minio.sys/multipart/**/part.*")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)

    os.kill(store, signal.SIGKILL)
    _, told = running.communicate(timeout=120)

    assert running.returncode == 0, told
    assert "Traceback" not in told
    assert (tmp_path / "large.txt").read_text()
