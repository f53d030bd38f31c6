"""A command that has done what it was asked ends with its own exit code, whatever the interpreter's end does.

The proof with Temporal's SDK itself is `python -m benchmarks.client_exit`, 200 runs of each command.
"""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

#: As the SDK's threads do now and then: a crash while the interpreter is taken down.
CRASH = "import atexit, os, sys; atexit.register(os.abort);"


def _run(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", CRASH + program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_end_that_crashes_is_what_it_looks_like() -> None:
    assert _run("sys.exit(0)").returncode != 0


@pytest.mark.parametrize("code", [0, 3])
def test_a_crash_at_the_interpreters_end_never_comes_to_pass(code: int) -> None:
    done = _run(f"from whisper_farm.cli.leaving import leave; print('done', end=''); leave({code})")

    assert (done.returncode, done.stdout, done.stderr) == (code, "done", "")


def test_every_command_leaves_by_that_door() -> None:
    run = "from whisper_farm.cli.main import main; main()"

    done = _run(f"sys.argv = ['whisper-farm', '--version']; {run}")
    failed = _run(f"sys.argv = ['whisper-farm', 'nonsense']; {run}")

    assert done.returncode == 0
    assert done.stdout.strip()
    assert failed.returncode == 2
