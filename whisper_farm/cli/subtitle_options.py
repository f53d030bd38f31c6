"""How subtitles are laid out: the options of `transcribe` and `export` that decide it, read once."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from whisper_farm.subtitles.options import SubtitleOptions

_PANEL = "Subtitles"

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


def _option(name: str, told: str, *, metavar: str | None = None) -> Any:
    return typer.Option(name, metavar=metavar, help=told, rich_help_panel=_PANEL, show_default=False)


def read_layout(
    subtitles: Annotated[
        str | None,
        _option(
            "--subtitles",
            "The rules of SRT, VTT and LRC; the next options change their numbers. Default: netflix.",
            metavar="netflix|bbc|plain",
        ),
    ] = None,
    columns: Annotated[int | None, _option("--columns", "Columns of a line.", metavar="N")] = None,
    lines: Annotated[int | None, _option("--lines", "Lines of a cue.", metavar="N")] = None,
    shortest: Annotated[
        float | None, _option("--shortest", "A cue's shortest time on screen.", metavar="SECONDS")
    ] = None,
    longest: Annotated[
        float | None, _option("--longest", "A cue's longest time on screen.", metavar="SECONDS")
    ] = None,
    cps: Annotated[
        float | None, _option("--cps", "Characters a second at most; 0: any speed.", metavar="N")
    ] = None,
    gap_frames: Annotated[
        int | None, _option("--gap-frames", "Frames between cues at least.", metavar="N")
    ] = None,
    fps: Annotated[float | None, _option("--fps", "Frames a second of the video.", metavar="N")] = None,
    close_gaps: Annotated[
        float | None, _option("--close-gaps", "Close gaps below this; 0: none.", metavar="SECONDS")
    ] = None,
    word_times: Annotated[
        bool, _option("--word-times", "Tell in VTT and LRC when each word is said.")
    ] = False,
    paragraph_times: Annotated[
        bool, _option("--paragraph-times", "Begin each paragraph of TXT with its time.")
    ] = False,
) -> "SubtitleOptions | None":
    """What these options ask for; None where none is given.

    Raises:
        BadRequest: names the option that is wrong, and what would be right.
    """
    return read_subtitles(
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
