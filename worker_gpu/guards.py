"""What is wrong with what was heard, as far as it shows: one function for each guard. Pure.

docs/guards.md has all of them in a table, with the source of each number. A finding is a suspicion, and
costs a second hearing of the place; whether that is better, `worker_gpu.choosing` decides. All positions
are samples of the chunk.
"""

import unicodedata
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from whisper_farm.merging.placing import Placed, samples, sounds
from whisper_farm.models import SAMPLE_RATE_HZ
from worker_gpu.coverage import LONGEST_UNCOVERED, ROOM_FOR_A_WORD, holes, longest_believable
from worker_gpu.windows import Span, connected

#: Whisper's own bounds of a decoding that failed (Radford et al. 2022, section 4.5).
HIGHEST_COMPRESSION = 2.4
LOWEST_LOGPROB = -1.0
#: A text counts as silence where the model takes the window for silence and is unsure of its words (ibid.).
NO_SPEECH_PROBABILITY = 0.6

#: Mean log-probability of a token. A model that understands a part of a window, even of the worst sound,
#: stays above -2; one that guesses among all of its tokens comes near -10. It would guess again.
GUESSING_LOGPROB = -3.0

#: An n-gram of so many words, said so many times in a row, is a loop perhaps. People say "no, no, no" and
#: "very very"; they seldom say four words and then the same four at once.
_LOOPS = ((1, 4), (2, 3), (3, 3))
_LONG_LOOP_ROUNDS = 2
LONGEST_LOOP = 30  #: words in a round

#: Speech can be followed at up to 400 words a minute (Liberman et al. 1967): 6.7 a second.
_RUSHED_WORDS, _RUSHED = 8, samples(8 / 7)
#: Three words in this time have less than 50 ms each: not two phonemes at 30 a second, where they blur into a
#: buzz (Liberman et al. 1967). Word times of loops and of words that nobody said collapse like this.
_BURST_WORDS, _BURST = 3, samples(0.15)
SHORTEST_WORD = samples(0.05)

#: Words this unlikely are guesses; one alone is often a name, two close to each other are a place that was
#: not understood.
GUESSED_PROBABILITY = 0.3
#: Below this a word is more likely wrong than right.
DOUBTED_PROBABILITY = 0.5
_GUESSES_WITHIN = samples(3.0)

#: A word that stands further from speech than this stands over silence: word times are exact to 0.1 s, and
#: voice activity detection to one or two of its frames of 32 ms.
BESIDE_SPEECH = samples(0.15)

#: Fewer words of a prompt in a row occur in it and in speech by chance.
_LEAKED_WORDS = 4

#: A text in two scripts is ordinary (names, terms); one that is mostly in a foreign one is not.
_FOREIGN_SHARE = 0.5
_LETTERS_TO_JUDGE = 10

Guard = Literal["uncovered", "mute", "stretched", "loop", "rushed", "silence", "leak", "window", "guesses"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One guard's suspicion of one place."""

    guard: Guard
    start: int
    end: int
    reason: str  #: in a few words, for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a chunk before it is heard."""

    speech: Sequence[Span]  #: where somebody speaks, unpadded
    prompt: Sequence[str] = ()  #: what the model was told, as `sounds` writes words
    language: str | None = None  #: that the text must be in; None where any will do


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the model said of one window: where, and how sure it was."""

    start: int
    end: int
    avg_logprob: float
    no_speech_prob: float = 0.0
    temperature: float = 0.0


def findings(words: Sequence[Placed], windows: Sequence[Heard], known: Known) -> list[Finding]:
    """All suspicions, by their place. Windows of which the model only guesses are left out: see there."""
    hopeless = [Span(window.start, window.end) for window in windows if is_beyond_help(window)]
    found = [
        *(finding for window in windows for finding in of_window(window, _within(words, window), known)),
        *uncovered(words, known.speech),
        *mute(words, known.speech),
        *stretched(words, known.speech),
        *loops(words),
        *rushed(words),
        *over_silence(words, known.speech),
        *leaks(words, known),
        *guesses(words),
    ]
    found = [each for each in found if not any(w.start <= each.start < w.end for w in hopeless)]
    return sorted(found, key=lambda each: (each.start, each.end, each.guard))


def is_beyond_help(window: Heard) -> bool:
    """Whether the model only guesses here: then it would again, at twice the cost."""
    return window.avg_logprob < GUESSING_LOGPROB


def of_window(window: Heard, words: Sequence[Placed], known: Known) -> Iterator[Finding]:
    """What is wrong with a window as a whole."""
    text = "".join(word.text for word in words)
    if (ratio := compression_ratio(text)) > HIGHEST_COMPRESSION:
        yield Finding("window", window.start, window.end, f"text that repeats itself ({ratio:.1f})")
    if words and window.avg_logprob < LOWEST_LOGPROB:
        yield Finding("window", window.start, window.end, f"log-probability of {window.avg_logprob:.1f}")
    if known.language is not None and is_foreign(text, known.language):
        yield Finding("window", window.start, window.end, f"text in another script than '{known.language}'")


def uncovered(words: Sequence[Placed], speech: Sequence[Span]) -> Iterator[Finding]:
    """Speech without words."""
    for hole in holes(words, connected(speech), longer_than=LONGEST_UNCOVERED):
        seconds = hole.samples / SAMPLE_RATE_HZ
        yield Finding("uncovered", hole.start, hole.end, f"speech without words for {seconds:.1f} s")


def mute(words: Sequence[Placed], speech: Sequence[Span]) -> Iterator[Finding]:
    """Speech with room for one word and without it."""
    for hole in holes(words, connected(speech), longer_than=ROOM_FOR_A_WORD):
        if hole.samples <= LONGEST_UNCOVERED:
            seconds = hole.samples / SAMPLE_RATE_HZ
            yield Finding("mute", hole.start, hole.end, f"room for a word in {seconds:.1f} s of speech")


def stretched(words: Sequence[Placed], speech: Sequence[Span]) -> Iterator[Finding]:
    """Words that take longer than anybody draws them out, with speech going on to the next word: cut to what
    can be believed, they leave a hole that is too short to be seen as one."""
    spoken = connected(speech)
    for word, after in pairwise(words):
        is_cut = word.probability is not None and word.end - word.start >= longest_believable(word)
        if (
            is_cut
            and after.start - word.end > ROOM_FOR_A_WORD
            and any(span.start <= word.end and after.start <= span.end for span in spoken)
        ):
            yield Finding("stretched", word.start, after.start, "a word drawn out too long")


def loops(words: Sequence[Placed]) -> Iterator[Finding]:
    """Words said again and again at once."""
    said = [sounds(word) for word in words]
    at = 0
    while at < len(said):
        length, rounds = _loop_at(said, at)
        if not length:
            at += 1
            continue
        end = at + length * rounds
        yield Finding(
            "loop", words[at].start, _end(words[at:end]), f"{length * rounds} words in {rounds} equal rounds"
        )
        at = end


def rushed(words: Sequence[Placed]) -> Iterator[Finding]:
    """Words faster than anybody speaks. What overlaps is told as one."""
    flagged = rushed_words(words)
    for first, end in _runs(flagged):
        yield Finding("rushed", words[first].start, _end(words[first:end]), f"{end - first} words too fast")


def rushed_words(words: Sequence[Placed]) -> list[bool]:
    """Of each word, whether it is among words that come faster than anybody speaks."""
    flagged = [False] * len(words)
    for count, least in ((_RUSHED_WORDS, _RUSHED), (_BURST_WORDS, _BURST)):
        for first in range(len(words) - count + 1):
            if words[first + count - 1].end - words[first].start < least:
                flagged[first : first + count] = [True] * count
    for number, (before, word) in enumerate(pairwise(words), start=1):
        if word.end - word.start < SHORTEST_WORD and sounds(word) == sounds(before):
            flagged[number] = True
    return flagged


def over_silence(words: Sequence[Placed], speech: Sequence[Span]) -> Iterator[Finding]:
    """Words where nobody speaks. What follows each other is told as one."""
    flagged = [distance_to_speech(word, speech) > BESIDE_SPEECH for word in words]
    for first, end in _runs(flagged):
        yield Finding("silence", words[first].start, _end(words[first:end]), "words where nobody speaks")


def leaks(words: Sequence[Placed], known: Known) -> Iterator[Finding]:
    """What the model was told before and says again, where nobody can have said it.

    A glossary's words are meant to be heard, so only a run of them counts: all of the prompt, or four
    words of it, that the model is unsure of or that come too fast or over silence.
    """
    least = min(_LEAKED_WORDS, len(known.prompt))
    if least < 2:
        return
    grams = {tuple(known.prompt[i : i + least]) for i in range(len(known.prompt) - least + 1)}
    said = [sounds(word) for word in words]
    flagged = [False] * len(words)
    for first in range(len(said) - least + 1):
        if tuple(said[first : first + least]) in grams:
            flagged[first : first + least] = [True] * least
    too_fast = rushed_words(words)
    for first, end in _runs(flagged):
        run = words[first:end]
        unsure = sum(word.probability or 0.0 for word in run) / len(run) < 0.5
        silent = any(distance_to_speech(word, known.speech) > 0 for word in run)
        whole = len(known.prompt) > _LEAKED_WORDS and said[first:end] == list(known.prompt)
        if unsure or silent or whole or any(too_fast[first:end]):
            yield Finding("leak", run[0].start, _end(run), "the prompt read back")


def guesses(words: Sequence[Placed]) -> Iterator[Finding]:
    """Words close to each other that the model hardly believes itself."""
    unlikely = [w for w in words if w.probability is not None and w.probability < GUESSED_PROBABILITY]
    close: list[Placed] = []
    for word in [*unlikely, None]:
        if close and (word is None or word.start - close[-1].end > _GUESSES_WITHIN):
            if len(close) > 1:
                yield Finding("guesses", close[0].start, _end(close), f"{len(close)} words hardly believed")
            close = []
        if word is not None:
            close.append(word)


def compression_ratio(text: str) -> float:
    """How much smaller the text gets when compressed: Whisper's measure of how much it repeats itself."""
    raw = text.strip().encode()
    return len(raw) / len(zlib.compress(raw))


def distance_to_speech(word: Placed, speech: Sequence[Span]) -> int:
    """How far the word is from the nearest speech; 0 where it touches some."""
    after = bisect_left(speech, word.start, key=lambda span: span.end)  # the first that ends not before it
    near = speech[max(0, after - 1) : after + 1]
    return min((max(span.start - word.end, word.start - span.end, 0) for span in near), default=word.end)


#: Scripts of the languages that have one of their own; all others are taken for Latin.
_SCRIPTS: dict[str, frozenset[str]] = {
    **dict.fromkeys("ru uk be bg mk sr kk mn tg tt ba".split(), frozenset({"CYRILLIC", "LATIN"})),  # noqa: SIM905
    **dict.fromkeys("ar fa ur ps sd".split(), frozenset({"ARABIC"})),  # noqa: SIM905
    **dict.fromkeys("hi mr ne sa".split(), frozenset({"DEVANAGARI"})),  # noqa: SIM905
    **dict.fromkeys("zh yue".split(), frozenset({"CJK"})),  # noqa: SIM905
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH"}),
    "ko": frozenset({"HANGUL", "CJK"}),
    "el": frozenset({"GREEK"}),
    "he": frozenset({"HEBREW"}),
    "yi": frozenset({"HEBREW"}),
    "th": frozenset({"THAI"}),
    "hy": frozenset({"ARMENIAN"}),
    "ka": frozenset({"GEORGIAN"}),
    "bn": frozenset({"BENGALI"}),
    "as": frozenset({"BENGALI"}),
    "pa": frozenset({"GURMUKHI"}),
    "gu": frozenset({"GUJARATI"}),
    "ta": frozenset({"TAMIL"}),
    "te": frozenset({"TELUGU"}),
    "kn": frozenset({"KANNADA"}),
    "ml": frozenset({"MALAYALAM"}),
    "si": frozenset({"SINHALA"}),
    "my": frozenset({"MYANMAR"}),
    "km": frozenset({"KHMER"}),
    "lo": frozenset({"LAO"}),
    "bo": frozenset({"TIBETAN"}),
    "am": frozenset({"ETHIOPIC"}),
}
#: Written in more than one script, so nothing follows from the letters.
_OPEN = frozenset({"uz", "az", "tk", "ms", "ha", "su", "jw", "bs", "sr", "sd", "pa", "mn", "ks"})


def is_foreign(text: str, language: str) -> bool:
    """Whether the text is mostly in letters that the language is not written in."""
    letters = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    if len(letters) < _LETTERS_TO_JUDGE or language in _OPEN:
        return False
    own = _SCRIPTS.get(language, frozenset({"LATIN"}))
    return sum(script not in own for script in letters) > _FOREIGN_SHARE * len(letters)


def _loop_at(said: Sequence[str], at: int) -> tuple[int, int]:
    """Words in a round and rounds of the loop that begins here; (0, 0) where none does."""
    for length in range(1, LONGEST_LOOP + 1):
        if at + 2 * length > len(said):
            break
        if said[at] != said[at + length]:
            continue
        rounds = 1
        gram = said[at : at + length]
        while said[at + rounds * length : at + (rounds + 1) * length] == gram:
            rounds += 1
        if rounds >= dict(_LOOPS).get(length, _LONG_LOOP_ROUNDS):
            return length, rounds
    return 0, 0


def _runs(flags: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """First and end of each run of true ones."""
    edges = [False, *flags, False]
    changes = [i for i, (a, b) in enumerate(pairwise(edges)) if a != b]
    return zip(changes[::2], changes[1::2], strict=True)


def _end(words: Sequence[Placed]) -> int:
    return max(word.end for word in words)


def _within(words: Sequence[Placed], window: Heard) -> list[Placed]:
    return [word for word in words if 2 * window.start <= word.doubled_middle < 2 * window.end]
