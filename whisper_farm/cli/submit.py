"""`whisper-farm submit`: begin a job and leave."""

from typing import TYPE_CHECKING, Annotated

import typer

from whisper_farm.cli import printing
from whisper_farm.cli.groups import takes
from whisper_farm.cli.hearing import Hearing, read_hearing
from whisper_farm.cli.options import Json, Model
from whisper_farm.cli.subtitle_options import read_layout

if TYPE_CHECKING:
    from whisper_farm.subtitles.options import SubtitleOptions


@takes("hearing", read_hearing)
@takes("layout", read_layout)
def submit(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|URL|s3://...", help="A recording: a file, or where the farm finds it."),
    ],
    hearing: Hearing,
    layout: "SubtitleOptions | None",
    model: Model = None,
    job_id: Annotated[
        str | None,
        typer.Option("--job-id", metavar="ID", help="The job's id. Default: it follows from the request."),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Whose job it is; owners take turns.")] = "",
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="May be given several times.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Compute anew what is there already.")] = False,
    json: Json = False,
) -> int:
    """Begin a job and print its id.

    'watch' shows how it goes, 'export' writes its transcript.
    """
    from whisper_farm.cli.submitting import Wanted, hand_in, read_labels
    from whisper_farm.request import check_job_id

    begun = hand_in(
        Wanted(
            source=source,
            model=model,
            hearing=hearing,
            layout=layout,
            job=check_job_id(job_id) if job_id is not None else None,
            owner=owner,
            labels=read_labels(label or []),
            again=again,
        )
    )
    if json:
        printing.show_json({"job": begun.job, "how": begun.how, "warning": begun.warning})
    else:
        printing.show(begun.job)
        if begun.how == "finished":
            printing.say(f"It was finished before; 'whisper-farm export {begun.job}' writes its transcript.")
    if begun.warning is not None:
        printing.say(begun.warning)
    return 0
