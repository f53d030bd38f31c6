"""What every test may ask for: a real Temporal dev server, the demo's recording and its model."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from whisper_farm.servers.provision import temporal_binary

REPOSITORY = Path(__file__).parents[1]
DEMO = REPOSITORY / "demo"
SEARCH_ATTRIBUTES = ("WhisperModel=Keyword", "WhisperAudioSecondsLeft=Double", "WhisperOwner=Keyword")

# A shell without job control ignores SIGINT in what it starts in the background, and every child inherits
# that: no command of a test could be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def demo_recording() -> Path:
    return DEMO / "podcast_3min.flac"


@pytest.fixture(scope="session")
def demo_truth() -> Path:
    return DEMO / "podcast_3min.truth.json"


@pytest.fixture(scope="session")
def demo_model() -> Path:
    return DEMO / "model"


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def dev_server(folder: Path, *, search_attributes: tuple[str, ...] = SEARCH_ATTRIBUTES) -> Iterator[str]:
    """A real Temporal dev server on a database in `folder`; its address."""
    port = free_port()
    with (folder / "temporal.log").open("wb") as log:
        server = subprocess.Popen(
            [
                str(temporal_binary(lambda _: None)),
                *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)),
                *("--db-filename", str(folder / "temporal.db"), "--log-level", "error"),
                *(f"--search-attribute={each}" for each in search_attributes),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
    try:
        _wait_until_listening(port, server)
        yield f"127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_listening(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "the dev server ended at its start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the dev server does not listen")


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dev_server(tmp_path_factory.mktemp("temporal")) as address:
        yield address
