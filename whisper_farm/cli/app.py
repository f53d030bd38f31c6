"""All commands under one name, in the order in which a person meets them."""

from typing import Annotated, Any

import typer

from whisper_farm.cli import printing
from whisper_farm.cli.cancel import cancel
from whisper_farm.cli.clean import clean
from whisper_farm.cli.doctor import doctor
from whisper_farm.cli.down import down
from whisper_farm.cli.export import export
from whisper_farm.cli.groups import GroupedCommand
from whisper_farm.cli.jobs import jobs
from whisper_farm.cli.retry import retry
from whisper_farm.cli.show import show
from whisper_farm.cli.status import status
from whisper_farm.cli.submit import submit
from whisper_farm.cli.transcribe import transcribe
from whisper_farm.cli.up import up
from whisper_farm.cli.watch import watch

COMMANDS = (transcribe, up, down, status, submit, jobs, show, watch, cancel, retry, export, clean, doctor)

_EPILOG = (
    "Exit codes: 0 done; 1 a job failed or is not complete; 2 the request was wrong and nothing was started;"
    " 3 the farm can't be reached or can't run, and the job is kept; 130 interrupted, and the job is kept."
)


def command() -> Any:
    """The command line, ready to be given arguments."""
    app = typer.Typer(
        name="whisper-farm",
        add_completion=False,
        rich_markup_mode=None,  # plain help reads the same in a terminal, a pipe and the docs
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True, epilog=_EPILOG)(_whisper_farm)
    for each in COMMANDS:
        app.command(cls=GroupedCommand)(each)
    return typer.main.get_command(app)


def _whisper_farm(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Transcribe recordings by as many machines as there are, with nothing lost when any of them dies."""
    if version:
        from whisper_farm.identity import program_version

        printing.show(f"whisper-farm {program_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        printing.show(context.get_help())
        raise typer.Exit
