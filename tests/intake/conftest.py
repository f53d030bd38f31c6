"""A web server to take recordings from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.web_server import Server, https_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with https_server(tmp_path) as running:
        yield running
