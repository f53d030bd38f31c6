"""Levels, beds and places in the stereo field. Pure: the same generator gives the same samples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tools.recordings.truth import TrueSentence

Audio = NDArray[np.float32]

#: Nothing is louder, so that no format clips.
_LOUDEST = 0.97


def level(audio: Audio) -> float:
    """RMS, of full scale."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if len(audio) else 0.0


def speech_level(audio: Audio, sentences: Sequence[TrueSentence], *, rate_hz: int) -> float:
    """RMS over the words alone: pauses do not make a recording quieter."""
    spoken = [
        audio[int(word.start * rate_hz) : int(word.end * rate_hz)]
        for sentence in sentences
        for word in sentence.words
    ]
    return level(np.concatenate(spoken)) if spoken else 0.0


def from_db(db: float) -> float:
    """The amplitude ratio that `db` decibels are."""
    return float(10 ** (db / 20))


def at_level(audio: Audio, wanted: float) -> Audio:
    """`audio` scaled so that its RMS is `wanted`."""
    return (audio * (wanted / max(level(audio), 1e-9))).astype(np.float32)


def without_clipping(audio: Audio) -> Audio:
    """`audio`, all of it quieter where a peak would clip."""
    peak = float(np.abs(audio).max()) if audio.size else 0.0
    return audio if peak <= _LOUDEST else (audio * (_LOUDEST / peak)).astype(np.float32)


def pink_noise(random: np.random.Generator, samples: int, *, rate_hz: int) -> Audio:
    """Noise of RMS 1 whose power falls as 1/f above 20 Hz."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency_hz = np.maximum(np.fft.rfftfreq(samples, 1 / rate_hz), 20.0)
    return at_level(np.fft.irfft(spectrum / np.sqrt(frequency_hz), n=samples).astype(np.float32), 1.0)


def panned(audio: Audio, sentences: Sequence[TrueSentence], places: Sequence[float]) -> Audio:
    """Mono at 16 kHz to `[samples, 2]`: each speaker at a place of their own, -1 left to 1 right.

    Equal power law. The place changes in the middle of the silence between two sentences.
    """
    rate_hz = 16_000
    place = np.zeros(len(audio), np.float32)
    at = 0
    for index, sentence in enumerate(sentences):
        following = sentences[index + 1].start if index + 1 < len(sentences) else len(audio) / rate_hz
        end = int((sentence.end + following) / 2 * rate_hz)
        place[at:end] = places[sentence.speaker % len(places)]
        at = end
    angle = (place + 1) * (np.pi / 4)
    return np.stack([audio * np.cos(angle), audio * np.sin(angle)], axis=1).astype(np.float32)
