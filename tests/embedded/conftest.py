"""A data folder whose stack is ended with the test, and a supervisor over plain programs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.embedded import plain_stack
from whisper_farm.embedded.processes import marked_with, wait_until
from whisper_farm.embedded.stack import down
from whisper_farm.embedded.starting import Supervision, TemporalProgram
from whisper_farm.embedded.state import read_state
from whisper_farm.settings import FarmSettings


@dataclass(frozen=True)
class PlainWeights:
    name: str
    folder: Path = Path("/nowhere")
    fingerprint: str = "f" * 64


@contextmanager
def data_folder(home: Path) -> Iterator[FarmSettings]:
    """A data folder for plain programs. Nothing of its stack may be left when the tests have ended it."""
    settings = FarmSettings(home=home, idle_seconds=60)
    settings.home.mkdir()
    (settings.home / "open-jobs").write_text("0")
    yield settings
    known = read_state(settings.home / "stack.json")
    down(settings)
    if known is not None:
        assert not list(marked_with(known.stack))
        # One that leaves by itself drops its lock, by which it counts as gone, and ends with its next breath.
        assert wait_until(lambda: not any(one.mark and one.mark.alive for one in known.processes), 1)
    assert not {"stack.json", "stack.lock", "scratch"} & {path.name for path in settings.home.iterdir()}


def plain_supervision() -> Supervision:
    """A supervisor that keeps plain programs."""
    return Supervision(
        command=(sys.executable, str(Path(plain_stack.__file__))),
        temporal=lambda _: TemporalProgram(Path("temporal"), ""),
        minio=lambda _: Path("minio"),
    )


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[FarmSettings]:
    """Of a data folder of its own."""
    with data_folder(tmp_path / "home") as settings:
        yield settings


@pytest.fixture
def plain() -> Supervision:
    return plain_supervision()


@pytest.fixture
def open_jobs(settings: FarmSettings) -> Callable[[int], None]:
    """Says how many jobs are open."""

    def set_to(count: int) -> None:
        beside = settings.home / f"open-jobs.{os.getpid()}"
        beside.write_text(str(count))
        beside.replace(settings.home / "open-jobs")

    return set_to
