"""Keeps one process alive: starts it, sees it come up, starts it again when it ends."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from whisper_farm.embedded.child import Child
from whisper_farm.embedded.restarts import Deaths, is_hopeless, pause_seconds
from whisper_farm.embedded.spec import ProcessSpec
from whisper_farm.embedded.state import ProcessState

log = logging.getLogger("whisper_farm.supervisor")

_FIRST_LOOK_SECONDS = 0.03
_SLOWEST_LOOK_SECONDS = 0.25


class Keeper:
    """The life of one `ProcessSpec` within a stack. Its task is `keep`."""

    def __init__(
        self,
        spec: ProcessSpec,
        *,
        log: Path,
        folder: Path,
        changed: Callable[[], None],
        is_ours: Callable[[], bool],
    ) -> None:
        """`changed` is called whenever `state` is another one than before; `is_ours` says whether `folder`
        still is, because nothing may be started in another stack's.
        """
        self.spec = spec
        self.up = asyncio.Event()  #: set while the process is up
        self._log = log
        self._folder = folder
        self._changed = changed
        self._is_ours = is_ours
        self._child: Child | None = None
        self._deaths = Deaths()
        self._ever_ready = False
        self._restarts = 0
        self._start_fault = ""
        self._said = ""
        self._trouble: str | None = None
        self._leaving = asyncio.Event()

    @property
    def given_up(self) -> bool:
        return self._trouble is not None

    @property
    def state(self) -> ProcessState:
        child = self._child if self._child is not None and self._child.running else None
        return ProcessState(
            role=self.spec.role,
            name=self.spec.name,
            pid=child.pid if child else None,
            birth=child.mark.birth if child else "",
            started=child.started_at if child else 0.0,
            ready=self.up.is_set(),
            restarts=self._restarts,
            model=self.spec.model,
            last_words=self._said,
            trouble=self._trouble,
        )

    def look(self) -> None:
        """Some child may have ended: see whether it was this one."""
        if self._child is not None:
            self._child.look()

    async def keep(self, others: Callable[[str], "Keeper"]) -> None:
        """Run the process until it is told to leave or is hopeless. `others` finds keepers by name."""
        for name in self.spec.after:
            await others(name).up.wait()
        last_words = ""
        while not self._leaving.is_set():
            code = await self._one_life(last_words)
            if self._leaving.is_set():
                break
            last_words = self._said = self._last_words(code)
            log.warning("%s ended (%s): %s", self.spec.name, code, last_words)
            if is_hopeless(self._deaths, code=code, ever_ready=self._ever_ready):
                self._trouble = last_words
                self._changed()
                break
            self._changed()
            await asyncio.sleep(pause_seconds(self._deaths))
            self._restarts += 1

    async def leave(self) -> None:
        """Tell the process to leave, for good."""
        self._leaving.set()
        if self._child is not None:
            await self._child.leave()
        self.up.clear()

    async def _one_life(self, last_words: str) -> int:
        """From start to end; the exit code."""
        if not self._is_ours():
            await self._leaving.wait()  # the supervisor is about to see it
            return 0
        try:
            if self.spec.before_start is not None:
                await asyncio.to_thread(self.spec.before_start, last_words)
            if self._leaving.is_set():
                return 0
            self._child = child = Child(self.spec, log=self._log, folder=self._folder)
        except OSError as error:
            self._child = None
            self._start_fault = f"The {self.spec.role} process can't be started: {error.strerror}."
            self._deaths = self._deaths.with_one_more(code=1, lived_seconds=0, ever_ready=self._ever_ready)
            return 1
        self._changed()
        watch = asyncio.create_task(self._see_it_come_up(child))
        child.look()
        try:
            code = await child.ended()
        finally:
            watch.cancel()
            self.up.clear()
        self._deaths = self._deaths.with_one_more(
            code=code, lived_seconds=child.lived_seconds, ever_ready=self._ever_ready
        )
        return code

    async def _see_it_come_up(self, child: Child) -> None:
        pause = _FIRST_LOOK_SECONDS
        while True:
            try:
                if self._is_ours() and await asyncio.to_thread(self.spec.ready, child.pid):
                    break
            except OSError:
                pass  # it does not answer yet
            except Exception as error:
                log.warning("%s can't be asked whether it is up: %r", self.spec.name, error)
            await asyncio.sleep(pause)
            pause = min(_SLOWEST_LOOK_SECONDS, pause * 1.2)
        if child.running:
            self._ever_ready = True
            self.up.set()
            self._changed()

    def _last_words(self, code: int) -> str:
        if self._child is None:
            return self._start_fault
        how = f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return self._child.last_words or f"The {self.spec.role} process {how} and said nothing."
