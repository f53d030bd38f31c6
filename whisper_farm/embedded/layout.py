"""Where everything of one embedded stack lies in its data folder, and that the folder can be used at all.

stack.json, stack.lock      what runs, and the lock that its supervisor holds for its life
ports.json                  the ports chosen at the first start
choices.json                the store and the default model that a person chose
temporal/                   the dev server's SQLite file
minio/                      MinIO's data and its generated credentials
store/                      the local-folder store
logs/<process>.log          what each process says, of bounded size
scratch/                    temporary files of all processes; emptied when the stack starts and leaves
"""

import errno
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.errors import StackBroken

#: Below this a dev server can't be counted on to make its database.
LEAST_FREE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HomeLayout:
    """The paths of the stack whose data folder is `root`."""

    root: Path

    @property
    def state_file(self) -> Path:
        return self.root / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "stack.lock"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def choices_file(self) -> Path:
        return self.root / "choices.json"

    @property
    def temporal(self) -> Path:
        return self.root / "temporal"

    @property
    def minio(self) -> Path:
        return self.root / "minio"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    def log(self, process: str) -> Path:
        """The log of the process of this name."""
        return self.logs / f"{process}.log"

    def prepare(self) -> None:
        """Make the folders that every stack needs, for this user alone.

        Raises:
            StackBroken: the folder can't be made or written, or its disk is full.
        """
        try:
            for folder in (self.root, self.temporal, self.logs, self.scratch):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_mode & 0o077:
                self.root.chmod(0o700)
            probe = self.root / f".probe-{secrets.token_hex(4)}"
            probe.touch(mode=0o600)
            probe.unlink()
            free_bytes = shutil.disk_usage(self.root).free
        except OSError as error:
            raise unusable_home(self.root, error) from None
        if free_bytes < LEAST_FREE_BYTES:
            raise StackBroken(
                f"The disk that holds the data folder '{self.root}' is full ({free_bytes // 1024**2} MB are"
                " free); free some space, or set WHISPER_FARM_HOME to a folder on another disk."
            )

    def clear_scratch(self) -> None:
        """Remove whatever processes left in `scratch`."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def unusable_home(root: Path, error: OSError) -> StackBroken:
    """What to say where the data folder can't be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StackBroken(
            f"The disk that holds the data folder '{root}' is full; free some space, or set WHISPER_FARM_HOME"
            " to a folder on another disk."
        )
    why = os.strerror(error.errno) if error.errno else str(error)
    return StackBroken(
        f"The data folder '{root}' can't be written ({why}); make it writable, or set WHISPER_FARM_HOME to"
        " another folder."
    )
