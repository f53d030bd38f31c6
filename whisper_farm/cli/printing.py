"""Results on stdout, sentences on stderr. A reader who has gone away (`... | head -1`) is no error."""

import json
import os
import sys
from typing import Any

from whisper_farm.farm.quoting import printable


def prepare_streams() -> None:
    """Names with bytes that no encoding knows are printed escaped instead of failing the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def show(text: str = "") -> None:
    """One line (or several) of the result."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()


def show_json(value: Any) -> None:
    """The whole result as one JSON document."""
    show(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(sentence: str) -> None:
    """One line on stderr; a stderr that nobody reads any more is no reason to stop."""
    try:
        sys.stderr.write(f"{printable(sentence)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def flush() -> None:
    """Push out what the streams still hold. Raises `OSError` where stdout can't take it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def _nobody_reads() -> None:
    """Send what is still written to stdout nowhere, so that the end of the program does not fail on it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
