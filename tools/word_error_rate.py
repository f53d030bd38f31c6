"""How far a transcript is from its truth, in words: the demo, the tests and the benchmarks ask this.

The usual measure: the least number of words that must be replaced, removed or added to turn the truth into
the transcript, over the number of words in the truth. Case and punctuation do not count.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WordErrors:
    """The edits that lead from the truth to the transcript."""

    substitutions: int  #: words heard as another word
    insertions: int  #: words in the transcript that nobody said
    deletions: int  #: words said that the transcript lacks
    words: int  #: words in the truth

    @property
    def errors(self) -> int:
        """All edits together; the least number possible."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def rate(self) -> float:
        """Errors over words said, from 0.0; above 1.0 where much was made up. Of silence: 0.0 or 1.0."""
        if self.words == 0:
            return 1.0 if self.errors else 0.0
        return self.errors / self.words

    def __str__(self) -> str:
        return (
            f"{100 * self.rate:.1f} % ({self.errors} of {self.words} words: {self.substitutions} substituted,"
            f" {self.deletions} missing, {self.insertions} added)"
        )


def plain_words(text: str) -> list[str]:
    """The words of `text` in lower case, without punctuation; an apostrophe inside a word stays."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return re.findall(r"\w+(?:'\w+)*", plain)


def word_errors(truth: str, transcript: str) -> WordErrors:
    """Compares two texts word by word."""
    return compare(plain_words(truth), plain_words(transcript))


def compare(truth: Sequence[str], heard: Sequence[str]) -> WordErrors:
    """The least edits from `truth` to `heard`.

    Goes by edits rather than by cells of the table (Landau and Vishkin): `reach[d]` is how many words of
    the truth are settled, with the edits so far, where `d` is how many more words were heard than said. So
    an hour of nearly right text costs milliseconds; the time grows with the square of the errors.
    """
    goal = len(heard) - len(truth)
    steps: list[dict[int, int]] = []
    while True:
        before = steps[-1] if steps else {0: 0}
        reach: dict[int, int] = {}
        for surplus in range(min(before) - 1, max(before) + 2) if steps else [0]:
            settled = max(
                before.get(surplus, -2) + (1 if steps else 0),  # one substituted
                before.get(surplus + 1, -2) + 1,  # one missing
                before.get(surplus - 1, -2),  # one added
            )
            settled = min(settled, len(truth), len(heard) - surplus)
            if settled < max(0, -surplus):
                continue
            while (
                settled < len(truth)
                and settled + surplus < len(heard)
                and truth[settled] == heard[settled + surplus]
            ):
                settled += 1
            reach[surplus] = settled
        steps.append(reach)
        if reach.get(goal) == len(truth):
            return _counted(steps, goal, len(truth))


def _counted(steps: list[dict[int, int]], goal: int, words: int) -> WordErrors:
    """Walks back from the end through the edits and counts them by kind."""
    substitutions = insertions = deletions = 0
    surplus = goal
    for before in reversed(steps[:-1]):
        ways = {
            surplus: before.get(surplus, -2) + 1,
            surplus + 1: before.get(surplus + 1, -2) + 1,
            surplus - 1: before.get(surplus - 1, -2),
        }
        came_from = max(ways, key=lambda way: (ways[way], way == surplus))
        substitutions += came_from == surplus
        deletions += came_from == surplus + 1
        insertions += came_from == surplus - 1
        surplus = came_from
    return WordErrors(substitutions=substitutions, insertions=insertions, deletions=deletions, words=words)
