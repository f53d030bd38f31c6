"""Where somebody speaks: voice activity detection with Silero, as faster-whisper ships it.

Its parameters stand here as constants because they decide what is heard: whoever changes one raises
`whisper_farm.identity.DECODING_REVISION`. They are handed over as a fresh value for each call; given as
a dictionary the engine would change it and fall back to a minimum silence of 2 s.
"""

from typing import TYPE_CHECKING

from whisper_farm.models import SAMPLE_RATE_HZ
from worker_gpu.windows import LONGEST_WINDOW, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]  #: mono, 16 kHz, -1 to 1

THRESHOLD = 0.5  #: probability of speech from which on it is speech
SHORTEST_SPEECH_MS = 0
SHORTEST_SILENCE_MS = 160  #: a shorter one does not end a stretch
LONGEST_SPEECH_SECONDS = 30.0  #: a longer stretch is cut at a silence, or where there is none
PADDING_MS = 400  #: kept on either side of a stretch

_FRAME = SAMPLE_RATE_HZ // 20  #: 50 ms, in samples
_SEARCHED_FRAMES = 160  #: 8 s before a window's end


def speech_in(audio: "Audio") -> list[Span]:
    """The stretches of speech in `audio`, padded, in order; none where nobody speaks."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if len(audio) == 0:
        return []
    options = VadOptions(
        threshold=THRESHOLD,
        min_speech_duration_ms=SHORTEST_SPEECH_MS,
        max_speech_duration_s=LONGEST_SPEECH_SECONDS,
        min_silence_duration_ms=SHORTEST_SILENCE_MS,
        speech_pad_ms=PADDING_MS,
    )
    return [Span(found["start"], found["end"]) for found in get_speech_timestamps(audio, options)]


def all_of(audio: "Audio") -> list[Span]:
    """All of `audio`, in stretches of at most a window, cut at their quietest points."""
    import numpy as np

    spans = []
    start = 0
    while len(audio) - start > LONGEST_WINDOW:
        end = start + LONGEST_WINDOW
        searched = audio[end - _SEARCHED_FRAMES * _FRAME : end].reshape(_SEARCHED_FRAMES, _FRAME)
        quietest = int(np.argmin(np.abs(searched).sum(axis=1)))
        end -= (_SEARCHED_FRAMES - quietest) * _FRAME - _FRAME // 2
        spans.append(Span(start, end))
        start = end
    return [*spans, Span(start, len(audio))] if start < len(audio) else spans


def warm_up() -> None:
    """Load the detector now, so that no two threads load it at once."""
    from faster_whisper.vad import get_vad_model

    get_vad_model()
