"""What a person may ask of one job, checked at every door.

The same model reads the CLI's options, a stored `request.json` and the plain JSON that
`temporal workflow start --input` brings. Unknown fields and bad values fail at once, and
`read_request` and `read_decoding` say which field it was, in a sentence.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from whisper_farm.errors import BadRequest
from whisper_farm.models import Document, Fact, Sha256
from whisper_farm.presets import spelled_out
from whisper_farm.subtitles.options import SubtitleOptions

#: Language codes that Whisper's multilingual models know.
LANGUAGE_CODES = frozenset(
    """
    af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr
    ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa
    pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
    """.split()  # noqa: SIM905 - a hundred quoted codes would be harder to read
)

#: Far above what the fields' own bounds allow.
LARGEST_REQUEST_BYTES = 64 * 1024

#: Faults that are told at once; who has more will see the next ones then.
_SHOWN_FAULTS = 5

#: A job id becomes a workflow id and a part of object keys.
JOB_ID_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")

#: A model's name becomes a part of a task queue's name: as a job id, and `/` for hub ids.
MODEL_NAME_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99})?")


#: Whisper's prompt holds 223 tokens (half of its 448, less one), and a token is about four bytes of text.
#: More would be cut off in silence by the engine, and a glossary without its end is worse than none.
LONGEST_PROMPT_BYTES = 4 * 223

#: What a request may say of its decoding besides the fields of `Decoding`: see `presets.spelled_out`.
_SPELLINGS = ("preset", "temperature")

Temperature = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Decoding(Fact):
    """The options that change the text. Each is part of a result's key.

    What does not change the text does not belong here.
    """

    language: str = "auto"  #: a code that Whisper knows, or `auto`: decided once for the job
    multilingual: bool = False  #: the recording changes its language: each window decides its own
    task: Literal["transcribe", "translate"] = "transcribe"  #: `translate`: into English
    initial_prompt: Annotated[str, Field(max_length=1000)] = ""  #: what each window is told came before
    hotwords: Annotated[str, Field(max_length=1000)] = ""  #: names and terms, which each window is told
    beam_size: Annotated[int, Field(ge=1, le=20)] = 5
    #: Of the first hearing, then of the re-runs that nothing deterministic could mend, in this order.
    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=1, max_length=8)] = (
        *(0.0, 0.2, 0.4),
        *(0.6, 0.8, 1.0),
    )
    guards: bool = True  #: hear again what a guard does not trust
    vad: bool = True  #: hear only what voice activity detection takes for speech
    vad_threshold: Annotated[float, Field(ge=0.05, le=0.95)] = 0.5  #: probability from which on it is speech
    vad_min_silence_ms: Annotated[int, Field(ge=20, le=5000)] = 160  #: a shorter one ends no stretch
    vad_padding_ms: Annotated[int, Field(ge=0, le=2000)] = 400  #: kept on either side of a stretch

    @field_validator("language")
    @classmethod
    def _known_language(cls, code: str) -> str:
        code = code.strip().lower()
        if code != "auto" and code not in LANGUAGE_CODES:
            raise ValueError(f"'{code}' is no language code that Whisper knows; use one as 'en', or 'auto'")
        return code

    @field_validator("initial_prompt", "hotwords")
    @classmethod
    def _one_line(cls, text: str) -> str:
        """Line breaks and tabs count as blanks, so that a glossary may come from a file."""
        if any((ord(c) < 32 and c not in "\t\n\r") or ord(c) == 127 for c in text):
            raise ValueError("it holds control characters; give plain text")
        return " ".join(text.split())


class TranscribeRequest(Fact):
    """One request for one recording: the input of `TranscribeWorkflow`.

    Only `source` is required. It is a key under the prefixes that the farm was given,
    `s3://bucket/key`, or an `https://` URL.
    """

    source: Annotated[str, Field(min_length=1, max_length=2048)]
    model: Annotated[str, Field(max_length=200)] | None = None  #: None: the farm's default
    weights: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = (
        None  #: fingerprint that workers must have
    )
    decoding: Decoding = Decoding()
    name: Annotated[str, Field(max_length=255)] | None = None  #: the recording's name, for people
    owner: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f]*$")] = ""
    labels: dict[
        Annotated[str, Field(min_length=1, max_length=63)], Annotated[str, Field(max_length=200)]
    ] = Field(default_factory=dict)
    again: bool = False  #: compute anew what is stored already
    #: Whether the JSON tells the time of each word. It is no part of `Decoding`: words are always timed,
    #: because seams and the audit need them, and only the writing leaves them out.
    word_timestamps: bool = True
    subtitles: SubtitleOptions = SubtitleOptions()  #: how files are laid out; no part of a job's identity

    @field_validator("model")
    @classmethod
    def _model_name(cls, name: str | None) -> str | None:
        if name is not None and not MODEL_NAME_PATTERN.fullmatch(name):
            raise ValueError(
                f"'{name}' is no model name; letters, digits and '._-' make one, as 'large-v3-turbo'"
            )
        return name

    @field_validator("source")
    @classmethod
    def _printable(cls, source: str) -> str:
        if any(ord(c) < 32 or ord(c) == 127 for c in source):
            raise ValueError("a source holds no control characters")
        return source

    @model_validator(mode="after")
    def _few_labels(self) -> Self:
        if len(self.labels) > 32:
            raise ValueError("at most 32 labels")
        return self


class StoredRequest(Document):
    """`jobs/<job-id>/request.json`: what the job was asked, and what was settled for it when it started."""

    job: str
    request: TranscribeRequest
    digest: Sha256  #: `identity.request_digest`: two requests of one digest are the same job
    model: str  #: the name settled for it: the request's, or the farm's default when it started
    submitted_at: str  #: ISO 8601, UTC: when the first run started
    take: str = ""  #: see `identity.Recipe.take`: the run that last computed anew, or empty


def parse_request(text: bytes) -> TranscribeRequest:
    """The request that this JSON text makes.

    Raises:
        BadRequest: it is no JSON, or larger than any request; else as `read_request`.
    """
    if len(text) > LARGEST_REQUEST_BYTES:
        raise BadRequest(
            f"The input has {len(text):,} bytes, and a request at most {LARGEST_REQUEST_BYTES:,}; name the"
            " recording by its place, and give few labels."
        )
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, ValueError) else "it is nested too deep"
        raise BadRequest(f"The input is no JSON that can be read ({why[:200]}).") from None
    return read_request(payload)


def read_request(payload: object) -> TranscribeRequest:
    """The request that `payload` (parsed JSON) makes.

    Raises:
        BadRequest: names the fields that are wrong, and what would be right.
    """
    if not isinstance(payload, dict):
        raise BadRequest(
            f"The input is a JSON {_json_type(payload)}, not an object; give one as"
            ' {"source": "s3://whisper-farm/recordings/episode.mp3"}.'
        )
    flat: dict[str, Any] = dict(payload)
    decoding = {name: flat.pop(name) for name in (*Decoding.model_fields, *_SPELLINGS) if name in flat}
    if decoding and "decoding" in flat:
        twice = next(iter(decoding))
        raise BadRequest(
            f"The field '{twice}' stands beside 'decoding'; give it there, or leave 'decoding' out."
        )
    decoding = decoding or flat.get("decoding", {})
    if isinstance(decoding, dict):
        flat["decoding"] = spelled_out(decoding)
    try:
        request = TranscribeRequest.model_validate(flat, strict=True)
    except ValidationError as error:
        raise BadRequest(_sentence(error, _field)) from None
    _check_agreement(request.decoding, lambda name: f"the field '{name}'")
    return request


def read_decoding(given: Mapping[str, object], *, named: Callable[[str], str]) -> Decoding:
    """The decoding options that `given` makes: fields of `Decoding`, and those of `presets.spelled_out`.

    `named` says what a field is called where it was given, as `--beam-size`.

    Raises:
        BadRequest: names what is wrong, and what would be right.
    """
    try:
        decoding = Decoding.model_validate(spelled_out(given), strict=True)
    except ValidationError as error:
        raise BadRequest(_sentence(error, lambda place: named(str(place[0])))) from None
    _check_agreement(decoding, named)
    return decoding


def _check_agreement(decoding: Decoding, named: Callable[[str], str]) -> None:
    """Raises `BadRequest` where two options can't both be meant, or can't be told to Whisper together."""
    if decoding.multilingual and decoding.language != "auto":
        both = f"{named('multilingual')} and {named('language')}"
        raise BadRequest(
            f"{_capital(both)} contradict each other: with the first each window decides its own language;"
            " leave one of them out."
        )
    prompts = {name: getattr(decoding, name) for name in ("initial_prompt", "hotwords")}
    size = sum(len(text.encode()) for text in prompts.values())
    if size > LONGEST_PROMPT_BYTES:
        these = " and ".join(named(name) for name, text in prompts.items() if text)
        raise BadRequest(
            f"{_capital(these)}: {size:,} bytes of text are too long; Whisper's prompt holds about"
            f" {LONGEST_PROMPT_BYTES} in all, so give fewer words."
        )


def check_job_id(job_id: str) -> str:
    """`job_id`, if it may become a workflow id and a part of object keys.

    Raises:
        BadRequest: it is empty, too long, or would make a bad path.
    """
    if not JOB_ID_PATTERN.fullmatch(job_id) or ".." in job_id:
        shown = job_id if len(job_id) <= 60 else job_id[:57] + "..."
        raise BadRequest(
            f"The job id {shown!r} can't be used; take up to 120 letters, digits and '._-', beginning with a"
            " letter, a digit or '_', as 'my-episode'."
        )
    return job_id


def _json_type(payload: object) -> str:
    names = {
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
        list: "array",
        type(None): "null",
    }
    return names.get(type(payload), type(payload).__name__)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _field(place: tuple[str | int, ...]) -> str:
    name = ".".join(str(part) for part in place)
    return (
        f"the field {name if len(name) <= 80 else f'{name[:77]}...'!r}" if name else "the field 'the request'"
    )


def _sentence(error: ValidationError, named: Callable[[tuple[str | int, ...]], str]) -> str:
    """One sentence for all that pydantic found, naming each field."""
    found = error.errors(include_url=False)
    faults = [_told(fault["type"], named(fault["loc"]), fault["msg"]) for fault in found[:_SHOWN_FAULTS]]
    if len(found) > _SHOWN_FAULTS:
        faults.append(f"and {len(found) - _SHOWN_FAULTS} more")
    if any(fault["type"] == "extra_forbidden" for fault in found[:_SHOWN_FAULTS]):
        faults.append(
            f"known are {', '.join((*TranscribeRequest.model_fields, *Decoding.model_fields, *_SPELLINGS))}"
        )
    return f"The request can't be used: {'; '.join(faults)}."


def _told(kind: str, field: str, said: str) -> str:
    match kind:
        case "extra_forbidden":
            return f"{field} is not known"
        case "missing":
            return f"{field} is missing"
        case _:
            why = said.removeprefix("Value error, ")[:300]
            return f"{field} is wrong: {why[0].lower() + why[1:]}"
