"""`whisper-farm up`: this machine's own farm, up until `down`."""

from typing import Annotated, Literal

import typer

from whisper_farm.cli import printing
from whisper_farm.cli.options import Json, Model, WorkersOrNone


def up(
    model: Model = None,
    workers: WorkersOrNone = None,
    store: Annotated[
        Literal["local", "minio"] | None,
        typer.Option(
            "--store",
            help="A folder, or a MinIO server. Default: as before in this data folder, else local.",
            show_default=False,
        ),
    ] = None,
    temporal_port: Annotated[
        int | None,
        typer.Option(
            "--temporal-port", min=1, max=65535, metavar="N", help="Temporal's port.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Start the farm of this machine.

    It stays up until 'down', also where it ran already, and its model is the farm's default from now on.
    Returns once every process is up and the model is loaded.
    """
    from whisper_farm.cli.board import board_for
    from whisper_farm.cli.status_page import as_json, summary
    from whisper_farm.embedded import stack
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm.connection import is_remote, records
    from whisper_farm.farm.model_choice import choose_for_others, choose_here, make_default, remember
    from whisper_farm.settings import FarmSettings, load

    if is_remote():
        raise BadRequest("TEMPORAL_ADDRESS names a farm elsewhere; unset it to start this machine's own.")
    settings = load(FarmSettings)
    chosen = choose_for_others(settings, model) if workers == 0 else choose_here(settings, model)
    weights = chosen.weights if chosen is not None else None
    with board_for([]) as board:
        state = stack.up(
            settings,
            weights=weights,
            workers=workers,
            store=store,
            temporal_port=temporal_port,
            say=board.preparing,
        )
        if weights is not None:
            remember(settings, weights)
        elif chosen is not None:
            with stack.join(settings, say=board.preparing) as lease:
                lease.stay(chosen.name)
                state = lease.state
        if chosen is not None:
            make_default(records(settings, running=state), chosen.name)
    if json:
        printing.show_json(as_json(settings, state, None))
    else:
        printing.show(f"The farm is up in {settings.home}: {summary(state)}.")
        if chosen is not None and weights is None:
            printing.show(f"Its jobs are for workers elsewhere that serve the model '{chosen.name}'.")
        printing.show(f"Temporal is at {state.temporal.address}, its UI at {state.temporal.ui}.")
    return 0
