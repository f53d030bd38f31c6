"""Which language is spoken, by a vote over windows: one window of music decides nothing alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
    detect: "Callable[[Audio], Mapping[str, float]]",
) -> LanguageVote:
    """Each window that is not silent votes with the probability it gives to each language.

    The heaviest language wins. How sure the vote is, is the mean probability of the winner over all windows
    that voted, those for another language included: windows that disagree make it less sure.
    """
    ballots = [detect(window) for window in windows if not is_silent(window)]
    if not ballots:
        return LanguageVote(language=SILENCE_SPEAKS, probability=0.0, votes={})
    weights: dict[str, float] = {}
    for ballot in ballots:
        for language, probability in ballot.items():
            weights[language] = weights.get(language, 0.0) + min(1.0, max(0.0, probability))
    winner = max(sorted(weights), key=weights.__getitem__)
    first_choices = Counter(max(sorted(ballot), key=ballot.__getitem__) for ballot in ballots)
    return LanguageVote(
        language=winner,
        probability=min(1.0, weights[winner] / len(ballots)),
        votes=dict(sorted(first_choices.items())),
    )
