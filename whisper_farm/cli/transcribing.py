"""What `transcribe` does, in its order: look, choose, join, store, begin, watch, write.

Blocking steps are plain code, so that Ctrl-C ends them where they stand; only what Temporal's client
does runs in the event loop. Up to `join` nothing is started, so whatever is wrong until then is 2.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.cli import printing
from whisper_farm.cli.board import Board, board_for
from whisper_farm.cli.door import OpenDoor, model_here, open_door
from whisper_farm.cli.ending import exit_code_of, sentence_of, warning_of
from whisper_farm.cli.faults import JOB_FAILED
from whisper_farm.cli.signals import Interrupted
from whisper_farm.cli.waiting import wait_for
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.errors import BadRequest, FarmError, RecordingChanged, RecordingUnusable, StackBroken
from whisper_farm.farm import jobs, watching
from whisper_farm.farm.connection import is_remote, records
from whisper_farm.farm.ledger import OutputLedger
from whisper_farm.farm.looking import Placed, check_room, look_at_all
from whisper_farm.farm.model_choice import ChosenModel
from whisper_farm.farm.outputs import write_outputs
from whisper_farm.farm.quoting import printable, quoted
from whisper_farm.farm.watching import Ended
from whisper_farm.identity import job_id_for
from whisper_farm.intake.storing import store_recording
from whisper_farm.models import Recording
from whisper_farm.request import LANGUAGE_CODES, Decoding, TranscribeRequest
from whisper_farm.settings import FarmSettings, IntakeSettings, load
from whisper_farm.storage.base import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command's arguments, read."""

    paths: tuple[Path, ...]
    model: str | None
    decoding: Decoding
    workers: int | None
    formats: tuple[str, ...]
    out: Path | None
    force: bool
    again: bool


@dataclass(slots=True)
class Task:
    """One recording on its way to its transcript."""

    row: int
    placed: Placed
    job: str | None = None
    ended: Ended | None = None
    written: dict[str, Path] = field(default_factory=dict)
    fault: FarmError | None = None  #: what kept this one alone from its end
    began_at: float = field(default_factory=time.monotonic)
    took_seconds: float | None = None

    @property
    def name(self) -> str:
        return str(self.placed.looked.path)


def read_language(code: str) -> str:
    """`auto`, or the code of a language that Whisper knows. Raises `BadRequest` for others."""
    wanted = code.strip().lower()
    if wanted != "auto" and wanted not in LANGUAGE_CODES:
        raise BadRequest(f"--language does not know {quoted(code)}; give a code as 'en' or 'de', or 'auto'.")
    return wanted


def carry_out(asked: Asked, *, as_json: bool) -> int:
    """Transcribe what was asked, and print what came of it; the exit code."""
    settings, limits = load(FarmSettings), load(IntakeSettings)
    ledger = OutputLedger(settings.home)
    placed = look_at_all(
        asked.paths,
        out=asked.out,
        formats=asked.formats,
        force=asked.force,
        ledger=ledger,
        limits=limits,
        also=printing.say,
    )
    model = model_here(settings, asked.model)
    if not is_remote():
        check_room(settings.home, [each.looked for each in placed])
    tasks = [Task(row, each) for row, each in enumerate(placed)]
    with board_for([each.looked.name for each in placed]) as board:
        work = _Work(asked, settings, limits, ledger, board, tasks)
        try:
            if model is None or not work.find_finished(model):
                work.through_the_farm(model)
        except KeyboardInterrupt:
            raise Interrupted(_kept(tasks)) from None
    return _print_results(tasks, as_json=as_json)


class _Work:
    """The steps between looking and printing."""

    def __init__(
        self,
        asked: Asked,
        settings: FarmSettings,
        limits: IntakeSettings,
        ledger: OutputLedger,
        board: Board,
        tasks: Sequence[Task],
    ) -> None:
        self._asked, self._settings, self._limits = asked, settings, limits
        self._ledger, self._board, self._tasks = ledger, board, tasks
        self._recordings: dict[int, Recording] = {}

    def find_finished(self, model: ChosenModel) -> bool:
        """Whether each job was done before, so that no stack is needed; a store that is down can't tell."""
        if self._asked.again:
            return False
        HomeLayout(self._settings.home).prepare()  # before the store is: the folder is for this user alone
        try:
            store = records(self._settings)
        except StackBroken:
            return False
        for task in self._tasks:
            self._store(store, task)
            self._take_finished(store, task, model)
        return all(task.ended is not None or task.fault is not None for task in self._tasks)

    def through_the_farm(self, model: ChosenModel | None) -> None:
        """Begin each job that has not ended, and wait for all of them."""
        door = open_door(
            self._settings,
            self._asked.model,
            chosen=model,
            workers=self._asked.workers,
            say=self._board.preparing,
        )
        with door as opened:
            if (warning := opened.warning()) is not None:
                self._board.note(warning)
            for task in self._tasks:
                self._begin(opened, task)
            wait_for(self._watch_all(opened))

    def _begin(self, door: OpenDoor, task: Task) -> None:
        if task.ended is not None or task.fault is not None:
            return
        self._store(door.farm.store, task)
        recording = self._recordings.get(task.row)
        if recording is None or (
            not self._asked.again and self._take_finished(door.farm.store, task, door.model)
        ):
            return
        task.job = self._job_of(recording, door.model)
        task.began_at = time.monotonic()
        how = wait_for(
            jobs.begin(
                door.farm.client,
                door.farm.store,
                task.job,
                self._request(recording, task, door.model),
                seconds=recording.duration_seconds,
            )
        )
        if how == "joined":
            self._board.note(f"{quoted(task.name)}: its job runs already; watching it.")

    def _store(self, store: ObjectStore, task: Task) -> None:
        """Bring the recording into the store. One that turns out unusable by now stops only itself."""
        if task.row in self._recordings or task.fault is not None:
            return
        looked = task.placed.looked
        self._board.sending(task.row, 0, looked.size_bytes)
        try:
            self._recordings[task.row] = store_recording(
                store,
                looked.path,
                name=looked.name,
                limits=self._limits,
                on_bytes=lambda count: self._board.sending(task.row, count, looked.size_bytes),
            )
        except (RecordingUnusable, RecordingChanged) as error:
            self._fail(task, error)

    def _take_finished(self, store: ObjectStore, task: Task, model: ChosenModel) -> bool:
        """Whether the job was done before; then its transcript is written now."""
        recording = self._recordings.get(task.row)
        if recording is None or task.fault is not None:
            return False
        job = self._job_of(recording, model)
        ended = jobs.finished(store, job, self._request(recording, task, model))
        if ended is None:
            return False
        task.job = job
        self._end(store, task, ended)
        return True

    async def _watch_all(self, door: OpenDoor) -> None:
        waiting = [task for task in self._tasks if task.ended is None and task.fault is None]
        await asyncio.gather(
            *(self._watch(door, task, every_seconds=0.3 + 0.02 * len(waiting)) for task in waiting)
        )

    async def _watch(self, door: OpenDoor, task: Task, *, every_seconds: float) -> None:
        assert task.job is not None
        ended = await watching.watch(
            door.farm.client,
            task.job,
            seen=lambda progress: self._board.hearing(task.row, progress),
            troubled=lambda sentence: self._board.troubled(task.row, sentence),
            tick=door.keep_alive,
            every_seconds=every_seconds,
        )
        task.took_seconds = time.monotonic() - task.began_at
        self._end(door.farm.store, task, ended)

    def _end(self, store: ObjectStore, task: Task, ended: Ended) -> None:
        """Write the transcript, where there is one, and say how it went."""
        task.ended = ended
        if ended.result is not None:
            try:
                task.written = write_outputs(
                    store, ended.result.outputs, task.placed.outputs, self._ledger, force=self._asked.force
                )
            except FarmError as error:
                self._fail(task, error)
                return
        self._board.ended(task.row, sentence_of(task.name, ended, elapsed_seconds=task.took_seconds))
        if (warning := warning_of(task.name, ended)) is not None:
            self._board.note(warning)

    def _fail(self, task: Task, error: FarmError) -> None:
        task.fault = error
        kept = f" The transcript is kept: whisper-farm export {task.job}" if task.ended is not None else ""
        self._board.ended(task.row, f"{error}{kept}")

    def _job_of(self, recording: Recording, model: ChosenModel) -> str:
        return job_id_for(recording.sha256, weights=model.identity, decoding=self._asked.decoding)

    def _request(self, recording: Recording, task: Task, model: ChosenModel) -> TranscribeRequest:
        return TranscribeRequest(
            source=recording.key,
            model=model.name,
            weights=model.fingerprint,
            decoding=self._asked.decoding,
            name=task.placed.looked.name,
            again=self._asked.again,
        )


def _kept(tasks: Sequence[Task]) -> str:
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


def _print_results(tasks: Sequence[Task], *, as_json: bool) -> int:
    if as_json:
        printing.show_json({"jobs": [_as_json(task) for task in tasks]})
    else:
        for task in tasks:
            for path in task.written.values():
                printing.show(printable(str(path)))
    if any(task.fault is not None or task.ended is None for task in tasks):
        return JOB_FAILED
    return exit_code_of(*(task.ended for task in tasks if task.ended is not None))


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
