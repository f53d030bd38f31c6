"""Little programs that stand where real ones would: on PATH, in the cache, or as `go`."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[[str, str, str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes a shell script `tmp_path/<folder>/<name>` that runs the given body; returns its path."""

    def write(folder: str, name: str, body: str) -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no server, no Go and no package index in reach; returns its empty `bin` on PATH."""
    bare = tmp_path / "bin"
    bare.mkdir()
    for tool in ("sh", "sleep", "cat", "mkdir", "touch", "chmod", "kill"):
        found = next(p for folder in ("/bin", "/usr/bin") if (p := Path(folder, tool)).exists())
        (bare / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(bare))
    for name in ("WHISPER_FARM_TEMPORAL", "WHISPER_FARM_MINIO"):
        monkeypatch.delenv(name, raising=False)
    for name in [n for n in os.environ if n.startswith("PIP_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    # No site in reach for the SDK's download either: a port that nobody listens on.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    return bare
