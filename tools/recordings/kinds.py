"""The kinds of recordings that the farm must hold against, and how each is made.

The speech, with exact word times, comes from `tools.model.corpus` (espeak-ng), only from sentences that the
test model's training never saw. What follows there is told here: pauses, beds, noise, channels, coding.
"""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tools.recordings.mixing import (
    at_level,
    from_db,
    panned,
    pink_noise,
    speech_level,
    without_clipping,
)
from tools.recordings.music import music_bed
from tools.recordings.pauses import RATE_HZ, Edit, closing_up, edited, shortening, silences
from tools.recordings.truth import TrueSentence, Truth, sentences_of

Audio = NDArray[np.float32]
Sentences = tuple[TrueSentence, ...]

#: A studio's noise floor, under every recording: no recording is digital silence.
QUIET_ROOM_DBFS = -60.0

#: In `dense`, no pause between two words is longer.
LONGEST_DENSE_PAUSE_SECONDS = 0.15

#: So much of it may be silent: a word's last sound dies away for some 50 ms after the end that espeak tells.
_LONGEST_DENSE_SILENCE_SECONDS = 0.10
_TRUTH_IS_EXACT_TO_SECONDS = 0.002

#: Below this against the speech's level is silence: espeak's pauses are digital silence, and its weakest
#: fricatives are louder.
_SILENT_DB = -45.0

STEREO_RATE_HZ = 44_100

#: A bed under speech is at least 20 dB below it, where listeners are to follow: WCAG 2, criterion 1.4.7.
MUSIC_DB = (20.0, 26.0)

#: A mix that is too loud. The demo's model, which was trained without any music, gets a fifth of all words
#: wrong here, so this kind is made only where it is asked for.
LOUD_MUSIC_DB = (12.0, 18.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One recording: `[samples]` or `[samples, 2]` in [-1, 1], and how it is to be written."""

    audio: Audio
    truth: Truth
    rate_hz: int = RATE_HZ
    extension: str = "flac"
    bitrate: str | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """Noiseless mono speech at 16 kHz with its truth, and the generators that all else is drawn from."""

    audio: Audio
    sentences: Sentences
    draw: random.Random
    noise: np.random.Generator

    @classmethod
    def of(cls, audio: Audio, sentences: Sentences, *, own: int) -> "Speech":
        """Speech whose generators start from `own`."""
        return cls(audio, sentences, random.Random(own), np.random.default_rng(own))

    def edited(self, edits: Sequence[Edit]) -> "Speech":
        """With pauses made shorter or longer."""
        audio, sentences = edited(self.audio, self.sentences, edits)
        return Speech(audio, sentences, self.draw, self.noise)

    @property
    def level(self) -> float:
        """RMS of its words."""
        return speech_level(self.audio, self.sentences, rate_hz=RATE_HZ)

    def over(self, bed: Audio, *, db_below_speech: float) -> "Speech":
        """With `bed` under it, so far below the speech's level."""
        audio = self.audio + at_level(bed, self.level * from_db(-db_below_speech))
        return Speech(audio.astype(np.float32), self.sentences, self.draw, self.noise)

    def in_a_quiet_room(self) -> "Speech":
        """With a noise floor that one hears only in the pauses."""
        floor = pink_noise(self.noise, len(self.audio), rate_hz=RATE_HZ) * from_db(QUIET_ROOM_DBFS)
        return Speech((self.audio + floor).astype(np.float32), self.sentences, self.draw, self.noise)

    def made(self, kind: str, seed: int, *, extension: str = "flac", bitrate: str | None = None) -> Made:
        """As a recording."""
        truth = Truth(
            kind=kind, seed=seed, duration=len(self.audio) / RATE_HZ, sentences=tuple(self.sentences)
        )
        audio = without_clipping(self.audio)
        return Made(audio=audio, truth=truth, extension=extension, bitrate=bitrate)


def make(kind: str, *, seed: int, seconds: float) -> Made:
    """One recording of about `seconds`. The same kind, seed and length give the same samples.

    Raises:
        OSError: libespeak-ng is not installed.
        ImportError: scipy is not installed.
    """
    return KINDS[kind](seed, seconds)


def _speech(
    kind: str,
    seed: int,
    seconds: float,
    *,
    speakers: int,
    gaps: tuple[float, float] = (0.25, 2.0),
    turns: tuple[int, int] = (3, 8),
) -> Speech:
    from tools.model import corpus

    # Mixed with the kind, so that two kinds of one seed do not say the same.
    own = zlib.crc32(f"{kind}/{seed}".encode())
    audio, truth = corpus.record(seconds, own, speakers, None, gaps, held_out=True, turns=turns)
    return Speech.of(audio, sentences_of(truth["segments"]), own=own)


def _clean(seed: int, seconds: float) -> Made:
    return _speech("clean", seed, seconds, speakers=1).in_a_quiet_room().made("clean", seed)


def _voices(seed: int, seconds: float) -> Made:
    speech = _speech("voices", seed, seconds, speakers=5, gaps=(0.1, 1.0), turns=(1, 4))
    return speech.in_a_quiet_room().made("voices", seed)


def _dense(seed: int, seconds: float) -> Made:
    """espeak pauses at commas and ends of sentences as well, so each silence is looked for and shortened."""
    speech = _speech("dense", seed, 1.4 * seconds, speakers=2, gaps=(0.02, 0.1))
    found = silences(speech.audio, quieter_than=speech.level * from_db(_SILENT_DB))
    closer = speech.edited(shortening(found, longest_seconds=_LONGEST_DENSE_SILENCE_SECONDS))
    # A breathy end is no silence, and yet a pause: what the truth's words leave between them counts as well.
    dense = closer.edited(
        closing_up(closer.sentences, longest_seconds=LONGEST_DENSE_PAUSE_SECONDS - _TRUTH_IS_EXACT_TO_SECONDS)
    )
    return _trimmed(dense, seconds).in_a_quiet_room().made("dense", seed)


def _music(seed: int, seconds: float) -> Made:
    return _over_music("music", seed, seconds, db_below_speech=MUSIC_DB)


def _loud_music(seed: int, seconds: float) -> Made:
    return _over_music("loud_music", seed, seconds, db_below_speech=LOUD_MUSIC_DB)


def _over_music(kind: str, seed: int, seconds: float, *, db_below_speech: tuple[float, float]) -> Made:
    speech = _speech(kind, seed, seconds, speakers=2)
    bed = music_bed(speech.noise, len(speech.audio), rate_hz=RATE_HZ)
    with_music = speech.over(bed, db_below_speech=speech.draw.uniform(*db_below_speech))
    return with_music.in_a_quiet_room().made(kind, seed)


def _noise(seed: int, seconds: float) -> Made:
    speech = _speech("noise", seed, seconds, speakers=2)
    floor = pink_noise(speech.noise, len(speech.audio), rate_hz=RATE_HZ)
    return speech.over(floor, db_below_speech=speech.draw.uniform(15, 20)).made("noise", seed)


def _silence(seed: int, seconds: float) -> Made:
    """Speech for a fifth of the time; between runs of sentences, pauses of 5 to 40 s."""
    speech = _speech("silence", seed, seconds / 5, speakers=2, gaps=(0.25, 0.8))
    return speech.edited(silence_edits(speech, seconds=seconds)).in_a_quiet_room().made("silence", seed)


def silence_edits(speech: Speech, *, seconds: float) -> list[Edit]:
    """Pauses between sentences, as many as fill four fifths of `seconds`."""
    pauses: list[float] = []
    while sum(pauses) < 0.8 * seconds:
        pauses.append(speech.draw.uniform(5, 40))
    places = [0.0, *((before.end + after.start) / 2 for before, after in pairwise(speech.sentences))]
    chosen = sorted(speech.draw.sample(places, min(len(pauses), len(places))))
    return [
        Edit(int(place * RATE_HZ), inserted=int(pause * RATE_HZ))
        for place, pause in zip(chosen, pauses, strict=False)
    ]


def _mp3_24k(seed: int, seconds: float) -> Made:
    speech = _speech("mp3_24k", seed, seconds, speakers=3)
    return speech.in_a_quiet_room().made("mp3_24k", seed, extension="mp3", bitrate="24k")


def _stereo_44k(seed: int, seconds: float) -> Made:
    """Each speaker at a place of their own; WAV for even seeds, AAC in MP4 for odd ones."""
    from scipy.signal import resample_poly

    speech = _speech("stereo_44k", seed, seconds, speakers=3)
    places = [-0.7, 0.7, 0.1]
    speech.draw.shuffle(places)
    wide = resample_poly(panned(speech.audio, speech.sentences, places), 441, 160, axis=0)
    floor = [pink_noise(speech.noise, len(wide), rate_hz=STEREO_RATE_HZ) for _ in range(2)]
    audio = (wide + np.stack(floor, axis=1) * from_db(QUIET_ROOM_DBFS)).astype(np.float32)
    truth = Truth(
        kind="stereo_44k", seed=seed, duration=len(audio) / STEREO_RATE_HZ, sentences=speech.sentences
    )
    lossy = seed % 2 == 1
    return Made(
        audio=without_clipping(audio),
        truth=truth,
        rate_hz=STEREO_RATE_HZ,
        extension="m4a" if lossy else "wav",
        bitrate="128k" if lossy else None,
    )


def _trimmed(speech: Speech, seconds: float) -> Speech:
    """Up to the end of the sentence that passes `seconds`."""
    kept = [sentence for sentence in speech.sentences if sentence.start < seconds]
    end = int((kept[-1].end + LONGEST_DENSE_PAUSE_SECONDS / 2) * RATE_HZ)
    if len(kept) < len(speech.sentences):
        end = min(end, int((kept[-1].end + speech.sentences[len(kept)].start) / 2 * RATE_HZ))
    return Speech(speech.audio[:end], tuple(kept), speech.draw, speech.noise)


#: Made where nobody names others.
USUAL_KINDS = ("clean", "voices", "dense", "music", "noise", "silence", "mp3_24k", "stereo_44k")

KINDS: dict[str, Callable[[int, float], Made]] = {
    "clean": _clean,
    "voices": _voices,
    "dense": _dense,
    "music": _music,
    "loud_music": _loud_music,
    "noise": _noise,
    "silence": _silence,
    "mp3_24k": _mp3_24k,
    "stereo_44k": _stereo_44k,
}
