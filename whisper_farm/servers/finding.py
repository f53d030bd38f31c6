"""Looks for a server program on this machine, and only looks: nothing is downloaded or built here.

The order is a person's order: the program they named in the environment, then the first one on PATH
that is new enough, then the one that the farm built or downloaded before. A program on PATH is asked
for its version within a few seconds; an old one, a hanging one or another program of the same name is
passed over.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from whisper_farm.errors import ServerMissing
from whisper_farm.servers.pinned import PinnedServer, Version

ANSWER_SECONDS = 10.0
"""How long a program may take to say its version; the real ones need well below a second."""

ANSWER_BYTES = 4096
"""How much of what a program says is read; a version stands in its first line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server program that can be run now."""

    path: Path  #: the program
    origin: Literal["environment", "PATH", "cache"]  #: where it was found
    version: Version | None  #: what it says of itself; None: a person's choice whose words we can't read


def servers_cache() -> Path:
    """The folder in the user's cache that keeps the programs that were built or downloaded."""
    return platformdirs.user_cache_path("whisper-farm") / "servers"


def cached_program(server: PinnedServer, cache: Path) -> Path:
    """Where the cache keeps `server`, whether it is there or not."""
    return cache / server.folder_name / server.name


def find_server(
    server: PinnedServer, *, environ: Mapping[str, str] = os.environ, cache: Path | None = None
) -> FoundServer | None:
    """The program to run for `server`, or None where one has to be got first.

    Raises `ServerMissing` where the environment names a program that can't be run: a choice that
    somebody made is never passed over in silence.
    """
    chosen = environ.get(server.variable)
    if chosen:
        return _chosen_by_a_person(server, Path(chosen).expanduser())
    for path in _on_path(server.name, environ):
        version = said_version(server, path)
        if version is not None and version >= server.minimum:
            return FoundServer(path=path, origin="PATH", version=version)
    kept = cached_program(server, cache if cache is not None else servers_cache())
    if is_program(kept):
        return FoundServer(path=kept, origin="cache", version=pinned_version(server))
    return None


def pinned_version(server: PinnedServer) -> Version:
    """The pinned version as numbers."""
    return tuple(int(part) for part in server.version.replace("-", ".").split("."))


def said_version(server: PinnedServer, path: Path) -> Version | None:
    """The version that the program at `path` says it is, or None where it is not `server` at all."""
    found = server.says.search(answer_of([str(path), "--version"]) or "")
    return tuple(int(part) for part in found.groups()) if found else None


def answer_of(command: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """The first bytes that `command` prints, or None where it can't be run, fails or takes too long.

    What it prints goes to a file rather than a pipe, because a child that keeps a pipe open would
    hold us up long after the program itself was ended.
    """
    with tempfile.TemporaryFile() as printed:
        try:
            asked = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=None if environ is None else dict(environ),
                start_new_session=True,
            )
        except OSError:
            return None
        try:
            asked.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end_group(asked)
        printed.seek(0)
        return printed.read(ANSWER_BYTES).decode(errors="replace") if asked.returncode == 0 else None


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends `process`, the leader of its own session, and whatever it started; then waits for it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def is_program(path: Path) -> bool:
    """Whether `path` is a file that may be run."""
    return path.is_file() and os.access(path, os.X_OK)


def _chosen_by_a_person(server: PinnedServer, path: Path) -> FoundServer:
    """The program that the environment names; its version is not judged, only that it runs."""
    mend = f"Correct {server.variable}, or unset it to let the farm find or build its own."
    if not is_program(path):
        raise ServerMissing(server.title, f"{server.variable} names '{path}', which is not a program", mend)
    answer = answer_of([str(path), "--version"])
    if answer is None:
        raise ServerMissing(
            server.title, f"'{path}', which {server.variable} names, does not answer to --version", mend
        )
    found = server.says.search(answer)
    version = tuple(int(part) for part in found.groups()) if found else None
    return FoundServer(path=path.absolute(), origin="environment", version=version)


def _on_path(name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Every program called `name` in the absolute folders of PATH, in order, each once."""
    seen = set()
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        # A relative folder (or an empty one, which means "here") would run whatever a project brings along.
        path = Path(folder) / name
        if path.is_absolute() and path not in seen and is_program(path):
            seen.add(path)
            yield path
