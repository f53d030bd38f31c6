"""The board on a terminal: a bar for each recording, redrawn in place."""

import re
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from whisper_farm.cli.pace import Pace, told
from whisper_farm.cli.sending import Sending
from whisper_farm.farm.quoting import printable
from whisper_farm.messages import Progress

_MOST_ROWS = 12  #: of recordings that are shown at once; the others are counted


class _Row:
    """One recording's line: how much of it is done (0 to 1), and what is said of it."""

    def __init__(self, name: str) -> None:
        self.name = printable(name)
        self.pace = Pace()
        self.part: float | None = None
        self.says = ""
        self.is_open = False
        self.has_ended = False
        self.sending = Sending()
        self.trouble = ""  #: the last that was said


class LiveBoard:
    """Rows of rich on stderr. Its own thread keeps them turning while the command waits.

    It is what rich can draw: its rows as they are now.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows = [_Row(name) for name in names]
        self._preparing: str | None = None
        self._spinner = Spinner("dots", style="cyan")
        self._console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._clock = clock
        self._live = Live(
            console=self._console,
            get_renderable=self.__rich__,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def preparing(self, sentence: str) -> None:
        self._preparing = printable(sentence)

    def note(self, sentence: str) -> None:
        self._console.print(Text(printable(sentence)))

    def sending(self, row: int, sent_bytes: int, total_bytes: int) -> None:
        self._preparing = None
        shown = self._rows[row]
        shown.is_open = True
        shown.sending.saw(self._clock(), sent_bytes)
        shown.part = sent_bytes / max(1, total_bytes)
        shown.says = shown.sending.told(total_bytes)

    def hearing(self, row: int, progress: Progress) -> None:
        self._preparing = None
        shown = self._rows[row]
        now = self._clock()
        shown.is_open = True
        if progress.fan_out_at is not None:
            shown.pace.saw(now, progress.heard_seconds)
        duration = progress.duration_seconds
        shown.part = min(1.0, progress.heard_seconds / duration) if duration else None
        shown.says = told(progress, shown.pace, now)

    def troubled(self, row: int, sentence: str) -> None:
        shown = self._rows[row]
        trouble = re.sub(r"[0-9.,]+", "", sentence)  # what only counts on is said once
        if trouble != shown.trouble:
            shown.trouble = trouble
            self.note(f"{shown.name}: {sentence}")

    def ended(self, row: int, sentence: str) -> None:
        self._rows[row].has_ended = True
        self.note(sentence)

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=32)
        table.add_column(width=24)
        table.add_column(no_wrap=True, overflow="ellipsis")
        open_rows = [row for row in self._rows if row.is_open and not row.has_ended]
        for row in open_rows[:_MOST_ROWS]:
            bar = ProgressBar(total=1.0, completed=row.part or 0.0, width=24, pulse=row.part is None)
            table.add_row(Text(row.name), bar, Text(row.says, style="dim"))
        if len(open_rows) > _MOST_ROWS:
            table.add_row(Text(f"and {len(open_rows) - _MOST_ROWS} more", style="dim"), "", "")
        if self._preparing is not None:
            outer = Table.grid(padding=(0, 1))
            outer.add_row(self._spinner, Text(self._preparing, style="dim"))
            whole = Table.grid()
            whole.add_row(outer)
            whole.add_row(table)
            return whole
        return table
