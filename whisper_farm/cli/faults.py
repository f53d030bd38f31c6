"""What went wrong, as an exit code and one sentence: the only place that turns one into the other.

0    done, complete
1    a job failed, or is not complete through the farm's fault
2    the request was wrong, and nothing was started
3    the farm can't be reached or can't run; the job is kept
130  interrupted (143 by SIGTERM, 129 by a closed terminal); the job is kept
"""

import errno
import sys
import tempfile
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from typer.exceptions import TyperException

from whisper_farm.cli import signals
from whisper_farm.errors import FarmError, PermanentError
from whisper_farm.farm.quoting import quoted

DONE, JOB_FAILED, WRONG_REQUEST, FARM_FAULT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Fault:
    """How a command that failed ends."""

    code: int
    sentence: str
    kind: str  #: for scripts: the error's name


def fault_of(error: BaseException, *, home: Path | None) -> Fault:
    """The exit code and the sentence for whatever a command raised. Details go to a log under `home`."""
    kind = type(error).__name__
    match error:
        case signals.Interrupted():
            return Fault(signals.exit_code(), str(error), kind)
        case KeyboardInterrupt() | typer.Abort():
            return Fault(signals.exit_code(), "Interrupted.", "Interrupted")
        case TyperException():
            return Fault(WRONG_REQUEST, _usage(error), "BadRequest")
        case PermanentError():
            return Fault(WRONG_REQUEST, str(error), kind)
        case FarmError():
            return Fault(FARM_FAULT, str(error), kind)
        case OSError() if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            where = f" for '{error.filename}'" if error.filename else ""
            sentence = f"No room is left on the device{where}; make some and try again."
            return Fault(FARM_FAULT, sentence, "StoreFull")
        case _:
            return Fault(FARM_FAULT, _unforeseen(error, home), kind)


def _usage(error: TyperException) -> str:
    """What typer says of the command line, as one sentence."""
    said = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "whisper-farm"
    dashed = [word for word in sys.argv[1:] if word.startswith("-") and Path(word).is_file()]
    if dashed:
        return f"{said}; where {quoted(dashed[0])} is meant as a file, write '--' before it."
    return f"{said}; see '{command} --help'."


def _unforeseen(error: BaseException, home: Path | None) -> str:
    """A fault of the program's own: its details are for a log, not for a terminal."""
    said = " ".join(str(error).split())[:300]
    trace = "".join(traceback.format_exception(error))
    entry = f"{datetime.now().astimezone().isoformat(timespec='seconds')} {' '.join(sys.argv)!r}\n{trace}\n"
    log = _write_log(entry, home)
    where = f"the details are in {log}" if log else "its details could not be written anywhere"
    what = f"{type(error).__name__}{': ' if said else ''}{said}"
    return f"Something went wrong that the farm did not foresee ({what}); {where}."


def _write_log(entry: str, home: Path | None) -> Path | None:
    for folder in (home / "logs" if home is not None else None, Path(tempfile.gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = folder / "whisper-farm-command.log"
            with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(entry)
        except OSError:
            continue
        return log
    return None
