"""`whisper-farm down`: end this machine's own farm."""

from whisper_farm.cli import printing
from whisper_farm.cli.options import Json


def down(json: Json = False) -> int:
    """End the farm of this machine.

    Returns when all its processes are gone. Open jobs are kept, and go on when it is up again.
    """
    from whisper_farm.embedded import stack
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm.connection import is_remote
    from whisper_farm.settings import FarmSettings, load

    if is_remote():
        raise BadRequest("TEMPORAL_ADDRESS names a farm elsewhere, which 'down' can't end; unset it first.")
    settings = load(FarmSettings)
    was_up = stack.down(settings)
    if json:
        printing.show_json({"was_up": was_up})
    else:
        printing.show(f"The farm in {settings.home} {'is down' if was_up else 'was not up'}.")
    return 0
