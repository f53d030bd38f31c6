"""Transcripts for tests, made of their words."""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from whisper_farm.models import Gap, Segment, Transcript, Word

ENGLISH = """
    the a of and but when in on to with he she was is bridge river market captain important strange understand
    yes no, well. okay? understandable, internationalisation I you it they're don't three hundred mayor. built
    old narrow letters because nobody knew it that would hold, said so often
""".split()  # noqa: SIM905 - fifty quoted words would be harder to read


def segment(number: int, *words: tuple[str, float, float], text: str | None = None) -> Segment:
    said = tuple(Word(word=word, start=start, end=end, probability=0.98765) for word, start, end in words)
    joined = "".join(word.word for word in said).strip()
    return Segment(id=number, start=said[0].start, end=said[-1].end, text=text or joined, words=said)


def evenly(number: int, text: str, *, start: float, step: float = 0.35) -> Segment:
    """The words of `text`, one every `step` seconds."""
    spaced = [(f" {word}", start + step * n, start + step * (n + 0.9)) for n, word in enumerate(text.split())]
    return segment(number, *spaced)


def unspaced(number: int, text: str, *, start: float, step: float = 0.25) -> Segment:
    """Each character of a script without blanks as a word of its own, punctuation with the one before."""
    words: list[tuple[str, float, float]] = []
    for character in text:
        if words and not character.isalnum():
            words[-1] = (words[-1][0] + character, *words[-1][1:])
        else:
            at = start + step * len(words)
            words.append((character, at, at + step))
    return segment(number, *words)


def rambling(
    count: int, *, cps: float, seed: int, words: Sequence[str] = ENGLISH, pauses: Iterable[float] = (0.0,)
) -> Transcript:
    """That many words at random, spoken at about so many characters a second, with pauses at punctuation."""
    chance, at = random.Random(seed), 0.5  # noqa: S311 - a seed makes it repeatable
    silences = list(pauses)
    segments: list[Segment] = []
    said: list[tuple[str, float, float]] = []
    for number in range(count):
        word = chance.choice(words)
        lasts = (len(word) + 1) / cps * chance.uniform(0.7, 1.3)
        said.append((f" {word}", round(at, 3), round(at + lasts * 0.95, 3)))
        at += lasts + (chance.choice(silences) if word[-1] in ".,?" else 0.0)
        if word[-1] in ".?" or number == count - 1:
            segments.append(segment(len(segments), *said))
            said = []
    return transcript(*segments, duration=at + 1.0)


def true_transcript(truth: Path) -> Transcript:
    """What was said in a generated recording, with the times that it was said at."""
    told = json.loads(truth.read_text())
    segments = [
        segment(
            number,
            *(
                (f" {text}", word["start"], word["end"])
                for text, word in zip(each["text"].split(), each["words"], strict=True)
            ),
        )
        for number, each in enumerate(told["segments"])
    ]
    return transcript(*segments, duration=told["duration"])


def transcript(
    *segments: Segment,
    duration: float = 60.0,
    gaps: tuple[Gap, ...] = (),
    warnings: tuple[str, ...] = (),
    language: str = "en",
) -> Transcript:
    return Transcript(
        version="0.1.0",
        job="a-job",
        recording_sha256="0" * 64,
        model="tiny",
        weights="1" * 64,
        language=language,
        language_probability=0.987654,
        duration=duration,
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        gaps=gaps,
        warnings=warnings,
        decoding={"beam_size": 5, "language": "auto", "vad": True},
    )
