"""The one door through which every command leaves.

A short-lived client of Temporal dies now and then while the interpreter ends, with exit code 134 or
139 after all it had to do was done: a thread of the SDK's Rust core meets an interpreter that is being
taken down (its issue 300). So the interpreter is never taken down: the streams are flushed and the
process ends by `os._exit`. Nothing may therefore rely on `atexit` or on destructors: whatever has to be
put away is put away by `with` blocks before this.
"""

import os
from typing import NoReturn

from whisper_farm.cli import printing

COULD_NOT_RUN = 3


def leave(code: int) -> NoReturn:
    """End the process with this exit code, whatever the SDK's threads are doing."""
    try:
        printing.flush()
    except OSError as error:
        printing.say(f"The result could not be written to stdout: {error.strerror}.")
        code = code or COULD_NOT_RUN
    os._exit(code)
