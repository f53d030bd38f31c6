"""Rows and pages for people, on stdout: as wide as the terminal, and whole where there is none."""

import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from whisper_farm.cli import printing
from whisper_farm.farm.quoting import printable

if TYPE_CHECKING:
    from rich.table import Table

_STATE_COLOURS = {
    "complete": "green",
    "incomplete": "yellow",
    "failed": "red",
    "running": "cyan",
    "waiting": "cyan",
}


def show_table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """A table without lines; the columns in `right` hold numbers."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for index, title in enumerate(titles):
        table.add_column(
            title, justify="right" if index in right else "left", no_wrap=True, overflow="ellipsis"
        )
    for row in rows:
        table.add_row(*(Text(printable(cell), style=_STATE_COLOURS.get(cell, "")) for cell in row))
    _print(table)


def show_page(lines: Iterable[tuple[str, str]]) -> None:
    """A name and what it is, on each line."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in lines:
        table.add_row(Text(name), Text(printable(value), style=_STATE_COLOURS.get(value, "")))
    _print(table)


def _print(table: "Table") -> None:
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    drawn = io.StringIO()
    console = Console(
        file=drawn,
        force_terminal=is_terminal,
        width=None if is_terminal else 4000,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(table)
    for line in drawn.getvalue().splitlines():
        printing.show(line.rstrip())
