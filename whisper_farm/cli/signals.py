"""Ctrl-C, SIGTERM and a closed terminal end a command alike: at once, politely, and with the job kept.

Each raises `KeyboardInterrupt` in the main thread, wherever that is. asyncio's own way, which waits
until a coroutine gives way, is kept out by having a handler of our own in place before it looks.
"""

import signal
from types import FrameType

from whisper_farm.errors import FarmError

#: What typer answers in place of a `KeyboardInterrupt`.
TYPER_INTERRUPTED = 130

_HEARD: list[int] = []


class Interrupted(FarmError):
    """A person (or the system) told the command to end. The text says what becomes of its job."""


def listen() -> None:
    """Call once, in the main thread. A signal that whoever started us chose to ignore stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def stop_listening() -> None:
    """The command is on its way out already: an impatient second Ctrl-C changes nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def exit_code() -> int:
    """128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (_HEARD[0] if _HEARD else signal.SIGINT)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _HEARD.append(number)
    raise KeyboardInterrupt
