"""Ports on loopback that stay the same for a data folder, so that whoever holds an address keeps it.

They are taken from below the range that the kernel gives to outgoing connections: a port in that range
could go to any program's connection in the moment its server is restarted, or even be met by a client
that connects to itself while trying to reach the server that is away.
"""

import json
import random
import socket
from collections.abc import Iterable
from pathlib import Path

from whisper_farm.embedded.processes import wait_until
from whisper_farm.embedded.whole_files import write_whole
from whisper_farm.errors import StackBroken

LOOPBACK = "127.0.0.1"
_CHOICE = range(20_000, 32_000)

#: A server that was ended just now may need a moment to let its port go.
_LET_GO_SECONDS = 1.0


def is_free(port: int) -> bool:
    """Whether a server could listen at this port of loopback now."""
    return _obstacle(port) is None


def _obstacle(port: int) -> OSError | OverflowError | None:
    """What keeps a server of ours from this port of loopback now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(1)
        except (OSError, OverflowError) as error:
            return error
    return None


def free_port(taken: Iterable[int] = ()) -> int:
    """A port that is free now and not among `taken`."""
    avoided = set(taken)
    for port in random.SystemRandom().sample(_CHOICE, 500):
        if port not in avoided and is_free(port):
            return port
    raise StackBroken("No free port was found between 20000 and 32000; end a program that listens there.")


def settle_ports(book: Path, names: Iterable[str], *, temporal: int | None = None) -> dict[str, int]:
    """A port for each of `names`: the one in `book` where it is still free, else another; `book` keeps them.

    Raises:
        StackBroken: `temporal`, which a person asked for, is taken or forbidden.
    """
    remembered = _read(book)
    if temporal is not None:
        obstacle = _obstacle(temporal)
        if obstacle and not (temporal in remembered.values() and _gets_free(temporal)):
            raise _refused(temporal, obstacle)
        remembered["temporal"] = temporal
    settled = dict(remembered)
    for name in names:
        if name == "temporal" and temporal is not None:
            continue
        known = remembered.get(name)
        others = [port for other, port in settled.items() if other != name]
        if known is None or known in others or not _gets_free(known):
            settled[name] = free_port(others)
    if settled != _read(book):
        write_whole(book, json.dumps(settled).encode())
    return settled


def refuse_unusable(book: Path, temporal: int) -> None:
    """While a stack still runs, before it makes way for one with Temporal at this port: is it to be had?

    Raises:
        StackBroken: another program has it, or this user may not have it.
    """
    if temporal not in _read(book).values() and (obstacle := _obstacle(temporal)):
        raise _refused(temporal, obstacle)


def _refused(temporal: int, obstacle: OSError | OverflowError) -> StackBroken:
    if isinstance(obstacle, PermissionError):
        return StackBroken(
            f"This user may not listen at port {temporal}; give another one with --temporal-port, from 1024"
            " up."
        )
    return StackBroken(
        f"The port {temporal} on {LOOPBACK} is taken by another program; end that program, or give"
        " another port with --temporal-port."
    )


def _gets_free(port: int) -> bool:
    """Whether the port is free, or becomes so in a moment."""
    return wait_until(lambda: is_free(port), _LET_GO_SECONDS)


def _read(book: Path) -> dict[str, int]:
    try:
        said = json.loads(book.read_bytes())
        return {str(name): int(port) for name, port in said.items() if 0 < int(port) < 65_536}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
