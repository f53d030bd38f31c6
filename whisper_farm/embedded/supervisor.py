"""Keeps a stack's processes alive for as long as somebody needs them, then ends them all and leaves.

One per data folder (it holds the folder's lock), in one thread and one event loop. It starts a process
again when it ends, adds transcription workers when it is asked to, and leaves when it is told to, when
it gets SIGTERM or SIGINT, when nobody needs it any more, or when its data folder is gone. A folder of that
name may have been made anew by then, with another stack in it: files are touched only while the lock at the
path is the one that we hold.
"""

import asyncio
import dataclasses
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from whisper_farm.embedded.choices import keep_choices
from whisper_farm.embedded.commands import Serve, Wish, read_serve, read_wish
from whisper_farm.embedded.control import Answer, Command, ControlServer, Hold
from whisper_farm.embedded.crew import Crew
from whisper_farm.embedded.idle import IdleClock
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.lock import is_at
from whisper_farm.embedded.processes import mark_of
from whisper_farm.embedded.spec import ProcessTable
from whisper_farm.embedded.state import ModelServed, ProcessState, StackState, is_told, write_state

log = logging.getLogger("whisper_farm.supervisor")

_TICK_SECONDS = 1.0

#: For the command that started the stack to take its lease, however short the patience.
_START_GRACE_SECONDS = 5.0

#: How long open jobs may be uncertain (the dev server is away) before they are taken for gone.
_UNCERTAIN_SECONDS = 120.0

#: What holders of leases hear when a person ended the stack. One that was killed says nothing.
TOLD_TO_LEAVE = "it was ended by 'whisper-farm down'"

#: A model of this name is served with other weights, by commands that still need them.
OTHER_WEIGHTS = "other weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a stack begins with: its own, or what an earlier one had that was lost or replaced."""

    stay: bool = False
    default_model: str | None = None
    models: tuple[ModelServed, ...] = ()


class Supervisor:
    """See the module. `run` is its life."""

    def __init__(
        self,
        *,
        stack: str,
        version: str,
        layout: HomeLayout,
        table: ProcessTable,
        lock: int,
        idle_seconds: float,
        begin: Beginning,
    ) -> None:
        self._stack, self._version, self._layout, self._table, self._lock = (
            stack,
            version,
            layout,
            table,
            lock,
        )
        self._token = secrets.token_urlsafe(32)
        self._control = ControlServer(self._token, self._obey)
        self._control_port = 0
        self._crew = Crew(table, layout, self._write_state, self._is_ours)
        self._begin_with = begin.models
        self._stay, self._default_model = begin.stay, begin.default_model
        self._leases = 0
        self._leaving = asyncio.Event()
        self._started_at = time.time()
        self._mark = mark_of(os.getpid())
        self._idle = IdleClock(idle_seconds, time.monotonic() + _START_GRACE_SECONDS)
        self._uncertain_since: float | None = None

    async def run(self, report: Callable[[], None]) -> None:
        """Until it is time to leave. `report` is called once commands are heard."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leaving.set)
        loop.add_signal_handler(signal.SIGCHLD, self._crew.look)
        self._crew.begin(self._begin_with)
        self._control_port = await self._control.open()
        self._write_state()
        if self._stay:
            self._keep_choices()
        report()
        try:
            await self._watch()
        finally:
            await self._leave()

    @property
    def state(self) -> StackState:
        me = ProcessState(
            role="supervisor",
            name="supervisor",
            pid=self._mark.pid,
            birth=self._mark.birth,
            started=self._started_at,
            ready=True,
        )
        return StackState(
            stack=self._stack,
            version=self._version,
            control_port=self._control_port,
            token=self._token,
            temporal=self._table.temporal,
            store=self._table.store,
            models=self._crew.models,
            default_model=self._default_model,
            stay=self._stay,
            leases=self._leases,
            processes=(me, *self._crew.states),
        )

    def _is_ours(self) -> bool:
        """Whether the data folder is still the one that we hold."""
        return is_at(self._lock, self._layout.lock_file)

    def _write_state(self) -> None:
        if self._control_port and self._is_ours():
            # A full disk must not end the processes; clients ask by the control channel anyhow.
            with suppress(OSError):
                write_state(self._layout.state_file, self.state)

    def _keep_choices(self) -> None:
        if self._is_ours():
            try:
                keep_choices(self._layout, store=self._table.store.kind, default_model=self._default_model)
            except OSError as error:
                log.warning("What was chosen for the stack can't be written down: %s", error)

    # -- staying and leaving

    async def _watch(self) -> None:
        while not self._leaving.is_set():
            await self._think_of_leaving()
            self._crew.look()
            if self._is_ours():
                await self._crew.bound_logs()
                # Clients find us by it: it may have been removed or damaged, or found no room before.
                if not is_told(self._layout.state_file, self.state):
                    self._write_state()
            alone = not self._stay and self._leases == 0
            pause = min(_TICK_SECONDS, self._idle.look_every_seconds) if alone else _TICK_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), pause)

    async def _think_of_leaving(self) -> None:
        if not self._is_ours():
            log.warning("The stack leaves: its data folder is gone")
            self._control.send_away("its data folder was removed")
            self._leaving.set()
            return
        if self._stay or self._leases > 0 or await self._has_open_jobs():
            self._idle.needed(time.monotonic())
        elif self._idle.ran_out(time.monotonic()) and self._leases == 0 and not self._stay:
            log.info("The stack leaves: nobody needs it any more")
            self._leaving.set()

    async def _has_open_jobs(self) -> bool:
        """Whether a job runs, or may run: the dev server is asked, and may be away for a moment."""
        if self._crew.is_broken:
            return False
        try:
            jobs = await asyncio.to_thread(self._table.open_jobs)
        except OSError:
            now = time.monotonic()
            self._uncertain_since = self._uncertain_since or now
            return now - self._uncertain_since < _UNCERTAIN_SECONDS
        self._uncertain_since = None
        return jobs > 0

    async def _leave(self) -> None:
        self._leaving.set()
        self._control.close()
        await self._crew.leave()
        await self._control.hang_up()

    # -- obeying

    async def _obey(self, command: Command) -> tuple[Answer, Hold | None]:
        if self._leaving.is_set():
            return {"ok": False, "why": "leaving"}, None
        match command.get("command"):
            case "lease":
                return await self._lease(read_wish(command))
            case "serve":
                return await self._serve(read_serve(command)), None
            case "stay":
                model = command.get("default_model")
                self._stay = True
                self._default_model = model if isinstance(model, str) else self._default_model
                self._write_state()
                self._keep_choices()
                return {"ok": True}, None
            case "leave":
                return await self._leave_if_asked(only_if_idle=command.get("only_if_idle") is True)
            case "state":
                return self._told(), None
            case _:
                raise ValueError("command")

    def _told(self) -> Answer:
        return {"ok": True, "state": dataclasses.asdict(self.state)}

    async def _lease(self, wish: Wish) -> tuple[Answer, Hold | None]:
        differs = self._differs(wish)
        if differs:
            idle = self._leases == 0 and not await self._has_open_jobs()
            return self._told() | {"ok": False, "why": "differs", "differs": differs, "idle": idle}, None
        self._leases += 1
        return self._told(), Hold(self._let_go)

    def _let_go(self) -> None:
        self._leases -= 1
        self._idle.needed(time.monotonic())

    def _differs(self, wish: Wish) -> list[str]:
        port = int(self._table.temporal.address.rpartition(":")[2])
        return [
            name
            for name, other in (
                ("broken", self._crew.is_broken),
                ("version", wish.version != self._version),
                ("store", wish.store not in {None, self._table.store.kind}),
                ("temporal_port", wish.temporal_port not in {None, port}),
            )
            if other
        ]

    async def _leave_if_asked(self, *, only_if_idle: bool) -> tuple[Answer, Hold | None]:
        if only_if_idle and (self._leases > 0 or await self._has_open_jobs()):
            return {"ok": False, "why": "busy"}, None
        log.info("The stack leaves: it was told to")
        self._control.send_away(TOLD_TO_LEAVE)
        self._leaving.set()
        # Held until everything is gone: whoever told it to leave learns of the end by the connection's.
        return {"ok": True}, Hold(to_the_end=True)

    async def _serve(self, serve: Serve) -> Answer:
        if self._crew.has_other_weights(serve.model) and (self._leases > 1 or await self._has_open_jobs()):
            return {"ok": False, "why": OTHER_WEIGHTS}
        self._crew.serve(serve)
        return {"ok": True}
