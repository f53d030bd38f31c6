"""`whisper-farm status`: what runs."""

from whisper_farm.cli import printing
from whisper_farm.cli.options import Json

NOT_UP = 3


def status(json: Json = False) -> int:
    """Say what runs.

    Temporal, the store, each process, the models served and how many jobs are open.
    Exit code 3 where nothing runs.
    """
    from whisper_farm.cli.status_page import as_json, page_lines
    from whisper_farm.cli.table import show_page
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.embedded import stack
    from whisper_farm.farm.connection import is_remote, reach
    from whisper_farm.farm.overview import overview_of
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    running = None if is_remote() else stack.find(settings)
    if running is None and not is_remote():
        printing.say(f"No stack runs in '{settings.home}'; 'whisper-farm up' starts one.")
        if json:
            printing.show_json(as_json(settings, None, None))
        return NOT_UP
    farm = wait_for(reach(settings, running=running))
    found = wait_for(overview_of(farm))
    if json:
        printing.show_json(as_json(settings, running, found))
    else:
        show_page(page_lines(settings, running, found))
    for trouble in found.troubles:
        printing.say(trouble)
    return 0
