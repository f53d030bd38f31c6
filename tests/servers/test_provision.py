"""Getting a server once: who builds, who waits, and what is left when it goes wrong.

A stub stands in for Go, so that a build takes a moment; the real build is what every other test of the
farm runs on.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.servers.conftest import Program
from whisper_farm.errors import ServerMissing
from whisper_farm.servers.finding import cached_program, find_server
from whisper_farm.servers.pinned import MINIO, TEMPORAL, recipe_folder
from whisper_farm.servers.provision import server_binary

VERSION = "minio version RELEASE.2025-10-15T17-29-55Z (commit-id=0)"

STUB_GO = r"""
case "$1" in
  version) echo "go version go1.99.0 linux/amd64" ;;
  list) echo "go: downloading a/module v1.0.0" >&2; echo one; echo two ;;
  build)
    echo built >> "$BUILDS"
    while [ "$1" != "-o" ]; do shift; done
    {work}
    printf '#!/bin/sh\necho "{version}"\n' > "$2"; chmod +x "$2" ;;
esac
"""


def stub_go(program: Program, *, work: str = ":", version: str = VERSION) -> None:
    program("bin", "go", STUB_GO.replace("{work}", work).replace("{version}", version))


@pytest.fixture(autouse=True)
def builds(bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the stub notes each build that it makes."""
    noted = tmp_path / "builds"
    monkeypatch.setenv("BUILDS", str(noted))
    return noted


def test_a_server_is_built_once_and_then_found(program: Program, tmp_path: Path, builds: Path) -> None:
    stub_go(program)
    said: list[str] = []
    first = server_binary(MINIO, said.append, cache=tmp_path / "cache")
    second = server_binary(MINIO, said.append, cache=tmp_path / "cache")
    assert first == second == cached_program(MINIO, tmp_path / "cache")
    assert builds.read_text().count("built") == 1
    assert said[-1] == "MinIO server 2025-10-15 is ready."
    assert [p.name for p in first.parent.iterdir()] == ["minio"], "no scratch folder or lock file stays"


def test_two_processes_at_once_build_once_and_both_have_it(
    program: Program, tmp_path: Path, builds: Path
) -> None:
    """The build is over only when one of them has said that it waits for the other."""
    one_waits, words = tmp_path / "one-waits", [tmp_path / "words-0", tmp_path / "words-1"]
    stub_go(program, work=f"until [ -e {one_waits} ]; do sleep 0.05; done")
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "whisper_farm.servers", "minio"]
    both = []
    for path in words:
        with path.open("w") as told:
            both.append(
                subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=told, text=True)
            )
    waiting = "Waiting for another process that gets the MinIO server"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(waiting in path.read_text() for path in words):
        time.sleep(0.05)
    one_waits.touch()
    heard = [process.communicate(timeout=60)[0] for process in both]
    assert any(waiting in path.read_text() for path in words)
    assert [process.returncode for process in both] == [0, 0], [path.read_text() for path in words]
    assert heard[0] == heard[1]
    assert builds.read_text().count("built") == 1


def test_a_build_that_fails_says_why_and_leaves_nothing(program: Program, tmp_path: Path) -> None:
    stub_go(program, work="echo 'no space left on device' >&2; exit 1")
    with pytest.raises(ServerMissing) as missing:
        server_binary(MINIO, lambda line: None, cache=tmp_path / "cache")
    assert str(missing.value) == (
        "No usable MinIO server on this machine: PATH holds none from 2024-01-01 on, and building it failed"
        " (no space left on device). Install minio 2024-01-01 or newer on PATH, or set WHISPER_FARM_MINIO to"
        " the path of one; a build needs pip and a Go module proxy in reach."
    )
    assert list((tmp_path / "cache" / MINIO.folder_name).iterdir()) == []


def test_a_program_of_another_version_is_not_put_into_the_cache(program: Program, tmp_path: Path) -> None:
    stub_go(program, version="minio version RELEASE.2020-01-01T00-00-00Z (commit-id=0)")
    with pytest.raises(ServerMissing, match="of another version"):
        server_binary(MINIO, lambda line: None, cache=tmp_path / "cache")
    assert find_server(MINIO, cache=tmp_path / "cache") is None


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_ends_go_and_leaves_nothing(
    ended_by: signal.Signals, program: Program, tmp_path: Path, builds: Path
) -> None:
    process, go = build_until_it_works(program, tmp_path, builds)
    process.send_signal(ended_by)
    assert process.wait(30) == 130
    assert not is_running(go)
    assert list((tmp_path / "xdg/whisper-farm/servers" / MINIO.folder_name).iterdir()) == []


def test_what_a_killed_build_left_is_swept_by_the_next(
    program: Program, tmp_path: Path, builds: Path
) -> None:
    process, go = build_until_it_works(program, tmp_path, builds)
    process.kill()
    process.wait(30)
    os.kill(go, signal.SIGKILL)
    stub_go(program)
    made = server_binary(MINIO, lambda line: None, cache=tmp_path / "xdg/whisper-farm/servers")
    assert [p.name for p in made.parent.iterdir()] == ["minio"]


def test_no_go_and_no_package_index_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServerMissing, match="building it failed") as missing:
        server_binary(MINIO, lambda line: None, cache=tmp_path / "cache")
    assert "\n" not in str(missing.value)


def test_temporal_falls_back_from_the_download_to_the_build(
    program: Program, tmp_path: Path, builds: Path
) -> None:
    stub_go(program, version="temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)")
    said: list[str] = []
    began = time.monotonic()
    server_binary(TEMPORAL, said.append, cache=tmp_path / "cache")
    assert time.monotonic() - began < 60
    assert said[0].startswith("Trying the Temporal SDK's download")
    assert builds.read_text().count("built") == 1


def test_a_cache_that_cannot_be_written_is_said_by_name(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the cache's folder should be")
    with pytest.raises(ServerMissing, match=r"cache.*can't be written"):
        server_binary(MINIO, lambda line: None, cache=blocked)


@pytest.mark.parametrize("name", ["temporal", "minio"])
def test_each_recipe_is_complete(name: str) -> None:
    recipe = recipe_folder(name)
    assert {"go.mod", "go.sum", "tools.go", "README.md"} <= {path.name for path in recipe.iterdir()}


def build_until_it_works(
    program: Program, tmp_path: Path, builds: Path
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts a build that would never end; returns it and the process id of its Go once that is at work."""
    stub_go(program, work=f"touch $2.half; echo $$ > {tmp_path}/go.pid; echo > {tmp_path}/at-work; sleep 600")
    os.mkfifo(tmp_path / "at-work")
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "whisper_farm.servers", "minio"], env=environ, stderr=subprocess.DEVNULL
    )
    opened = threading.Thread(target=(tmp_path / "at-work").read_text, daemon=True)
    opened.start()
    opened.join(60)
    assert not opened.is_alive(), "the build never began"
    return process, int((tmp_path / "go.pid").read_text())


def is_running(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()
