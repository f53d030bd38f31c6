"""The ledger of outputs: by its hash, each file's content that this home's farm ever wrote.

A transcript beside a recording is overwritten by the next one without a question, because the farm
wrote it; once a person has edited it, its hash is in no ledger any more and it is theirs. The ledger is
one file of lines, only ever appended to, so that any number of commands can write it at once; a line
torn by a crash is passed over.
"""

import hashlib
import os
import re
from pathlib import Path

from whisper_farm.errors import StackBroken

_LINE = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1024 * 1024


class OutputLedger:
    """What the farm of one data folder has written."""

    def __init__(self, home: Path) -> None:
        self._path = home / "outputs.ledger"

    def knows(self, sha256: str) -> bool:
        """Whether the farm once wrote content of this hash."""
        try:
            lines = self._path.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return False
        return sha256 in {line for line in lines if _LINE.fullmatch(line)}

    def enter(self, sha256: str) -> None:
        """Remember that the farm writes content of this hash. Call before the file appears."""
        if self.knows(sha256):
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, f"\n{sha256}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise StackBroken(
                f"The data folder '{self._path.parent}' can't be written ({error.strerror}); make room there"
                " or set WHISPER_FARM_HOME to another folder."
            ) from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
