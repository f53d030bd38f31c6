"""The transcript as JSON: all that is known, one word on a line, so that ten hours stay a readable file.

Times are rounded to milliseconds and probabilities to four digits, once, here. `Transcript` reads it back.
"""

import json
from collections.abc import Iterator

from whisper_farm.models import Segment, Transcript, Word
from whisper_farm.subtitles.clock import milliseconds


def write_json(transcript: Transcript) -> str:
    """The transcript as one JSON object, non-ASCII characters written as they are."""
    return "".join(_pieces(transcript))


def _pieces(transcript: Transcript) -> Iterator[str]:
    facts = transcript.model_dump(mode="json", by_alias=True, exclude={"segments"})
    facts |= {"duration": _ms(transcript.duration), "segments": transcript.segments}
    if transcript.language_probability is not None:
        facts["language_probability"] = round(transcript.language_probability, 4)
    # What scripts and people look for first stands first.
    names = ["schema", "program", "version", "text", "language", "duration", "segments"]
    names += [name for name in facts if name not in names]
    for number, name in enumerate(names):
        yield ("{\n" if number == 0 else ",\n") + f' "{name}": '
        match name:
            case "segments":
                yield from _list([_segment(segment) for segment in transcript.segments], indent=1)
            case "gaps" | "chunks":
                yield from _list([_dumps(_spanned(fact)) for fact in facts[name]], indent=1)
            case _:
                yield _dumps(facts[name])
    yield "\n}\n"


def _segment(segment: Segment) -> str:
    head = {"id": segment.id, "start": _ms(segment.start), "end": _ms(segment.end), "text": segment.text}
    words = "".join(_list([_word(word) for word in segment.words], indent=2))
    return f'{_dumps(head)[:-1]}, "words": {words}}}'


def _word(word: Word) -> str:
    return _dumps(
        {
            "word": word.word,
            "start": _ms(word.start),
            "end": _ms(word.end),
            "probability": round(word.probability, 4),
        }
    )


def _list(items: list[str], *, indent: int) -> Iterator[str]:
    if not items:
        yield "[]"
        return
    blank = " " * indent
    yield f"[\n{blank} "
    yield f",\n{blank} ".join(items)
    yield f"\n{blank}]"


def _spanned(fact: dict[str, object]) -> dict[str, object]:
    return {name: _ms(value) if isinstance(value, float) else value for name, value in fact.items()}


def _ms(seconds: float) -> float:
    return milliseconds(seconds) / 1000


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
