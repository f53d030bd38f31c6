"""The control channel against whoever finds its port."""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.embedded.conftest import data_folder, plain_supervision
from whisper_farm.embedded import control
from whisper_farm.embedded.processes import wait_until
from whisper_farm.embedded.stack import find, up
from whisper_farm.embedded.state import StackState
from whisper_farm.settings import FarmSettings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarmSettings]:
    """One stack for the whole module: nothing that is sent to it here may change it."""
    with data_folder(tmp_path_factory.mktemp("control") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def state(settings: FarmSettings) -> StackState:
    return up(settings, supervision=plain_supervision())


def is_unchanged(settings: FarmSettings, state: StackState) -> bool:
    now = find(settings)
    return now is not None and (now.stack, now.processes) == (state.stack, state.processes)


def converse(state: StackState, data: bytes) -> bytes:
    """What comes back until the other end hangs up."""
    with socket.create_connection(("127.0.0.1", state.control_port), timeout=10) as connection:
        try:
            connection.sendall(data)
            answer = bytearray()
            while block := connection.recv(4096):
                answer += block
        except ConnectionError:
            return b""
    return bytes(answer)


def line(**facts: object) -> bytes:
    return json.dumps(facts).encode() + b"\n"


@pytest.mark.parametrize(
    "data",
    [
        line(command="state"),
        line(token="wrong", command="leave"),
        line(token=17, command="leave"),
        line(token="\ud800", command="leave"),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"[1, 2]\n",
        b"\xff\xfe\n",
        b"\n",
        b"x" * 100_000 + b"\n",
        b"[" * 60_000 + b"\n",
    ],
)
def test_who_does_not_know_the_token_or_talks_nonsense_gets_nothing(
    settings: FarmSettings, state: StackState, data: bytes
) -> None:
    assert converse(state, data) == b""
    assert is_unchanged(settings, state)


@pytest.mark.parametrize(
    "facts",
    [
        {"command": "dance"},
        {"command": "lease"},
        {"command": "lease", "version": "", "store": "ftp"},
        {"command": "lease", "version": "1", "store": []},
        {"command": "lease", "version": "1", "temporal_port": True},
        {"command": "serve", "count": "default"},
        {"command": "serve", "count": "default", "model": {"name": "x", "folder": "/", "fingerprint": "f"}},
        {
            "command": "serve",
            "count": "exactly",
            "model": {"name": "x", "folder": "/", "fingerprint": "f", "shapes": [{}] * 257},
        },
        {
            "command": "serve",
            "count": "exactly",
            "model": {"name": "x", "folder": "/", "fingerprint": "f", "shapes": [{"slots": 10**9}]},
        },
    ],
)
def test_a_wrong_command_ends_its_connection_and_nothing_else(
    settings: FarmSettings, state: StackState, facts: dict[str, object]
) -> None:
    assert converse(state, line(token=state.token, **facts)) == b""
    assert is_unchanged(settings, state)


def test_a_silent_connection_is_hung_up_on(state: StackState) -> None:
    began = time.monotonic()
    assert converse(state, b"") == b""
    assert time.monotonic() - began < control.FIRST_LINE_SECONDS + 3


def test_many_connections_at_once_leave_the_supervisor_well(
    settings: FarmSettings, state: StackState
) -> None:
    held = [
        socket.create_connection(("127.0.0.1", state.control_port))
        for _ in range(control.MOST_CONNECTIONS + 20)
    ]
    for connection in held:
        connection.close()
    assert wait_until(lambda: is_unchanged(settings, state), 5)


def test_the_token_is_in_no_representation_and_only_its_owner_reads_it(
    settings: FarmSettings, state: StackState
) -> None:
    assert state.token not in repr(state)
    assert state.token.encode() in (settings.home / "stack.json").read_bytes()
    assert (settings.home / "stack.json").stat().st_mode & 0o777 == 0o600
