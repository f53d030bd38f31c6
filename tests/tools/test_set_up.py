"""Set-up says in one sentence which Python is missing, before it makes anything."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

SET_UP = Path(__file__).parents[2] / "tools" / "set_up.sh"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with nothing but the set-up in it, and an almost empty `bin` for PATH."""
    (tmp_path / "tools").mkdir()
    shutil.copy(SET_UP, tmp_path / "tools")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def python(clone: Path, name: str, body: str) -> None:
    path = clone / "bin" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def set_up(clone: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    ran = subprocess.run(
        [clone / "tools/set_up.sh"],
        env={"PATH": str(clone / "bin"), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not (clone / ".venv").exists()
    assert ran.returncode != 0
    return ran


def test_a_machine_without_python_is_told_what_to_install(clone: Path) -> None:
    assert set_up(clone).stderr.startswith("No Python from 3.11 on is on PATH; install one")


def test_a_stub_that_fails_is_not_taken_for_a_python(clone: Path) -> None:
    python(clone, "python3", "echo 'pyenv: no such version' >&2; exit 127")
    assert "pyenv" not in set_up(clone).stderr


def test_a_python_without_venv_is_told_by_its_package(clone: Path) -> None:
    python(clone, "python3", 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac')
    assert "apt install python3.12-venv" in set_up(clone).stderr


def test_a_python_that_was_chosen_and_does_not_serve_is_named(clone: Path) -> None:
    assert "PYTHON='/no such/python'" in set_up(clone, PYTHON="/no such/python").stderr


def test_the_next_python_is_tried_after_one_that_is_too_old(clone: Path) -> None:
    python(clone, "python3", "exit 1")
    python(clone, "python3.13", 'case "$1 $2" in "-m venv") exit 7;; --version*) echo Python 3.13.0;; esac')
    ran = set_up(clone)
    assert "Making .venv with Python 3.13.0 (python3.13)." in ran.stderr
    assert ran.returncode == 7


def test_the_script_may_be_run() -> None:
    assert os.access(SET_UP, os.X_OK)
