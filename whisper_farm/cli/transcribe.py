"""`whisper-farm transcribe`: recordings in, transcripts out."""

from pathlib import Path
from typing import Annotated

import typer

from whisper_farm.cli.options import Json, Model, Workers


def transcribe(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Recordings: audio, or video with sound.")
    ],
    model: Model = None,
    language: Annotated[
        str, typer.Option("--language", metavar="CODE|auto", help="A code as 'en'; 'auto' decides it once.")
    ] = "auto",
    workers: Workers = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format", metavar="json,srt,vtt,txt,tsv|all", help="Which files to write, separated by commas."
        ),
    ] = "all",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where to; made if need be. Default: beside each recording.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that the farm did not write.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Compute anew what is there already.")] = False,
    json: Json = False,
) -> int:
    """Transcribe recordings.

    Each becomes STEM.json, .srt, .vtt, .txt and .tsv.

    The same command again joins the running job, takes an interrupted one up where it stopped, or prints a
    finished one at once. A name that begins with a dash goes after '--'.
    """
    from whisper_farm.cli.transcribing import Asked, carry_out, read_language
    from whisper_farm.farm.outputs import read_formats
    from whisper_farm.request import Decoding

    asked = Asked(
        paths=tuple(Path(name) if name else Path() for name in files),
        model=model,
        decoding=Decoding(language=read_language(language)),
        workers=workers,
        formats=read_formats(formats),
        out=out,
        force=force,
        again=again,
    )
    return carry_out(asked, as_json=json)
