"""Pauses of a recording made shorter or longer, its truth moved with them. Pure.

An edit takes samples out of a silence or puts silence in; word times follow to the sample, so the truth stays
exact. All recordings here are mono at 16 kHz and noiseless: noise is laid under them afterwards.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from tools.recordings.truth import TrueSentence

RATE_HZ = 16_000

#: Frames in which silence is looked for: short against the closure of a plosive (some 60 ms).
_FRAME_SAMPLES = RATE_HZ // 200

#: A word's first sound begins a little before the time that espeak tells.
_KEPT_BEFORE_A_WORD_SECONDS = 0.03

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Edit:
    """At sample `at`: `removed` samples are taken out, and `inserted` samples of silence put in."""

    at: int
    removed: int = 0
    inserted: int = 0


def edited(
    audio: Audio, sentences: Sequence[TrueSentence], edits: Sequence[Edit]
) -> tuple[Audio, tuple[TrueSentence, ...]]:
    """Audio and truth after all of `edits`, which are in order and do not overlap.

    A time inside what was removed becomes the moment of the cut.
    """
    pieces: list[Audio] = []
    at = 0
    for edit in edits:
        if edit.at < at:
            raise ValueError(f"the edit at sample {edit.at} lies before the end of the one before it")
        pieces += [audio[at : edit.at], np.zeros(edit.inserted, np.float32)]
        at = edit.at + edit.removed
    pieces.append(audio[at:])
    starts = [edit.at for edit in edits]
    shifts = [0, *accumulate(edit.inserted - edit.removed for edit in edits)]

    def new_time(seconds: float) -> float:
        sample = seconds * RATE_HZ
        count = bisect_right(starts, sample)
        if count and sample < edits[count - 1].at + edits[count - 1].removed:
            last = edits[count - 1]
            return (last.at + last.inserted + shifts[count - 1]) / RATE_HZ
        return (sample + shifts[count]) / RATE_HZ

    return np.concatenate(pieces), tuple(sentence.moved(new_time) for sentence in sentences)


def silences(audio: Audio, *, quieter_than: float) -> list[tuple[int, int]]:
    """The runs `[start, end)` of 5 ms frames whose RMS stays below `quieter_than` (of full scale)."""
    frames = audio[: len(audio) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    quiet = np.concatenate([[False], np.sqrt(np.mean(frames**2, axis=1)) < quieter_than, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1]) * _FRAME_SAMPLES
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def shortening(pauses: Sequence[tuple[int, int]], *, longest_seconds: float) -> list[Edit]:
    """Edits that leave at most `longest_seconds` of each pause: what is too much goes from its middle."""
    longest = int(longest_seconds * RATE_HZ)
    return [
        Edit(start + longest // 2, removed=end - start - longest)
        for start, end in pauses
        if end - start > longest
    ]


def closing_up(sentences: Sequence[TrueSentence], *, longest_seconds: float) -> list[Edit]:
    """Edits that leave at most `longest_seconds` between any two words: what is too much goes shortly before
    the later one, where the earlier one has died away."""
    words = [word for sentence in sentences for word in sentence.words]
    edits = []
    for before, after in pairwise(words):
        too_much = int((after.start - before.end - longest_seconds) * RATE_HZ)
        if too_much > 0:
            end = int((after.start - min(_KEPT_BEFORE_A_WORD_SECONDS, longest_seconds / 2)) * RATE_HZ)
            edits.append(Edit(end - too_much, removed=too_much))
    return edits
