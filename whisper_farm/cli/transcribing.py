"""What `transcribe` does, in its order: look, choose, join, settle, store, begin, watch, write.

Blocking steps are plain code, so that Ctrl-C ends them where they stand; only what Temporal's client
does runs in the event loop. Until the first job is begun, whatever is wrong ends the command: with 2 where
the request is wrong. From then on each recording's trouble is its own, and the others still finish.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.audio.formats import key_extension
from whisper_farm.cli import printing
from whisper_farm.cli.board import Board, board_for
from whisper_farm.cli.door import OpenDoor, check_knows, model_here, open_door
from whisper_farm.cli.ending import sentence_of, warning_of
from whisper_farm.cli.hearing import Hearing
from whisper_farm.cli.signals import Interrupted
from whisper_farm.cli.tasks import Task, kept, print_results
from whisper_farm.cli.waiting import wait_for
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.errors import (
    FarmError,
    PermanentError,
    RecordingChanged,
    RecordingUnusable,
    StackBroken,
    StoreUnreachable,
)
from whisper_farm.farm import jobs, watching, which_job
from whisper_farm.farm.connection import is_remote, records
from whisper_farm.farm.ledger import OutputLedger, file_sha256
from whisper_farm.farm.looking import check_room, look_at_all
from whisper_farm.farm.model_choice import ChosenModel
from whisper_farm.farm.outputs import write_outputs
from whisper_farm.farm.quoting import quoted
from whisper_farm.farm.store_patience import StorePatience, is_away
from whisper_farm.farm.watching import Ended
from whisper_farm.farm.which_job import Wish
from whisper_farm.intake.storing import store_recording
from whisper_farm.keys import recording_source
from whisper_farm.request import TranscribeRequest
from whisper_farm.settings import FarmSettings, IntakeSettings, load
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.disk import DiskStore
from whisper_farm.subtitles.options import SubtitleOptions

#: Reading this much takes seconds.
_LONG_TO_READ_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command's arguments, read."""

    paths: tuple[Path, ...]
    model: str | None
    hearing: Hearing
    workers: int | None
    formats: tuple[str, ...]
    out: Path | None
    force: bool
    again: bool
    subtitles: SubtitleOptions


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
    check_knows(asked.hearing.decoding, asked.model, model)
    if not is_remote():
        check_room(settings.home, [each.looked for each in placed])
    tasks = [Task(row, each) for row, each in enumerate(placed)]
    with board_for([each.looked.name for each in placed]) as board:
        work = _Work(asked, settings, limits, ledger, board, tasks)
        try:
            if model is None or not work.find_finished(model):
                work.through_the_farm(model)
        except KeyboardInterrupt:
            raise Interrupted(kept(tasks)) from None
    return print_results(tasks, as_json=as_json)


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

    @property
    def _open_tasks(self) -> list[Task]:
        return [task for task in self._tasks if task.is_open]

    # -- without a stack

    def find_finished(self, model: ChosenModel) -> bool:
        """Whether each job was done before, so that no stack is needed; a store that is down can't tell."""
        if self._asked.again:
            return False
        HomeLayout(self._settings.home).prepare()  # before the store is: the folder is for this user alone
        try:
            store = records(self._settings)
        except StackBroken:
            return False
        try:
            self._answer_from(store, model)
        except StoreUnreachable as error:
            if isinstance(store, DiskStore) or not is_away(error):
                raise
            return False  # our own MinIO, which the stack brings back
        return not self._open_tasks

    def _answer_from(self, store: ObjectStore, model: ChosenModel) -> None:
        for task in self._tasks:
            self._store(store, task)
        known = [(task, self._wish(task, model)) for task in self._open_tasks]
        found = [(task, which_job.find_complete(store, wish)) for task, wish in known if wish is not None]
        for task, which in found:
            if which is not None and which.ended is not None:
                self._end(store, task, which.ended)

    # -- through the farm

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
            patience = opened.patience(self._board.note)
            waiting = self._open_tasks
            if len(waiting) == 1:  # else each is hashed first: none is begun before all are known
                patience.patiently(lambda: self._store(opened.farm.store, waiting[0]))
            for task in waiting:
                self._settle(opened, patience, task)
            for task in waiting:
                self._begin_or_fail(opened, patience, task)
            wait_for(self._watch_all(opened, patience))

    def _settle(self, door: OpenDoor, patience: StorePatience, task: Task) -> None:
        """Which job it is. Raises `JobTaken`."""
        wish = self._wish(task, door.model)
        if wish is not None:
            task.which = patience.patiently(
                lambda: wait_for(
                    which_job.settle(door.farm.client, door.farm.store, wish), tick=door.keep_alive
                )
            )

    def _begin_or_fail(self, door: OpenDoor, patience: StorePatience, task: Task) -> None:
        try:
            self._begin(door, patience, task)
        except FarmError as error:
            if not any(other.job is not None for other in self._tasks if other is not task):
                raise  # nothing was started
            if isinstance(error, PermanentError):
                task.job = None
            self._fail(task, error)

    def _begin(self, door: OpenDoor, patience: StorePatience, task: Task) -> None:
        store, hashed = door.farm.store, task.sha256
        if task.which is None or not (task.which.ended or task.which.runs):
            patience.patiently(lambda: self._store(store, task))
            if task.sha256 != hashed:  # it was written to meanwhile
                self._settle(door, patience, task)
        which = task.which
        if which is None or task.fault is not None:
            return
        task.job = which.job
        task.began_at = time.monotonic()
        if which.ended is not None:
            ended = which.ended
            patience.patiently(lambda: self._end(store, task, ended))
            return
        how: jobs.HowBegun = "joined"
        if not which.runs:
            how = patience.patiently(lambda: wait_for(self._start(door, task), tick=door.keep_alive))
        if how == "joined":
            self._board.note(f"{quoted(task.name)}: its job runs already; watching it.")

    async def _start(self, door: OpenDoor, task: Task) -> jobs.HowBegun:
        which, recording = task.which, task.recording
        assert which is not None
        assert recording is not None
        request = which.request.model_copy(update={"source": recording.key})
        length = recording.duration_seconds
        return await jobs.begin(door.farm.client, door.farm.store, which.job, request, seconds=length)

    def _store(self, store: ObjectStore, task: Task) -> None:
        """Bring the recording into the store. One that turns out unusable by now stops only itself."""
        if task.recording is not None or task.fault is not None:
            return
        looked = task.placed.looked
        self._board.sending(task.row, 0, looked.size_bytes)
        try:
            task.recording = store_recording(
                store,
                looked.path,
                name=looked.name,
                limits=self._limits,
                on_bytes=lambda count: self._board.sending(task.row, count, looked.size_bytes),
            )
            task.sha256 = task.recording.sha256
        except (RecordingUnusable, RecordingChanged) as error:
            self._fail(task, error)

    async def _watch_all(self, door: OpenDoor, patience: StorePatience) -> None:
        waiting = self._open_tasks
        await asyncio.gather(
            *(self._watch(door, patience, task, every_seconds=0.3 + 0.02 * len(waiting)) for task in waiting)
        )

    async def _watch(
        self, door: OpenDoor, patience: StorePatience, task: Task, *, every_seconds: float
    ) -> None:
        assert task.job is not None
        try:
            ended = await watching.watch(
                door.farm.client,
                task.job,
                seen=lambda progress: self._board.hearing(task.row, progress),
                troubled=lambda sentence: self._board.troubled(task.row, sentence),
                tick=door.keep_alive,
                every_seconds=every_seconds,
            )
            task.ended = ended
            task.took_seconds = time.monotonic() - task.began_at
            await patience.patiently_async(lambda: self._end(door.farm.store, task, ended))
        except FarmError as error:
            self._fail(task, error)

    # -- the end of each

    def _end(self, store: ObjectStore, task: Task, ended: Ended) -> None:
        """Write the transcript, where there is one, and say how it went.

        Raises:
            StoreUnreachable: it can't be read now. All other trouble is the recording's own.
        """
        task.job = ended.job
        if ended.result is not None:
            try:
                task.written = write_outputs(
                    store,
                    ended.result.outputs,
                    task.placed.outputs,
                    self._ledger,
                    force=self._asked.force,
                    subtitles=self._asked.subtitles,
                )
            except FarmError as error:
                if is_away(error):
                    raise
                task.ended = ended
                self._fail(task, error)
                return
        task.ended = ended
        self._board.ended(task.row, sentence_of(task.name, ended, elapsed_seconds=task.took_seconds))
        if (warning := warning_of(task.name, ended)) is not None:
            self._board.note(warning)

    def _fail(self, task: Task, error: FarmError) -> None:
        """What keeps this one from its end. The farm's fault is the command's, where this is all it does."""
        if len(self._tasks) == 1 and task.ended is None and not isinstance(error, PermanentError):
            raise error
        task.fault = error
        which = "" if isinstance(error, PermanentError) else f"{quoted(task.name)}: "  # those name it
        told = f" The transcript is kept: whisper-farm export {task.job}" if task.ended is not None else ""
        self._board.ended(task.row, f"{which}{error}{told}")

    # -- what is asked of the farm

    def _wish(self, task: Task, model: ChosenModel) -> Wish | None:
        """The recording's request; None where its content can't be read, which storing it will tell."""
        looked = task.placed.looked
        if task.fault is not None:
            return None
        if task.sha256 is None:
            if looked.size_bytes > _LONG_TO_READ_BYTES:
                self._board.preparing(f"Reading {looked.name}")
            try:
                task.sha256 = file_sha256(looked.path)
            except OSError:
                return None
        request = TranscribeRequest(
            source=recording_source(task.sha256, key_extension(looked.name)),
            model=model.name,
            weights=model.fingerprint,
            decoding=self._asked.hearing.decoding,
            word_timestamps=self._asked.hearing.word_timestamps,
            name=looked.name,
            again=self._asked.again,
            subtitles=self._asked.subtitles,
        )
        return Wish(recording_sha256=task.sha256, request=request, model=model)
