"""One run of ffmpeg over untrusted media: bounded, drained, and gone when it is left.

The input comes from an open file or from an iterator of blocks that a thread writes into its stdin.
Whoever reads stdout drains stderr too, so that a chatty ffmpeg never blocks. The process has a session of its
own, may write no large file, and is killed and reaped however the block is left.
"""

import contextlib
import os
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from whisper_farm.errors import DecoderFailed

#: ffmpeg and whoever feeds it may both stand still for so long before it counts as hung.
STALL_SECONDS = 120.0

_READ_BYTES = 1 << 18
_MOST_COMPLAINTS = 64
_LINE_BYTES = 2_000
_MEMORY_BYTES = 6 << 30  #: address space; a static ffmpeg takes 1 GiB of it before it does anything
_FILE_BYTES = 1 << 20  #: it writes into pipes only; a wrapper around it may note something
_WRITER_LEAVES_SECONDS = 5.0

#: What ffmpeg prints before a message: `[mp3float @ 0x55dd]`, once or more.
_SPEAKER = re.compile(r"\[(?P<who>[^\]@]*?)\s*(?:@ 0x[0-9a-f]+)?\]\s*")
_NOT_A_COMPLAINT = re.compile(r"Last message repeated|Task finished with|Terminating thread with")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A line of ffmpeg's stderr, without its addresses, and how far its consumer was when it came."""

    position: int  #: as `where` said
    message: str


class FfmpegRun:
    """A running ffmpeg. Iterating gives its stdout in blocks; use it as a context manager.

    `fed_by`: an open file (its descriptor becomes stdin), an iterator of blocks, or None. `where` is
    asked for the consumer's position whenever ffmpeg complains.
    """

    def __init__(
        self,
        command: list[str],
        *,
        fed_by: IO[bytes] | Iterator[bytes] | None,
        where: Callable[[], int],
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.complaints: list[Complaint] = []
        self._line = b""  #: of stderr, not ended yet
        self._still_complains = True
        self._where = where
        self._stall_seconds = stall_seconds
        self._moved_at = time.monotonic()
        self._feed_error: BaseException | None = None
        is_file = fed_by is not None and hasattr(fed_by, "fileno")
        stdin = fed_by if is_file else (subprocess.DEVNULL if fed_by is None else subprocess.PIPE)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=stdin,  # type: ignore[arg-type]
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
                env={"PATH": os.environ.get("PATH", os.defpath), "AV_LOG_FORCE_NOCOLOR": "1"},
            )
        except OSError as error:
            raise DecoderFailed(f"ffmpeg at '{command[0]}' can't be started: {error.strerror}.") from None
        _limit(self._process.pid)
        self._writer: threading.Thread | None = None
        if not is_file and fed_by is not None:
            blocks = iter(fed_by)
            self._writer = threading.Thread(
                target=self._feed, args=(blocks,), name="ffmpeg-stdin", daemon=True
            )
            self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __iter__(self) -> Iterator[bytes]:
        """ffmpeg's stdout, block by block, until it ends.

        Raises:
            DecoderFailed: nothing moved for `stall_seconds`.
            Exception: whatever the iterator that feeds it raised.
        """
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        self._moved_at = time.monotonic()
        while True:
            # A complaint is noted before the block beside it is read, so that its place is about right.
            if output not in self._ready(output):
                continue
            block = os.read(output, _READ_BYTES)
            self._raise_feed_error()
            if not block:
                return
            yield block
            self._moved_at = time.monotonic()  # the consumer's own pauses don't count

    def wait(self) -> int:
        """The exit status, once stdout has ended; minus a signal's number. All complaints are in then."""
        self._moved_at = time.monotonic()
        while self._still_complains:
            self._ready()
        try:
            status = self._process.wait(self._stall_seconds)
        except subprocess.TimeoutExpired:
            raise DecoderFailed("ffmpeg closed its output but did not end; it is tried again.") from None
        self._raise_feed_error()
        return status

    def _ready(self, *outputs: int) -> list[int]:
        """Those of `outputs` that can be read now or within a second; stderr is drained on the way."""
        assert self._process.stderr is not None
        complaints = self._process.stderr.fileno()
        poll = select.poll()  # and not select(), which can't see descriptors above 1,023
        for pipe in [*outputs, complaints] if self._still_complains else outputs:
            poll.register(pipe, select.POLLIN)
        ready = [pipe for pipe, _ in poll.poll(1000)]
        self._raise_feed_error()
        if complaints in ready:
            self._note(os.read(complaints, _READ_BYTES))
        if ready:
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > self._stall_seconds:
            raise DecoderFailed(
                f"ffmpeg stood still for {self._stall_seconds:g} s; the recording is tried again."
            )
        return ready

    def _raise_feed_error(self) -> None:
        if self._feed_error is not None:
            raise self._feed_error

    def _feed(self, blocks: Iterator[bytes]) -> None:
        assert self._process.stdin is not None
        try:
            for block in blocks:
                view = memoryview(block)
                while view:
                    self._moved_at = time.monotonic()
                    view = view[self._process.stdin.write(view) or 0 :]
                self._moved_at = time.monotonic()
        except BrokenPipeError:
            pass  # it has all it wants, or it is gone: its exit status tells
        except BaseException as error:  # handed to the consumer, who is in another thread
            self._feed_error = error
        finally:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _note(self, data: bytes) -> None:
        """Take some of stderr; nothing means that it has ended."""
        self._still_complains = bool(data)
        *lines, self._line = (self._line + (data or b"\n")).split(b"\n")
        self._line = self._line[:_LINE_BYTES]
        for line in lines:
            text = _SPEAKER.sub("", line[:_LINE_BYTES].decode(errors="replace")).strip()
            if text and not _NOT_A_COMPLAINT.search(text) and len(self.complaints) < _MOST_COMPLAINTS:
                self.complaints.append(Complaint(self._where(), text[:300]))

    def _end(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._writer is not None:
            # One that waits for its source can't be hurried; it is a daemon, and its next write fails.
            self._writer.join(_WRITER_LEAVES_SECONDS)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _limit(pid: int) -> None:
    """No core dumps, no large files, few open ones, and bounded memory: what decoding needs, and no more."""
    if sys.platform != "linux":
        return  # elsewhere only a hook in the fork could set limits, which is unsafe beside threads
    with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
        for kind, bound in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, _FILE_BYTES),
            (resource.RLIMIT_NOFILE, 64),
            (resource.RLIMIT_AS, _MEMORY_BYTES),
        ):
            _, hard = resource.prlimit(pid, kind)
            if hard == resource.RLIM_INFINITY or bound < hard:
                resource.prlimit(pid, kind, (bound, bound))
