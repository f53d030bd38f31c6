"""A farm of one's own for a test, one that stands for all, and a recording to be hit in the middle."""

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.farms import MODEL, Farm, farm_in
from tests.end_to_end.recordings import Spoken
from tools.long_recording import write_recording


@pytest.fixture
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm with nothing running; whatever a test starts is gone after it."""
    with farm_in(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(scope="session")
def standing_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm that is up, with the demo's model, for all tests that leave it so."""
    with farm_in(tmp_path_factory.mktemp("standing")) as farm:
        farm.ok("up", "--model", MODEL)
        yield farm


@pytest.fixture(scope="session")
def long_talk(tmp_path_factory: pytest.TempPathFactory) -> Spoken:
    """Four minutes, in about nine chunks."""
    folder = tmp_path_factory.mktemp("long")
    write_recording(folder / "talk.mp3", minutes=4, seed=11, truth_out=folder / "truth.json")
    return Spoken(folder / "talk.mp3", json.loads((folder / "truth.json").read_text())["segments"])
