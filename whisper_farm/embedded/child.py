"""One process of a stack, from its start to its end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from whisper_farm.embedded import launch
from whisper_farm.embedded.logs import last_sentence, open_log, size
from whisper_farm.embedded.processes import ProcessMark, mark_of
from whisper_farm.embedded.spec import ProcessSpec


class Child:
    """A started process. It leads a group of its own, so that what it started ends with it."""

    def __init__(self, spec: ProcessSpec, *, log: Path, folder: Path) -> None:
        """Starts it. Call from the main thread: Linux ends it with the thread that started it.

        Raises:
            OSError: it can't be started.
        """
        self.spec = spec
        self.ready = False
        self.started_at = time.time()
        self.lived_since = time.monotonic()
        self._log = log
        self._log_offset_bytes = size(log)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        output = open_log(log)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(launch.__file__)), str(os.getpid()), *spec.argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env=dict(spec.environment),
                process_group=0,
            )
        finally:
            os.close(output)
        self.mark: ProcessMark = mark_of(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._ended.done()

    @property
    def lived_seconds(self) -> float:
        return time.monotonic() - self.lived_since

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        return last_sentence(self._log, self._log_offset_bytes)

    def look(self) -> None:
        """See whether it has ended. Called whenever some child may have."""
        if self._ended.done() or not self._has_ended():
            return
        # Its group goes while the ended process still holds the group's number: nobody else can have it yet.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._ended.set_result(self._process.wait())

    async def ended(self) -> int:
        """Waits for its end; its exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    async def leave(self) -> None:
        """Tell it to leave, and end it where it does not within its time."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.ended(), self.spec.leave_seconds)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.ended()

    def _signal(self, number: int) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _has_ended(self) -> bool:
        if hasattr(os, "waitid"):
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return seen is not None
        return self._process.poll() is not None
