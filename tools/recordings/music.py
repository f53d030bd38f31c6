"""A music bed: chords, an arpeggio over them, and drums. Pure; `random` decides key, tempo and chords."""

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

_PROGRESSIONS = ((0, 5, 7, 0), (0, 9, 5, 7), (9, 5, 0, 7), (0, 7, 9, 5))  #: roots in semitones, a bar each
_MINOR_ROOTS = frozenset({2, 4, 9})  #: of a major scale: these chords are minor
_BEATS_A_BAR = 4


def music_bed(random: np.random.Generator, samples: int, *, rate_hz: int) -> Audio:
    """`samples` of music, RMS some tenths of full scale: the caller sets the level."""
    beat = int(rate_hz * 60 / random.uniform(84, 126))
    key_hz = 220.0 * 2 ** (random.integers(-5, 7) / 12)
    roots = _PROGRESSIONS[random.integers(len(_PROGRESSIONS))]
    bar = beat * _BEATS_A_BAR
    out = np.zeros(samples + 2 * bar, np.float32)
    for count, start in enumerate(range(0, samples, bar)):
        root = roots[count % len(roots)]
        chord_hz = [key_hz * 2 ** ((root + step) / 12) for step in (0, 3 if root in _MINOR_ROOTS else 4, 7)]
        for pitch_hz in (chord_hz[0] / 4, *chord_hz):
            _add(out, start, 0.25 * _tone(pitch_hz / 2, bar, rate_hz, fall_seconds=1.6))
        for eighth in range(2 * _BEATS_A_BAR):
            pitch_hz = 2 * chord_hz[int(random.integers(3))]
            _add(out, start + eighth * beat // 2, 0.3 * _tone(pitch_hz, beat, rate_hz, fall_seconds=0.18))
            _add(out, start + eighth * beat // 2, 0.12 * _hiss(random, rate_hz, fall_seconds=0.02))
        for stroke in range(_BEATS_A_BAR):
            drum = _kick(rate_hz) if stroke % 2 == 0 else 0.5 * _hiss(random, rate_hz, fall_seconds=0.07)
            _add(out, start + stroke * beat, drum)
    return out[:samples]


def _add(out: Audio, at: int, sound: Audio) -> None:
    end = min(len(out), at + len(sound))
    out[at:end] += sound[: end - at]


def _tone(pitch_hz: float, samples: int, rate_hz: int, *, fall_seconds: float) -> Audio:
    """A plucked string: five partials that die away, with an attack of 5 ms."""
    time = np.arange(samples) / rate_hz
    order = np.arange(1, 6)[:, None]
    partials = np.sum(np.sin(2 * np.pi * pitch_hz * order * time) / order**1.5, axis=0)
    attack = np.minimum(1.0, time / 0.005)
    tone: Audio = (partials * attack * np.exp(-time / fall_seconds)).astype(np.float32)
    return tone


def _kick(rate_hz: int) -> Audio:
    """A sine that falls from 130 to 45 Hz."""
    time = np.arange(int(0.3 * rate_hz)) / rate_hz
    pitch_hz = 45 + 85 * np.exp(-time / 0.03)
    return (np.sin(2 * np.pi * np.cumsum(pitch_hz) / rate_hz) * np.exp(-time / 0.09)).astype(np.float32)


def _hiss(random: np.random.Generator, rate_hz: int, *, fall_seconds: float) -> Audio:
    """A burst of noise without its lows: hi-hat where it is short, snare where it is longer."""
    time = np.arange(int(0.25 * rate_hz)) / rate_hz
    noise = np.diff(random.standard_normal(len(time) + 1))
    return (0.5 * noise * np.exp(-time / fall_seconds)).astype(np.float32)
