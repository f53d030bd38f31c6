"""Gets a server program where there is none yet: downloads or builds it once, into the user's cache.

Whatever way it is got, it is made in a scratch folder beside its final place and put there by one
rename, so a program in the cache is always whole. Two processes that want the same program at the same
time wait for one another by a lock on the program's own cache folder (the kernel drops it with its
holder, so a killed build blocks nobody); the second one then finds the first one's work. What a killed
build left lying about is swept by the next.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whisper_farm.errors import ServerMissing
from whisper_farm.servers.finding import (
    cached_program,
    find_server,
    is_program,
    pinned_version,
    said_version,
    servers_cache,
)
from whisper_farm.servers.pinned import MINIO, TEMPORAL, PinnedServer, recipe_folder
from whisper_farm.servers.sdk_download import download_command, download_environment, downloaded_program
from whisper_farm.servers.told import TELL_SECONDS, CommandFailed, Heard, Say, run_told
from whisper_farm.servers.toolchain import go_environment, go_on_path, go_wanted, install_go

BUILD_LIMIT_SECONDS = 3600.0
"""How long a build may take; it needs about seven minutes of one core's time."""

DOWNLOAD_LIMIT_SECONDS = 600.0
"""How long the SDK's download may take as a whole."""

DOWNLOAD_SILENCE_SECONDS = 15.0
"""How long the SDK's download may bring nothing before it is given up: a network that drops packets."""

_SCRATCH_PREFIX = ".making-"


def temporal_binary(say: Say) -> Path:
    """The Temporal CLI to run, got first where there is none; `say` hears how that goes.

    Raises `ServerMissing` where it can neither be found, downloaded nor built.
    """
    return server_binary(TEMPORAL, say)


def minio_binary(say: Say) -> Path:
    """The MinIO server to run, built first where there is none; `say` hears how that goes.

    Raises `ServerMissing` where it can neither be found nor built.
    """
    return server_binary(MINIO, say)


def server_binary(server: PinnedServer, say: Say, *, cache: Path | None = None) -> Path:
    """The program for `server`: found, or else got into `cache` (by default the user's)."""
    cache = cache if cache is not None else servers_cache()
    found = find_server(server, cache=cache)
    if found is not None:
        return found.path
    kept = cached_program(server, cache)
    try:
        with _only_one(kept.parent, server, say):
            if not is_program(kept):
                _get(server, cache, say)
    except OSError as error:
        why = f"'{error.filename or kept.parent}' can't be written ({error.strerror})"
        raise ServerMissing(server.title, why, _mend(server)) from error
    return kept


def _get(server: PinnedServer, cache: Path, say: Say) -> None:
    """Downloads or builds `server` and puts it into the cache. The caller holds the lock."""
    kept = cached_program(server, cache)
    failures = []
    for way in (_download, _build) if server.sdk_download else (_build,):
        with _scratch(kept.parent) as scratch:
            try:
                made = way(server, cache, scratch, say)
                if said_version(server, made) != pinned_version(server):
                    raise CommandFailed("what came of it does not run, or is of another version")
                made.chmod(0o755)
                made.replace(kept)
            except CommandFailed as failure:
                failures.append(f"{way.__name__.strip('_')}ing it failed ({str(failure).rstrip('.')})")
                continue
        say(f"{server.title} {server.version} is ready.")
        return
    none_found = f"PATH holds none from {server.minimum_text} on"
    raise ServerMissing(server.title, ", and ".join([none_found, *failures]), _mend(server))


def _download(server: PinnedServer, cache: Path, scratch: Path, say: Say) -> Path:
    """The SDK's own download; gives up soon where the site can't be reached."""
    say(f"Trying the Temporal SDK's download of the {server.title} {server.version}.")
    size_bytes, grown_at_seconds = 0, 0.0

    def stands_still(elapsed_seconds: float) -> str | None:
        nonlocal size_bytes, grown_at_seconds
        now_bytes = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
        if now_bytes > size_bytes:
            size_bytes, grown_at_seconds = now_bytes, elapsed_seconds
        silent_seconds = elapsed_seconds - grown_at_seconds
        if silent_seconds <= DOWNLOAD_SILENCE_SECONDS:
            return None
        return f"nothing came for {silent_seconds:.0f} s"

    run_told(
        download_command(scratch, server.version),
        folder=scratch,
        environ=download_environment(os.environ),
        say=say,
        describe=lambda heard: f"Downloading the {server.title}: {size_bytes / 1e6:.0f} MB",
        limit_seconds=DOWNLOAD_LIMIT_SECONDS,
        give_up=stands_still,
    )
    program = downloaded_program(scratch)
    if program is None:
        raise CommandFailed("it left no program")
    return program


def _build(server: PinnedServer, cache: Path, scratch: Path, say: Say) -> Path:
    """A build from the pinned Go modules of the server's recipe."""
    recipe = recipe_folder(server.name)
    if not (recipe / "go.sum").is_file():
        raise CommandFailed(f"its recipe is missing from '{recipe}'")
    go = go_on_path(go_wanted(recipe)) or install_go(cache, scratch, say)
    what = f"{server.title} {server.version}"
    say(f"Building the {what} from its pinned Go modules, once for this machine: some minutes.")
    # Go's own scratch goes into ours, so that nothing of a killed build stays anywhere else.
    environ = {**go_environment(), "GOTMPDIR": str(scratch)}
    packages = run_told(
        [str(go), "list", "-deps", server.package],
        folder=recipe,
        environ=environ,
        say=say,
        describe=lambda heard: f"Fetching the sources of the {what}: {heard.notices} modules",
        limit_seconds=BUILD_LIMIT_SECONDS,
    ).lines

    def progress(heard: Heard) -> str:
        if heard.last == server.package:
            return f"Building the {what}: linking"
        percent = min(99, 100 * heard.lines // max(1, packages))
        return f"Building the {what}: {percent} %, {heard.lines} of {packages} packages"

    made = scratch / server.name
    run_told(
        [str(go), "build", "-v", "-trimpath", "-ldflags", server.ldflags, "-o", str(made), server.package],
        folder=recipe,
        environ=environ,
        say=say,
        describe=progress,
        limit_seconds=BUILD_LIMIT_SECONDS,
    )
    return made


@contextmanager
def _only_one(folder: Path, server: PinnedServer, say: Say) -> Iterator[None]:
    """Holds the lock of `folder`, the server's place in the cache; waits while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    started = time.monotonic()
    told_at = float("-inf")
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                now = time.monotonic()
                if now - told_at >= TELL_SECONDS:
                    told_at = now
                    say(f"Waiting for another process that gets the {server.title} ({now - started:.0f} s)")
                time.sleep(0.2)
        yield
    finally:
        os.close(handle)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A new scratch folder in `folder`, on the same disk as the program's place; gone afterwards.

    The caller holds the folder's lock, so any other scratch folder was left by a process that was killed.
    """
    for left in folder.glob(f"{_SCRATCH_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _mend(server: PinnedServer) -> str:
    return (
        f"Install {server.name} {server.minimum_text} or newer on PATH, or set {server.variable} to the"
        " path of one; a build needs pip and a Go module proxy in reach."
    )
