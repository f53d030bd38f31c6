"""`whisper-farm export`: a finished job's transcript as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_farm.cli import printing
from whisper_farm.cli.groups import takes
from whisper_farm.cli.options import Job, Json
from whisper_farm.cli.subtitle_options import read_layout

if TYPE_CHECKING:
    from whisper_farm.subtitles.options import SubtitleOptions


@takes("layout", read_layout)
def export(
    job: Job,
    layout: "SubtitleOptions | None",
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="json,srt,...",
            help="Which: json, srt, vtt, txt, tsv, lrc, verbose.json; 'all' are the first five.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to; made if need be. Default: here.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that the farm did not write.")
    ] = False,
    json: Json = False,
) -> int:
    """Write the transcript of a job that has ended.

    Without options for the subtitles they are as the job was asked for them. See docs/subtitles.md.
    """
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm import jobs, outputs
    from whisper_farm.farm.connection import records
    from whisper_farm.farm.ledger import OutputLedger
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    wanted = outputs.read_formats(formats)
    store = records(settings)
    stored = jobs.stored_request(store, job)
    ended = jobs.last_version(store, job)
    if ended is None or ended.result is None:
        raise BadRequest(
            f"The job '{job}' has no transcript yet: it is {jobs.state_of(store, job)};"
            f" 'whisper-farm show {job}' says more."
        )
    name = jobs.name_of(store, stored)
    files = outputs.named_outputs(name, folder=out or Path(), formats=wanted)
    outputs.check_folder(files.folder)
    ledger = OutputLedger(settings.home)
    written = outputs.write_outputs(store, ended.result.outputs, files, ledger, force=force, subtitles=layout)
    if ended.message:
        printing.say(ended.message)
    if json:
        paths = {extension: str(path) for extension, path in written.items()}
        printing.show_json({"job": job, "state": ended.state, "outputs": paths})
    else:
        for path in written.values():
            printing.show(str(path))
    return 0 if ended.state == "complete" else 1
