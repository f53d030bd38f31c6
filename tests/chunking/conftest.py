"""Recordings that planner tests cut: made of noise and silence, from a seed."""

import numpy as np
from numpy.typing import NDArray

from whisper_farm.chunking.voice import WINDOW_SAMPLES, Probabilities
from whisper_farm.models import SAMPLE_RATE_HZ

Pcm = NDArray[np.int16]

_SYLLABLE_SAMPLES = round(0.08 * SAMPLE_RATE_HZ)


def spoken(
    seconds: float, *, seed: int, pauses: tuple[float, float] = (0.3, 1.2), room_db: float = -60.0
) -> Pcm:
    """Phrases of 0.4 to 2 s made of syllables, with pauses of `pauses` seconds between, in a room's noise."""
    random = np.random.default_rng(seed)
    total = round(seconds * SAMPLE_RATE_HZ)
    levels = np.full(total, 10 ** (room_db / 20), dtype=np.float32)
    position = 0
    while position < total:
        for _ in range(int(random.integers(5, 25))):
            levels[position : position + _SYLLABLE_SAMPLES] = 10 ** (random.uniform(-30.0, -12.0) / 20)
            position += _SYLLABLE_SAMPLES
        position += round(random.uniform(*pauses) * SAMPLE_RATE_HZ)
    noise = random.standard_normal(total, dtype=np.float32) * np.float32(32_768)
    return np.asarray((noise * levels).clip(-32_768, 32_767), dtype=np.int16)


def someone_speaks(pcm: Pcm) -> Probabilities:
    """A detector for which somebody speaks always: made noise is no voice to a real one."""
    return np.ones(len(pcm) // WINDOW_SAMPLES, dtype=np.float32)


def nobody_speaks(pcm: Pcm) -> Probabilities:
    return np.zeros(len(pcm) // WINDOW_SAMPLES, dtype=np.float32)


def moody(pcm: Pcm) -> Probabilities:
    """A detector with a memory: what it says hangs on all that it heard since it began, as Silero's does."""
    levels = np.abs(pcm.astype(np.int64)).reshape(-1, WINDOW_SAMPLES).sum(axis=1)
    return np.asarray(np.cumsum(levels) // 20_000_000 % 3 / 2, dtype=np.float32)
