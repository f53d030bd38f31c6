"""`whisper-farm export`: a finished job's transcript as files."""

from pathlib import Path
from typing import Annotated

import typer

from whisper_farm.cli import printing
from whisper_farm.cli.options import Job, Json
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


def export(
    job: Job,
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
    """Write the transcript of a job that has ended.

    Without options for the subtitles they are as the job was asked for them. See docs/subtitles.md.
    """
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm import jobs, outputs
    from whisper_farm.farm.connection import records
    from whisper_farm.farm.ledger import OutputLedger
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    asked = read_subtitles(
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
    written = outputs.write_outputs(store, ended.result.outputs, files, ledger, force=force, subtitles=asked)
    if ended.message:
        printing.say(ended.message)
    if json:
        paths = {extension: str(path) for extension, path in written.items()}
        printing.show_json({"job": job, "state": ended.state, "outputs": paths})
    else:
        for path in written.values():
            printing.show(str(path))
    return 0 if ended.state == "complete" else 1
