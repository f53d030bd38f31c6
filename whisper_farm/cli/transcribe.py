"""`whisper-farm transcribe`: recordings in, transcripts out."""

from pathlib import Path
from typing import Annotated

import typer

from whisper_farm.cli.groups import takes
from whisper_farm.cli.hearing import Hearing, read_hearing
from whisper_farm.cli.options import Json, Model, Workers
from whisper_farm.cli.subtitle_options import (
    CloseGaps,
    Columns,
    FramesPerSecond,
    GapFrames,
    Lines,
    Longest,
    ParagraphTimes,
    ReadingSpeed,
    Shortest,
    Subtitles,
    WordTimes,
    read_subtitles,
)


@takes("hearing", read_hearing)
def transcribe(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Recordings: audio, or video with sound.")
    ],
    hearing: Hearing,
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
    subtitles: Subtitles = None,
    columns: Columns = None,
    lines: Lines = None,
    shortest: Shortest = None,
    longest: Longest = None,
    cps: ReadingSpeed = None,
    gap_frames: GapFrames = None,
    fps: FramesPerSecond = None,
    close_gaps: CloseGaps = None,
    word_times: WordTimes = False,
    paragraph_times: ParagraphTimes = False,
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

    layout = read_subtitles(
        preset=subtitles,
        line_columns=columns,
        lines=lines,
        shortest_seconds=shortest,
        longest_seconds=longest,
        characters_per_second=cps,
        gap_frames=gap_frames,
        frames_per_second=fps,
        closed_gap_seconds=close_gaps,
        word_times=word_times,
        paragraph_times=paragraph_times,
    )

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
