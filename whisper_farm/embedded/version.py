"""Which program this is: a stack of another one is never joined.

A checkout that was edited is another program than before, whatever its version number says, so a
digest of the rooms' sources is part of the version.
"""

import functools
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: The rooms whose code runs in a stack's processes.
ROOMS = ("whisper_farm", "workflows", "activities", "worker_gpu")


def source_root() -> Path:
    """The folder that holds the rooms: the checkout, or site-packages."""
    return Path(__file__).resolve().parents[2]


@functools.cache
def stack_version() -> str:
    """As `0.1.0+1f3a5c7e`: the package's version and eight hex digits of its sources."""
    return f"{_package_version()}+{sources_digest(source_root())[:8]}"


def sources_digest(root: Path) -> str:
    """SHA-256 over names and contents of all Python files of the rooms under `root`."""
    total = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            total.update(str(path.relative_to(root)).encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _package_version() -> str:
    try:
        return version("whisper-farm")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0.0.0"
