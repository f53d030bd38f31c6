"""Made-up words for the guards: what a model might have heard, written in a line."""

from collections.abc import Iterable

from whisper_farm.merging.placing import Placed, samples
from worker_gpu.windows import Span


def said(text: str, *, start: float = 0.0, each: float = 0.4, probability: float = 0.99) -> list[Placed]:
    """The words of `text`, one after the other, each so many seconds long."""
    return [
        Placed(samples(start + n * each), samples(start + (n + 1) * each), f" {word}", probability)
        for n, word in enumerate(text.split())
    ]


def text(words: Iterable[Placed]) -> str:
    return "".join(word.text for word in words).strip()


def speech(*seconds: tuple[float, float]) -> list[Span]:
    return [Span(samples(start), samples(end)) for start, end in seconds]
