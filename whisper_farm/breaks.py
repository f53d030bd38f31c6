"""Where text may be parted: after sentences and clauses, in pauses, and never inside a word.

Segments and subtitles both come from one stream of timed words; this is what they have in common.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

#: Abbreviations after which a full stop does not end a sentence (as they are written without their dots).
ABBREVIATIONS = re.compile(
    "mr|mrs|ms|mx|dr|prof|st|sr|jr|rev|hon|gen|col|capt|lt|sgt|gov|sen|rep|pres|messrs|mme|mlle"
    "|vs|etc|eg|ie|cf|viz|ca|approx|apt|dept|vol|pp|eds|inc|ltd|corp|bros"
    "|jan|feb|aug|sept|oct|nov|dec|bzw|usw|ggf|evtl|nr|hr",
    re.IGNORECASE,
)

_OPENERS = "\"'“‘«([{「『（【〈《"  # noqa: RUF001
_CLOSERS = "\"'”’»)]}」』）】〉》"  # noqa: RUF001
_SENTENCE_ENDS = ".?!…。？！｡؟۔।॥։።⁇⁈⁉‼"  # noqa: RUF001
_CLAUSE_ENDS = ",;:，、；：،؛—–"  # noqa: RUF001
#: What never begins a line in Japanese (JIS X 4051), Thai and Lao: small kana, length and repetition signs,
#: vowels written after their consonant. `_LEADS` never end one: vowels written before it.
_FOLLOWS = "ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ・ะาำๅๆฯະາຳໆຯ"
_LEADS = "เแโใไເແໂໃໄ"
_JOINER = 0x200D
_VARIANT_AS_EMOJI = 0xFE0F
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_DOTTED = re.compile(r"(?:\w\.)+")  # J. or U.S. or e.g.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)


class Timed(Protocol):
    """A piece of text with whole-numbered times, in whatever unit its owner counts."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def text(self) -> str: ...


T = TypeVar("T", bound=Timed)


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends with this word. Not after abbreviations, initials, or three dots."""
    bare = text.strip().rstrip(_CLOSERS)
    if not bare or bare[-1] not in _SENTENCE_ENDS:
        return False
    if not bare.endswith("."):
        return bare[-1] != "…"
    if bare.endswith(".."):
        return False
    core = bare.lstrip(_OPENERS + "¿¡")
    if _DOTTED.fullmatch(core):
        return core in {"I.", "i."} or core[0].isdigit()
    return not ABBREVIATIONS.fullmatch(core.replace(".", ""))


def ends_clause(text: str) -> bool:
    """Whether a clause ends with this word: at a comma and its like, and at three dots."""
    bare = text.strip().rstrip(_CLOSERS)
    return bool(bare) and (bare[-1] in _CLAUSE_ENDS or bare.endswith(("…", "..")))


def may_part(left: str, right: str) -> bool:
    """Whether a line may break between two pieces: at blanks, and in scripts that have none."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return True
    if not (_UNSPACED.match(left[-1]) or _UNSPACED.match(right[0])):
        return False
    return not (left[-1] in _OPENERS or left[-1] in _LEADS or _hangs(right[0]))


def width(text: str) -> int:
    """Columns that the text takes, as terminals and monospaced fonts count them.

    Two for each wide character (CJK, emoji), none for marks that stand on others and for what joins them.
    What is shown as one picture counts once: emoji joined by U+200D, with a skin tone, or as a flag.
    """
    if text.isascii():
        return len(text)
    columns, before, joined, half_flag = 0, 0, False, False
    for character in text:
        code = ord(character)
        if code == _VARIANT_AS_EMOJI:
            columns += before == 1
            before = 2 if before else 0
            continue
        here = 0 if joined or (code in _SKIN_TONES and before == 2) else _columns_of(character)
        if code in _FLAG_LETTERS:
            here, half_flag = (0, False) if half_flag else (2, True)
        else:
            half_flag = False
        joined = code == _JOINER and before == 2
        if here:
            before = here
        elif code < 0x300:
            before = 0
        columns += here
    return columns


@lru_cache(maxsize=8192)
def _columns_of(character: str) -> int:
    """Of one character alone."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc"} or 0x1160 <= ord(character) <= 0x11FF:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _hangs(character: str) -> bool:
    """Whether it must not begin a line: closing punctuation of unspaced scripts, small kana, marks."""
    return (
        character in _CLOSERS
        or character in _SENTENCE_ENDS
        or character in _CLAUSE_ENDS
        or character in _FOLLOWS
        or ord(character) == _JOINER
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
    )


def parted(
    pieces: Sequence[T], fits: Callable[[Sequence[T]], bool], *, per_second: int
) -> Iterator[Sequence[T]]:
    """The pieces in runs that fit, parted at the best places: none is empty, none is left out.

    A run that can't be parted stays whole although it does not fit. `per_second` is the pieces' unit of time.
    """
    waiting = [pieces] if pieces else []
    while waiting:
        run = waiting.pop()
        place = None if len(run) == 1 or fits(run) else _best_place(run, per_second)
        if place is None:
            yield run
        else:
            waiting += [run[place:], run[:place]]


def _best_place(run: Sequence[T], per_second: int) -> int | None:
    """Before which piece the run is best parted: near its middle, after punctuation or in a pause."""
    widths = [width(piece.text) for piece in run]
    total = sum(widths) or 1
    best: tuple[float, int] | None = None
    left = 0
    for place in range(1, len(run)):
        left += widths[place - 1]
        before, after = run[place - 1], run[place]
        if not may_part(before.text, after.text):
            continue
        pause = min(max(after.start - before.end, 0) / per_second, 1.0)
        spoken = 0.6 if ends_sentence(before.text) else 0.35 if ends_clause(before.text) else 0.0
        cost = abs(total - 2 * left) / total - max(spoken, 0.4 * pause)
        if best is None or cost < best[0]:
            best = (cost, place)
    return best[1] if best else None
