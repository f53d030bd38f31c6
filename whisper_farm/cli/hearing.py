"""How a recording shall be heard: the options of `transcribe` and `submit` that decide it, read once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from whisper_farm.request import Decoding

_PANEL = "Decoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What was asked of the hearing, and of how it is written down."""

    decoding: "Decoding"
    word_timestamps: bool = True


def _option(name: str, told: str, *, metavar: str | None = None) -> Any:
    return typer.Option(name, metavar=metavar, help=told, rich_help_panel=_PANEL, show_default=False)


def read_hearing(
    language: Annotated[
        str,
        _option("--language", "A code as 'en'; 'auto' decides it once. Default: auto.", metavar="CODE|auto"),
    ] = "auto",
    multilingual: Annotated[
        bool, _option("--multilingual", "The language changes: decide it anew every half minute.")
    ] = False,
    task: Annotated[
        Literal["transcribe", "translate"] | None,
        _option("--task", "Write what was said, or its translation into English. Default: transcribe."),
    ] = None,
    preset: Annotated[
        Literal["fast", "balanced", "accurate"] | None,
        _option("--preset", "Fills the options that are not given. Default: balanced."),
    ] = None,
    hotwords: Annotated[
        str | None, _option("--hotwords", "Names and terms to expect, anywhere in it.", metavar="TEXT")
    ] = None,
    initial_prompt: Annotated[
        str | None,
        _option("--initial-prompt", "A text in the style and spelling to expect.", metavar="TEXT"),
    ] = None,
    beam_size: Annotated[
        int | None, _option("--beam-size", "Readings followed at once, 1 to 20. Default: 5.", metavar="N")
    ] = None,
    temperature: Annotated[
        str | None,
        _option(
            "--temperature",
            "The first hearing's, then those of the last tries where no other mends what a guard does not"
            " trust; 0 to 1. Default: 0,0.2,0.4,0.6,0.8,1.",
            metavar="T[,T...]",
        ),
    ] = None,
    no_guards: Annotated[bool, _option("--no-guards", "Hear nothing again that looks wrong.")] = False,
    no_vad: Annotated[
        bool, _option("--no-vad", "Hear everything, and not only where somebody speaks.")
    ] = False,
    vad_threshold: Annotated[
        float | None,
        _option(
            "--vad-threshold", "Probability that makes it speech, 0.05 to 0.95. Default: 0.5.", metavar="P"
        ),
    ] = None,
    vad_min_silence_ms: Annotated[
        int | None,
        _option(
            "--vad-min-silence-ms", "A shorter silence parts nothing, 20 to 5000. Default: 160.", metavar="MS"
        ),
    ] = None,
    vad_padding_ms: Annotated[
        int | None,
        _option("--vad-padding-ms", "Heard around each stretch, 0 to 2000. Default: 400.", metavar="MS"),
    ] = None,
    no_word_timestamps: Annotated[
        bool, _option("--no-word-timestamps", "Leave the times of words out of the JSON.")
    ] = False,
) -> Hearing:
    """What these options ask for.

    Raises:
        BadRequest: names the option that is wrong.
    """
    from whisper_farm.request import read_decoding

    told: dict[str, object] = {
        "language": language,
        "multilingual": True if multilingual else None,
        "task": task,
        "preset": preset,
        "hotwords": hotwords,
        "initial_prompt": initial_prompt,
        "beam_size": beam_size,
        "temperatures": _numbers(temperature) if temperature is not None else None,
        "guards": False if no_guards else None,
        "vad": False if no_vad else None,
        "vad_threshold": vad_threshold,
        "vad_min_silence_ms": vad_min_silence_ms,
        "vad_padding_ms": vad_padding_ms,
    }
    given = {field: value for field, value in told.items() if value is not None}
    return Hearing(decoding=read_decoding(given, named=_named), word_timestamps=not no_word_timestamps)


def _numbers(text: str) -> tuple[float, ...]:
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm.quoting import quoted

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise BadRequest(
            f"--temperature does not know {quoted(text)}; give a number from 0 to 1, or several as '0,0.2'."
        ) from None


def _named(field: str) -> str:
    spelled = {"temperatures": "temperature", "guards": "no-guards", "vad": "no-vad"}
    return f"--{spelled.get(field, field.replace('_', '-'))}"
