"""The small recordings, made once."""

from pathlib import Path

import pytest

from tests.audio.making import SEEKING, STREAMABLE, make


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one short recording of every kind in `making`."""
    folder = tmp_path_factory.mktemp("media")
    for name, how in (STREAMABLE | SEEKING).items():
        make(folder, name, *how)
    return folder
