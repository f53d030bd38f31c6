"""The recordings of one `transcribe`, each on its own way, and what is told of them in the end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.cli import printing
from whisper_farm.cli.ending import exit_code_of
from whisper_farm.cli.faults import DONE, FARM_FAULT, JOB_FAILED
from whisper_farm.errors import FarmError, PermanentError
from whisper_farm.farm.connection import is_remote
from whisper_farm.farm.looking import Placed
from whisper_farm.farm.quoting import printable
from whisper_farm.farm.watching import Ended
from whisper_farm.farm.which_job import Which
from whisper_farm.models import Recording


@dataclass(slots=True)
class Task:
    """One recording on its way to its transcript."""

    row: int
    placed: Placed
    sha256: str | None = None  #: of its content, once that was read
    recording: Recording | None = None  #: once it is stored
    which: Which | None = None  #: the job it is, once that is settled
    job: str | None = None  #: the same, once it is begun, joined or found complete
    ended: Ended | None = None
    written: dict[str, Path] = field(default_factory=dict)
    fault: FarmError | None = None  #: what kept this one alone from its end
    began_at: float = field(default_factory=time.monotonic)
    took_seconds: float | None = None

    @property
    def name(self) -> str:
        return str(self.placed.looked.path)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it."""
        return self.ended is None and self.fault is None


def kept(tasks: Sequence[Task]) -> str:
    """What to say of the jobs where the command is interrupted."""
    begun = [task.job for task in tasks if task.job is not None and task.ended is None]
    if not begun:
        return "Interrupted; no job was left running, and the same command begins where this one stopped."
    goes_on = "elsewhere" if is_remote() else "here"
    if len(begun) == 1:
        return (
            f"Interrupted; the job '{begun[0]}' is kept and goes on {goes_on}, and the same command takes it"
            " up again."
        )
    many = f"{len(begun)} jobs are kept and go on {goes_on}"
    return f"Interrupted; {many}, and the same command takes them up again."


def print_results(tasks: Sequence[Task], *, as_json: bool) -> int:
    """Print what came of each; the exit code."""
    if as_json:
        printing.show_json({"jobs": [_as_json(task) for task in tasks]})
    else:
        for task in tasks:
            for path in task.written.values():
                printing.show(printable(str(path)))
    return exit_code(tasks)


def exit_code(tasks: Sequence[Task]) -> int:
    """0 where all are complete and written, 3 where only the farm stood in the way of some, else 1."""
    if any(task.is_open or isinstance(task.fault, PermanentError) for task in tasks):
        return JOB_FAILED
    if (code := exit_code_of(*(task.ended for task in tasks if task.ended is not None))) != DONE:
        return code
    return FARM_FAULT if any(task.fault is not None for task in tasks) else DONE


def _as_json(task: Task) -> dict[str, object]:
    result = task.ended.result if task.ended is not None else None
    return {
        "file": task.name,
        "job": task.job,
        "state": task.ended.state if task.ended is not None else "failed",
        "message": str(task.fault) if task.fault is not None else task.ended.message if task.ended else None,
        "outputs": {extension: str(path) for extension, path in task.written.items()},
        "language": result.language if result is not None else None,
        "duration": result.duration_seconds if result is not None else None,
        "words": result.word_count if result is not None else None,
        "gaps": result.gap_count if result is not None else None,
        "found": task.ended.found if task.ended is not None else False,
        "elapsed_seconds": round(task.took_seconds, 3) if task.took_seconds is not None else None,
    }
