"""Small files of the data folder, replaced whole and readable by their owner alone."""

import os
import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path` at once: whoever reads sees the old bytes or the new ones. Mode 0600.

    `durable`: wait until the disk has them, so that a power failure leaves no empty file either.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
