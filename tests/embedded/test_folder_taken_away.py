"""A data folder, or its files, that went from under a running stack. The stack's programs are plain ones."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.embedded.test_stack import eventually, process
from whisper_farm.embedded.stack import down, find, join, up
from whisper_farm.embedded.starting import Supervision
from whisper_farm.embedded.state import StackState, read_state
from whisper_farm.settings import FarmSettings


def removed_and_made_anew(settings: FarmSettings) -> None:
    shutil.rmtree(settings.home)
    settings.home.mkdir(mode=0o700)
    (settings.home / "open-jobs").write_text("0")


def is_gone(state: StackState) -> bool:
    return not any(one.mark is not None and one.mark.alive for one in state.processes)


def test_a_stack_started_at_once_in_a_folder_that_was_removed_is_found_when_the_old_one_is_gone(
    settings: FarmSettings, plain: Supervision
) -> None:
    old = up(settings, supervision=plain)
    removed_and_made_anew(settings)
    with join(settings, supervision=plain) as lease:
        eventually(lambda: is_gone(old), 10)
        told = read_state(settings.home / "stack.json")
        assert told is not None
        assert told.stack == lease.state.stack != old.stack
        assert (settings.home / "scratch").is_dir()
        found = find(settings)
        assert found is not None
        assert found.stack == lease.state.stack


def test_a_supervisor_touches_nothing_in_a_folder_that_took_the_place_of_its_own(
    settings: FarmSettings, plain: Supervision, tmp_path: Path
) -> None:
    old = up(settings, supervision=plain)
    pid = process(old, "temporal").pid
    assert pid is not None
    settings.home.rename(tmp_path / "elsewhere")
    try:
        for folder in ("logs", "scratch"):
            (settings.home / folder).mkdir(parents=True)
        for name in ("stack.json", "stack.lock", "scratch/file"):
            (settings.home / name).write_text("another's")
        # What ends now would be started again, and write its log, in the other's folder.
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: is_gone(old), 10)
        left = {path for path in settings.home.rglob("*") if path.is_file()}
        assert {str(path.relative_to(settings.home)) for path in left} == {
            "stack.json",
            "stack.lock",
            "scratch/file",
        }
        assert {path.read_text() for path in left} == {"another's"}
    finally:
        shutil.rmtree(settings.home)
        (tmp_path / "elsewhere").rename(settings.home)


@pytest.mark.parametrize("damage", ["removed", "damaged"])
def test_a_state_file_that_was_lost_is_written_again(
    settings: FarmSettings, plain: Supervision, damage: str
) -> None:
    before, file = up(settings, supervision=plain), settings.home / "stack.json"
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(b"{}")
    # Until it is there again nobody takes the stack for one that does not run.
    found = find(settings)
    assert found is not None
    assert found.stack == before.stack
    assert down(settings)
