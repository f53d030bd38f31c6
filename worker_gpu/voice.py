"""Where somebody speaks: voice activity detection with Silero, as faster-whisper ships it.

The network gives a probability of speech for each 32 ms; what follows from them stands here and is pure.
It is faster-whisper's own rule with its two thresholds: a stretch begins where the probability reaches
the upper one and ends once it stayed below the lower one for long enough. But stretches are not
cut at a length here: where a long one is best cut, `worker_gpu.windows` decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.request import Decoding
from worker_gpu.windows import Span, connected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]  #: mono, 16 kHz, -1 to 1

FRAME = 512  #: samples for each probability: what the network takes at once

#: A stretch ends at this much less than it begins with, so that a voice that trembles around one threshold
#: does not fall to pieces. Silero's own default.
HYSTERESIS = 0.15
_LOWEST_THRESHOLD = 0.01

_QUIET = SAMPLE_RATE_HZ // 50  #: 20 ms, in samples: the grain at which a quiet point is looked for
_SMOOTHED = 3  #: so many of them make a point: 60 ms, the closure of a consonant at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Where somebody speaks in a chunk: intervals in samples, in order, and apart."""

    stretches: tuple[Span, ...]  #: as they are
    samples: int  #: of the chunk
    padding: int  #: in samples

    def padded(self, share: float = 1.0) -> list[Span]:
        """With silence on both sides, as they are heard: the padding, or so much of it."""
        return pad(connected(self.stretches), self.samples, padding=round(share * self.padding))

    @property
    def speech_seconds(self) -> float:
        """How much there is of it, padding included: what is heard."""
        return sum(span.samples for span in self.padded()) / SAMPLE_RATE_HZ


def listen(audio: "Audio") -> "NDArray[np.float32]":
    """The probability of speech for each `FRAME` samples of `audio`; the last frame may be a part."""
    import numpy as np
    from faster_whisper.vad import get_vad_model

    if len(audio) == 0:
        return np.zeros(0, dtype=np.float32)
    whole = np.pad(audio, (0, -len(audio) % FRAME))  # a copy: the network's wrapper writes into what it gets
    return np.asarray(get_vad_model()(whole), dtype=np.float32).reshape(-1)


def voice_in(probabilities: "NDArray[np.float32]", samples: int, decoding: Decoding) -> Voice:
    """Where somebody speaks in so many samples, by these probabilities and options."""
    stretches = stretches_of(
        probabilities.tolist(),
        samples,
        threshold=decoding.vad_threshold,
        shortest_silence=decoding.vad_min_silence_ms * SAMPLE_RATE_HZ // 1000,
    )
    padding = decoding.vad_padding_ms * SAMPLE_RATE_HZ // 1000
    return Voice(stretches=tuple(stretches), samples=samples, padding=padding)


def is_silent(audio: "Audio") -> bool:
    """Whether nobody speaks in it."""
    return not voice_in(listen(audio), len(audio), Decoding()).stretches


def stretches_of(
    probabilities: Sequence[float], samples: int, *, threshold: float, shortest_silence: int
) -> list[Span]:
    """The stretches of speech; a silence shorter than `shortest_silence` (samples) ends none."""
    lower = max(threshold - HYSTERESIS, _LOWEST_THRESHOLD)
    found: list[Span] = []
    start: int | None = None
    silent_since: int | None = None
    for frame, probability in enumerate(probabilities):
        at = frame * FRAME
        if probability >= threshold:
            start, silent_since = (at if start is None else start), None
        elif start is not None and probability < lower:
            silent_since = at if silent_since is None else silent_since
            if at - silent_since >= shortest_silence:
                found.append(Span(start, silent_since))
                start = silent_since = None
    if start is not None:
        found.append(Span(start, samples))
    return found


def pad(stretches: Sequence[Span], samples: int, *, padding: int) -> list[Span]:
    """The stretches with `padding` on both sides; neighbours share what lies between them."""
    padded = []
    for index, span in enumerate(stretches):
        floor = (stretches[index - 1].end + span.start) // 2 if index else 0
        ceiling = (span.end + stretches[index + 1].start) // 2 if index + 1 < len(stretches) else samples
        padded.append(Span(max(floor, span.start - padding), min(ceiling, span.end + padding)))
    return padded


class Quiet:
    """Where a chunk is quiet: loudness and the probability of speech together.

    Each is blind alone: loudness to a pause over music, and the probability, which looks back over half a
    second, to the moment between two words.
    """

    def __init__(self, audio: "Audio", probabilities: "NDArray[np.float32]") -> None:
        import numpy as np

        frames = len(audio) // _QUIET
        loudness = np.sqrt(np.square(audio[: frames * _QUIET]).reshape(frames, _QUIET).mean(axis=1))
        speech = probabilities[np.arange(frames) * _QUIET // FRAME] if frames else np.zeros(0)
        kernel = np.ones(_SMOOTHED) / _SMOOTHED
        # A probability of 0 must not make all loudnesses alike.
        self._heard = np.convolve(loudness * (0.1 + speech), kernel, mode="same") if frames else loudness

    def quietest(self, start: int, end: int) -> int:
        """The quietest point in `[start, end]` (samples), the earliest of equals; the middle of nothing."""
        import numpy as np

        first, last = -(-start // _QUIET), end // _QUIET
        searched = self._heard[max(first, 0) : max(last, 0)]
        if len(searched) == 0:
            return (start + end) // 2
        return (max(first, 0) + int(np.argmin(searched))) * _QUIET + _QUIET // 2


def warm_up() -> None:
    """Load the detector now, so that no two threads load it at once."""
    from faster_whisper.vad import get_vad_model

    get_vad_model()
