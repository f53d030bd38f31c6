"""A client's end of the supervisor's control channel: see `control`."""

import dataclasses
import json
import select
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whisper_farm.embedded.ports import LOOPBACK
from whisper_farm.embedded.state import StackState, parse_state
from whisper_farm.errors import StackBroken

_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 15.0


class NoSupervisor(OSError):
    """Nobody answers there, or not as a supervisor would."""


class NobodyListens(NoSupervisor):
    """The port is closed: the supervisor is gone, or on its way. One that is merely slow keeps it open."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the supervisor said, and the connection where it is to be held."""

    said: dict[str, Any]
    connection: socket.socket = field(repr=False)

    @property
    def ok(self) -> bool:
        return self.said.get("ok") is True

    @property
    def state(self) -> StackState:
        """The stack as told in the answer."""
        state = parse_state(json.dumps(self.said.get("state")).encode())
        if state is None:
            raise NoSupervisor("no state in its answer")
        return state


def ask(port: int, token: str, command: str, **facts: object) -> Answered:
    """Send one command; its answer, with the connection still open.

    Raises:
        NoSupervisor: there is no answer; `NobodyListens` where there will be none.
    """
    line = json.dumps({"token": token, "command": command, **facts}, default=_plain).encode() + b"\n"
    try:
        connection = socket.create_connection((LOOPBACK, port), timeout=_CONNECT_SECONDS)
    except ConnectionRefusedError as error:
        raise NobodyListens(str(error)) from None
    except OSError as error:
        raise NoSupervisor(str(error)) from None
    try:
        connection.settimeout(_ANSWER_SECONDS)
        connection.sendall(line)
        return Answered(_read_answer(connection), connection)
    except (OSError, ValueError) as error:
        connection.close()
        raise NoSupervisor(str(error)) from None
    except BaseException:
        connection.close()
        raise


def tell(state: StackState, command: str, **facts: object) -> Answered:
    """Send one command to the supervisor of `state`, and hang up once it has answered."""
    answered = ask(state.control_port, state.token, command, **facts)
    answered.connection.close()
    return answered


def unanswered(root: Path) -> StackBroken:
    """What to say where the supervisor of this data folder lives, and was asked for long enough."""
    return StackBroken(
        f"The stack of '{root}' runs but does not answer; try again once the machine is less busy, or end it"
        " with 'whisper-farm down' (jobs are kept)."
    )


def is_held(connection: socket.socket) -> bool:
    """Whether the other end still holds the connection: it says nothing while it does."""
    if connection.fileno() < 0:  # we let go ourselves
        return False
    # Asked of the system: a read on a socket with a timeout waits that long, whatever its flags.
    asked = select.poll()
    asked.register(connection, select.POLLIN)
    return not asked.poll(0)


def farewell(connection: socket.socket) -> str | None:
    """Why the other end let go, in a clause, where it said so; None where it just went."""
    if is_held(connection):
        return None
    try:
        said = json.loads(connection.recv(4096) or b"null")
    except (OSError, ValueError):
        return None
    return str(said["farewell"]) if isinstance(said, dict) and "farewell" in said else None


def _read_answer(connection: socket.socket) -> dict[str, Any]:
    data = bytearray()
    while not data.endswith(b"\n"):
        block = connection.recv(65_536)
        if not block or len(data) > _ANSWER_LIMIT_BYTES:
            raise NoSupervisor("it hung up")
        data += block
    said = json.loads(data)
    if not isinstance(said, dict):
        raise NoSupervisor("no JSON object")
    return said


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(type(value).__name__)
