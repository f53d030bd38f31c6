"""What a command says while it works, on stderr: live rows on a terminal, else a plain line now and then."""

import re
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from whisper_farm.cli.pace import Pace, told
from whisper_farm.cli.printing import say
from whisper_farm.cli.sending import Sending
from whisper_farm.farm.quoting import printable
from whisper_farm.messages import Progress

#: How often a plain line says how it goes: often at first, then seldom, for what runs all night.
_LINE_EVERY_SECONDS = 10.0
_LINE_SELDOM_SECONDS = 60.0


class Board(Protocol):
    """A row for each recording, by its place in the command. Leave it before printing results."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def preparing(self, sentence: str) -> None:
        """What is done before the work can begin; the next such sentence takes its place."""

    def note(self, sentence: str) -> None:
        """A sentence that stays."""

    def sending(self, row: int, sent_bytes: int, total_bytes: int) -> None:
        """So much of the recording is in the store."""

    def hearing(self, row: int, progress: Progress) -> None:
        """How its job goes."""

    def troubled(self, row: int, sentence: str) -> None:
        """Why its job stands still; said again and again while it does, and to be shown now and then."""

    def ended(self, row: int, sentence: str) -> None:
        """Its job has ended."""


def board_for(names: Sequence[str], *, live: bool | None = None) -> Board:
    """The board that fits stderr."""
    if live if live is not None else sys.stderr.isatty():
        from whisper_farm.cli.live_board import LiveBoard

        return LiveBoard(names)
    return PlainBoard(names)


class PlainBoard:
    """Plain lines on stderr: each new thing once, its progress every ten seconds, later every minute."""

    def __init__(self, names: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names = [printable(name) for name in names]
        self._paces = [Pace() for _ in names]
        self._sendings = [Sending() for _ in names]
        self._said_at: dict[str, float] = {}
        self._began_at = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def preparing(self, sentence: str) -> None:
        # A sentence that only counts on ("building: 12 %", "building: 13 %") is one thing.
        subject = re.split(r"\d", sentence, maxsplit=1)[0]
        if self._is_due(f"preparing {subject}"):
            self.note(sentence)

    def note(self, sentence: str) -> None:
        say(sentence)

    def sending(self, row: int, sent_bytes: int, total_bytes: int) -> None:
        self._sendings[row].saw(self._clock(), sent_bytes)
        if self._is_due(f"sending {row}", first_after=2.0):
            self.note(f"{self._names[row]}: {self._sendings[row].told(total_bytes)}")

    def hearing(self, row: int, progress: Progress) -> None:
        now = self._clock()
        if progress.fan_out_at is not None:
            self._paces[row].saw(now, progress.heard_seconds)
        if self._is_due(f"hearing {row}", first_after=3.0):
            self.note(f"{self._names[row]}: {told(progress, self._paces[row], now)}")

    def troubled(self, row: int, sentence: str) -> None:
        if self._is_due(f"troubled {row} {re.sub(r'[0-9.,]+', '', sentence)}"):
            self.note(f"{self._names[row]}: {sentence}")

    def ended(self, row: int, sentence: str) -> None:
        self.note(sentence)

    def _is_due(self, subject: str, *, first_after: float = 0.0) -> bool:
        now = self._clock()
        pause = _LINE_EVERY_SECONDS if now - self._began_at < 120.0 else _LINE_SELDOM_SECONDS
        if subject not in self._said_at:
            self._said_at[subject] = now - pause + first_after
        if now - self._said_at[subject] < pause:
            return False
        self._said_at[subject] = now
        return True
