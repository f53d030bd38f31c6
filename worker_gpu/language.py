"""Which language is spoken, by a vote over windows: one window of music decides nothing alone."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from whisper_farm.speech import LanguageVote
from worker_gpu.windows import LONGEST_WINDOW

if TYPE_CHECKING:
    from worker_gpu.voice import Audio

#: What is said where nobody speaks: Whisper has to be given some language.
SILENCE_SPEAKS = "en"


def windows_of(audio: "Audio") -> "list[Audio]":
    """`audio` in pieces of 30 s at most."""
    return [audio[start : start + LONGEST_WINDOW] for start in range(0, len(audio), LONGEST_WINDOW)]


def vote(
    windows: "Sequence[Audio]",
    *,
    is_silent: "Callable[[Audio], bool]",
    detect: "Callable[[Audio], tuple[str, float]]",
) -> LanguageVote:
    """Each window that is not silent votes with its probability; the heaviest language wins."""
    ballots = [detect(window) for window in windows if not is_silent(window)]
    if not ballots:
        return LanguageVote(language=SILENCE_SPEAKS, probability=0.0, votes={})
    weights: dict[str, list[float]] = {}
    for language, probability in ballots:
        weights.setdefault(language, []).append(min(1.0, max(0.0, probability)))
    winner = max(sorted(weights), key=lambda language: sum(weights[language]))
    return LanguageVote(
        language=winner,
        probability=sum(weights[winner]) / len(weights[winner]),
        votes={language: len(given) for language, given in sorted(weights.items())},
    )
