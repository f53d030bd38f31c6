"""The transcript as JSON: all that is known, one word on a line, so that ten hours stay a readable file.

Times are rounded to milliseconds and probabilities to four digits, once, here. `Transcript` reads it back.
Beside it stands what readers of OpenAI's `verbose_json` look for; that is derived, so `Transcript` passes
over it.
"""

import json
from collections.abc import Iterator

from whisper_farm.models import Segment, SubtitleReport, Transcript, Word
from whisper_farm.subtitles.clock import milliseconds
from whisper_farm.subtitles.verbose_json import engine_numbers, task_of


def write_json(transcript: Transcript, *, word_timestamps: bool = True) -> str:
    """The transcript as one JSON object, non-ASCII characters written as they are.

    Without `word_timestamps` no segment tells its words; all else is as with them.
    """
    return "".join(_pieces(transcript, word_timestamps=word_timestamps))


def _pieces(transcript: Transcript, *, word_timestamps: bool) -> Iterator[str]:
    facts = transcript.model_dump(mode="json", by_alias=True, exclude={"segments"})
    facts |= {
        "task": task_of(transcript),
        "duration": _ms(transcript.duration),
        "segments": transcript.segments,
    }
    if transcript.language_probability is not None:
        facts["language_probability"] = round(transcript.language_probability, 4)
    # What scripts and people look for first stands first.
    names = ["schema", "program", "version", "text", "language", "duration", "segments"]
    names += [name for name in facts if name not in names]
    for number, name in enumerate(names):
        yield ("{\n" if number == 0 else ",\n") + f' "{name}": '
        match name:
            case "segments":
                shown = [_segment(each, word_timestamps=word_timestamps) for each in transcript.segments]
                yield from _list(shown, indent=1)
            case "gaps" | "chunks":
                yield from _list([_dumps(_spanned(fact)) for fact in facts[name]], indent=1)
            case "subtitles":
                yield from _report(transcript.subtitles)
            case _:
                yield _dumps(facts[name])
    yield "\n}\n"


def _segment(segment: Segment, *, word_timestamps: bool) -> str:
    head: dict[str, object] = {
        "id": segment.id,
        "start": _ms(segment.start),
        "end": _ms(segment.end),
        "text": segment.text,
    }
    head |= engine_numbers(segment)
    told = segment.words if word_timestamps else ()
    words = "".join(_list([_word(word) for word in told], indent=2))
    return f'{_dumps(head)[:-1]}, "words": {words}}}'


def _report(report: SubtitleReport | None) -> Iterator[str]:
    if report is None:
        yield "null"
        return
    head = report.model_dump(mode="json", exclude={"exceptions"})
    yield f'{_dumps(head)[:-1]}, "exceptions": '
    yield from _list([_dumps(each.model_dump()) for each in report.exceptions], indent=1)
    yield "}"


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
