"""Starts a supervisor and hands it what it needs: its lock, its order, and programs that are there."""

import os
import select
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.embedded.environment import farm_settings, person_environment, python
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.logs import last_sentence, open_log, size
from whisper_farm.embedded.order import StackOrder, write_order
from whisper_farm.errors import StackBroken

Say = Callable[[str], None]

#: For a supervisor to hear commands: it takes a fraction of a second, plus the sweeping of leftovers.
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TemporalProgram:
    """The Temporal CLI, and its version where it is known ('' else)."""

    path: Path
    version: str


def find_temporal(say: Say) -> TemporalProgram:
    """The real one, got first where there is none."""
    from whisper_farm.servers.finding import find_server
    from whisper_farm.servers.pinned import TEMPORAL
    from whisper_farm.servers.provision import temporal_binary

    found = find_server(TEMPORAL)
    if found is None:
        path = temporal_binary(say)
        found = find_server(TEMPORAL)
        if found is None:
            return TemporalProgram(path, "")
    return TemporalProgram(found.path, ".".join(map(str, found.version or ())))


def find_minio(say: Say) -> Path:
    """The real one, built first where there is none."""
    from whisper_farm.servers.provision import minio_binary

    return minio_binary(say)


@dataclass(frozen=True, slots=True)
class Supervision:
    """How a supervisor is started. Tests put plain programs in the place of the real ones."""

    command: tuple[str, ...] = field(default_factory=lambda: python("whisper_farm.embedded"))
    temporal: Callable[[Say], TemporalProgram] = find_temporal
    minio: Callable[[Say], Path] = find_minio


def start_supervisor(
    command: tuple[str, ...],
    layout: HomeLayout,
    environ: Mapping[str, str],
    make_order: Callable[[int], StackOrder],
) -> None:
    """Start one and wait until it hears commands. It inherits the order's `lock`; ours stays open, and is the
    caller's to close. `make_order` is handed the pipe for the supervisor's report.

    Raises:
        StackBroken: it could not start; says why.
    """
    log_path = layout.log("supervisor")
    since = size(log_path)
    heard, told = os.pipe()
    try:
        order = make_order(told)
        log = open_log(log_path)
        try:
            starter = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=layout.root,
                env=person_environment(environ) | farm_settings(environ),
                pass_fds=(order.lock, told),
                start_new_session=True,
            )
        finally:
            os.close(log)
        os.close(told)
        told = -1
        starter.communicate(write_order(order))
        fault = _report(heard)
    except OSError as error:
        raise StackBroken(f"The stack's supervisor can't be started: {error.strerror}.") from None
    finally:
        os.close(heard)
        if told >= 0:
            os.close(told)
    if fault is None:
        words = last_sentence(log_path, since) or "it said nothing"
        raise StackBroken(f"The stack's supervisor did not start ({words}); its log is '{log_path}'.")
    if fault:
        raise StackBroken(fault)


def _report(heard: int) -> str | None:
    """What the supervisor tells of its start: '' is well, None no word at all."""
    data = bytearray()
    while not data.endswith(b"\n"):
        readable, _, _ = select.select([heard], [], [], START_SECONDS)
        block = os.read(heard, 4096) if readable else b""
        if not block:
            return None
        data += block
    line = data.decode(errors="replace").strip()
    return "" if line == "up" else line
