"""Commands to run: on an empty data folder, and on a farm that is up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import MODEL, Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command on a data folder that is not there yet."""
    return Command(tmp_path / "home", tmp_path)


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command on a farm that is up with the demo's model, for all tests of the command."""
    folder = tmp_path_factory.mktemp("front-door")
    farm = Command(folder / "home", folder)
    try:
        farm.ok("up", "--model", MODEL)
        yield farm
    finally:
        farm.ok("down")
