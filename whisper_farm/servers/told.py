"""Runs a long command and tells a person how it goes, every few seconds, instead of its own chatter."""

import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.servers.finding import end_group

Say = Callable[[str], None]
"""Takes one line for a person. It is called from the thread that asked for the server."""

TELL_SECONDS = 3.0
"""How often a person hears that the work goes on."""

LINE_CHARS = 300
"""How much of a line of the command's own words is kept, for the case that it fails."""


@dataclass(slots=True)
class Heard:
    """What a command has printed so far."""

    lines: int = 0  #: on both streams, notices left out
    notices: int = 0  #: lines in which Go speaks of itself ("go: downloading ...")
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=8))  #: the last lines that are not empty

    @property
    def last(self) -> str:
        """The last line, or nothing."""
        return self.latest[-1] if self.latest else ""


class CommandFailed(Exception):
    """A command ended with another code than 0, could not be started, or ran out of its time."""


def run_told(
    command: list[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    say: Say,
    describe: Callable[[Heard], str],
    limit_seconds: float,
    give_up: Callable[[float], str | None] = lambda elapsed_seconds: None,
) -> Heard:
    """Runs `command` in `folder` until it ends; returns what it printed.

    `describe` makes the line that `say` is given every `TELL_SECONDS`, with the seconds behind it.
    `give_up` is asked each time, with the seconds so far, for a reason to stop early.
    However this function is left, the command and all that it started is gone. Raises `CommandFailed`.
    """
    started = time.monotonic()
    heard = Heard()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A session of its own, so that it can be ended with all its children.
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"'{command[0]}' can't be started: {error.strerror}") from error
    listener = threading.Thread(target=_listen, args=(process, heard), daemon=True)
    listener.start()
    try:
        while True:
            try:
                process.wait(TELL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                elapsed_seconds = time.monotonic() - started
                if elapsed_seconds > limit_seconds:
                    raise CommandFailed(f"it did not end within {limit_seconds:.0f} s") from None
                if reason := give_up(elapsed_seconds):
                    raise CommandFailed(reason) from None
                say(f"{describe(heard)} ({elapsed_seconds:.0f} s)")
    finally:
        end_group(process)
        listener.join(TELL_SECONDS)
    if process.returncode != 0:
        raise CommandFailed(heard.last or f"it ended with code {process.returncode}")
    return heard


def _listen(process: "subprocess.Popen[bytes]", heard: Heard) -> None:
    """Counts and keeps lines until the command closes its streams."""
    assert process.stdout is not None
    with process.stdout as stream:
        for raw in stream:
            line = raw.decode(errors="replace").strip()[:LINE_CHARS]
            if line.startswith("go: "):
                heard.notices += 1
            else:
                heard.lines += 1
            if line:
                heard.latest.append(line)


def environment_without(names: set[str], **added: str) -> dict[str, str]:
    """This process's environment without `names`, and with what is `added`."""
    return {**{name: value for name, value in os.environ.items() if name not in names}, **added}
