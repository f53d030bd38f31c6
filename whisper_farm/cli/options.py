"""Options that several commands share, in one wording."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, for scripts.")]
Job = Annotated[
    str, typer.Argument(metavar="JOB", help="A job's id, as 'jobs' lists them.", show_default=False)
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|FOLDER",
        help="The model: a size as 'small', a hub id as 'org/name', or a folder.",
        show_default=False,
    ),
]
WorkersOrNone = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        max=256,
        metavar="N",
        help="Transcription processes; 0 where workers elsewhere do it all.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=256, metavar="N", help="Transcription processes.", show_default=False
    ),
]
