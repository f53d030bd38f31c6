"""The options by which a person lays out subtitles; `transcribe` and `export` share them."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from whisper_farm.subtitles.options import SubtitleOptions

Subtitles = Annotated[
    str | None,
    typer.Option(
        "--subtitles",
        metavar="netflix|bbc|plain",
        help="The rules for SRT, VTT and LRC. The next ones change single numbers of them.",
        show_default=False,
    ),
]
Columns = Annotated[int | None, typer.Option("--columns", metavar="N", help="Columns of a line.")]
Lines = Annotated[int | None, typer.Option("--lines", metavar="N", help="Lines of a cue.")]
Shortest = Annotated[
    float | None, typer.Option("--shortest", metavar="SECONDS", help="A cue's shortest time on screen.")
]
Longest = Annotated[
    float | None, typer.Option("--longest", metavar="SECONDS", help="A cue's longest time on screen.")
]
ReadingSpeed = Annotated[
    float | None, typer.Option("--cps", metavar="N", help="Characters a second at most; 0: any speed.")
]
GapFrames = Annotated[
    int | None, typer.Option("--gap-frames", metavar="N", help="Frames between cues at least.")
]
FramesPerSecond = Annotated[
    float | None, typer.Option("--fps", metavar="N", help="Frames a second of the video.")
]
CloseGaps = Annotated[
    float | None, typer.Option("--close-gaps", metavar="SECONDS", help="Close gaps below this; 0: none.")
]
WordTimes = Annotated[bool, typer.Option("--word-times", help="Tell in VTT and LRC when each word is said.")]
ParagraphTimes = Annotated[
    bool, typer.Option("--paragraph-times", help="Begin each paragraph of TXT with its time.")
]

_OPTIONS = {
    "preset": "--subtitles",
    "line_columns": "--columns",
    "lines": "--lines",
    "shortest_seconds": "--shortest",
    "longest_seconds": "--longest",
    "characters_per_second": "--cps",
    "gap_frames": "--gap-frames",
    "frames_per_second": "--fps",
    "closed_gap_seconds": "--close-gaps",
}


def read_subtitles(**given: object) -> "SubtitleOptions | None":
    """The options among `given` (by the names of `SubtitleOptions`' fields); None where none is given.

    Raises:
        BadRequest: names the option that is wrong, and what would be right.
    """
    from pydantic import ValidationError

    from whisper_farm.errors import BadRequest
    from whisper_farm.farm.quoting import quoted
    from whisper_farm.subtitles.options import SubtitleOptions

    asked = {name: value for name, value in given.items() if value is not None and value is not False}
    if not asked:
        return None
    try:
        return SubtitleOptions.model_validate(asked)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        why = fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            raise BadRequest(f"These subtitle options do not go together: {why}.") from None
        option = _OPTIONS[str(fault["loc"][0])]
        wrong = quoted(str(fault["input"])[:60])
        raise BadRequest(f"{option} can't be {wrong}: {why[0].lower() + why[1:]}.") from None
