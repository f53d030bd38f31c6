"""`whisper-farm transcribe`: recordings in, transcripts out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whisper_farm.cli.groups import takes
from whisper_farm.cli.hearing import Hearing, read_hearing
from whisper_farm.cli.options import Json, Model, Workers
from whisper_farm.cli.subtitle_options import read_layout

if TYPE_CHECKING:
    from whisper_farm.subtitles.options import SubtitleOptions


@takes("hearing", read_hearing)
@takes("layout", read_layout)
def transcribe(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Recordings: audio, or video with sound.")
    ],
    hearing: Hearing,
    layout: "SubtitleOptions | None",
    model: Model = None,
    workers: Workers = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="json,srt,vtt,txt,tsv|all",
            help="Which files to write, separated by commas; lrc and verbose.json can be had, too.",
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
    from whisper_farm.cli.transcribing import Asked, carry_out
    from whisper_farm.farm.outputs import read_formats
    from whisper_farm.subtitles.options import SubtitleOptions

    asked = Asked(
        paths=tuple(Path(name) if name else Path() for name in files),
        model=model,
        hearing=hearing,
        workers=workers,
        formats=read_formats(formats),
        out=out,
        force=force,
        again=again,
        subtitles=layout or SubtitleOptions(),
    )
    return carry_out(asked, as_json=json)
