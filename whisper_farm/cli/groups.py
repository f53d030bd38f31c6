"""Options that belong together: declared once, read into one value, shown under a heading of their own."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from typer.core import TyperCommand

Command = Callable[..., int]


def takes(argument: str, read: Callable[..., object]) -> Callable[[Command], Command]:
    """A command that takes, as its `argument`, what `read` makes of options that `read` declares itself.

    The options stand in the help where `argument` stands among the command's own.
    """

    def taking(command: Command) -> Command:
        own = inspect.signature(command).parameters
        group = inspect.signature(read).parameters
        place = list(own).index(argument)

        @wraps(command)
        def called(**given: Any) -> int:
            options = {name: given.pop(name) for name in group}
            return command(**given, **{argument: read(**options)})

        shown = [*list(own.values())[:place], *group.values(), *list(own.values())[place + 1 :]]
        # Typer asks a function for its signature: this one's is the command's with the group in it.
        called.__dict__.pop("__wrapped__", None)
        called.__dict__["__signature__"] = inspect.Signature(shown)
        called.__annotations__ = {each.name: each.annotation for each in shown}
        return called

    return taking


class GroupedCommand(TyperCommand):
    """Its plain help shows options of one `rich_help_panel` under that heading, after all others."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        shown: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                heading = "Arguments" if param.param_type_name == "argument" else "Options"
                panel = getattr(param, "rich_help_panel", None)
                shown.setdefault(panel or heading, []).append(record)
        for heading, records in shown.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
