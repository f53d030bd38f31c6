"""The command `whisper-farm`: from its arguments to its exit code."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from whisper_farm.cli import printing, signals
from whisper_farm.cli.leaving import leave


def main() -> NoReturn:
    """Run the command that the process was called with, and end the process."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Whatever goes wrong has been said when this returns."""
    # Importing makes a hundred thousand objects that stay; looking for garbage among them costs 0.1 s.
    gc.set_threshold(100_000)
    try:
        signals.listen()
        printing.prepare_streams()
        # Not at the top: until the signals are listened to, Ctrl-C is answered by a traceback.
        from whisper_farm.cli.app import command

        answer = command().main(args=list(arguments), prog_name="whisper-farm", standalone_mode=False)
        if answer == signals.TYPER_INTERRUPTED:
            raise KeyboardInterrupt
    except BaseException as error:
        signals.stop_listening()
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else 1
        return _told(error, arguments)
    return answer if isinstance(answer, int) else 0


def _told(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what went wrong; the exit code."""
    from whisper_farm.cli.faults import fault_of

    fault = fault_of(error, home=_home())
    printing.say(fault.sentence)
    if _wants_json(arguments):
        printing.show_json({"error": {"kind": fault.kind, "message": fault.sentence}})
    return fault.code


def _wants_json(arguments: Sequence[str]) -> bool:
    options = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return "--json" in options


def _home() -> Path | None:
    """The data folder, where the environment can be read at all."""
    try:
        from whisper_farm.settings import FarmSettings, load

        return load(FarmSettings).home
    except Exception:
        return None


if __name__ == "__main__":
    main()
