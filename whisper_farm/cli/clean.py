"""`whisper-farm clean`: free space."""

import sys
from typing import Annotated

import typer

from whisper_farm.cli import printing, words
from whisper_farm.cli.options import Json


def clean(
    recordings: Annotated[
        bool,
        typer.Option("--recordings", help="Also the farm's copies of recordings that no open job needs."),
    ] = False,
    results: Annotated[
        bool, typer.Option("--results", help="Also what was heard of each chunk; a retry then hears it anew.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> int:
    """Free space, and say what goes.

    Chunks of jobs that have ended go, and left-overs; transcripts always stay. Before recordings or results
    go it asks, unless --yes is given.
    """
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm.cleaning import free, freeable
    from whisper_farm.farm.connection import records
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    store = records(settings)
    found = freeable(
        store, recordings=recordings, results=results, keep_recordings_days=settings.keep_recordings_days
    )
    total = sum(each.size_bytes for each in found)
    if not json:
        for each in found:
            printing.show(
                f"{each.kind}: {words.count(len(each.keys), 'object')}, {words.size(each.size_bytes)}"
            )
        if not found:
            printing.show("There is nothing to free.")
    goes = bool(found) and not dry_run
    if goes and not yes and any(each.kind in {"recordings", "results"} for each in found):
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise BadRequest("Recordings and results can't be had back; give --yes to free them.")
        goes = typer.confirm(f"Free {words.size(total)}?", err=True)
    gone = sum(free(store, each) for each in found) if goes else 0
    if json:
        kinds = [{"kind": each.kind, "objects": len(each.keys), "bytes": each.size_bytes} for each in found]
        printing.show_json({"freeable": kinds, "bytes": total, "freed": goes, "objects": gone})
    elif goes:
        printing.show(f"Freed {words.size(total)}.")
    elif found:
        printing.show(f"Nothing was freed; this would free {words.size(total)}.")
    return 0
