"""One batch of windows through faster-whisper's batched pipeline, and its words in the chunk's time.

The pipeline is used through its public face only, and these are its traps (version 1.2.1):
- It keeps the end of the last word it heard and shortens a window's first word by it. A window must be heard
  the same whichever batch it is in, so windows are laid out far apart, each `STRIDE_SECONDS` from the
  one before: for each of them the last word was long ago.
- It cuts clips at `int(seconds * 16000)` and counts frames with `int(offset * 100)`; whole seconds for
  starts and half a sample more for ends survive both.
- A word may end up to a second behind its window, and a segment without words keeps its window's times.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment, Word
from worker_gpu.windows import Window

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as EngineSegment
    from faster_whisper.transcribe import Word as EngineWord

    from worker_gpu.voice import Audio

STRIDE_SECONDS = 36  #: 30 s for the window, and 6 s that no rule about words reaches across
_FRAMES_PER_SECOND = 100

#: A text counts as silence where the model both takes the window for silence and is unsure of its words.
NO_SPEECH_PROBABILITY = 0.6
SURE_LOGPROB = -1.0


def hear_windows(
    model: "WhisperModel", audio: "Audio", windows: Sequence[Window], *, beam_size: int, language: str
) -> list[HeardSegment]:
    """What is said in these windows of `audio`, in order; times in seconds of `audio`.

    Segments that say nothing (see `says_something`) are among them: they tell how sure the model was.
    Deterministic: at temperature 0 the same window gives the same words, whatever runs beside it.
    """
    import numpy as np
    from faster_whisper import BatchedInferencePipeline

    stage = np.zeros((len(windows) + 1) * STRIDE_SECONDS * SAMPLE_RATE_HZ, dtype=np.float32)
    clips = []
    for place, window in enumerate(windows, start=1):
        at = place * STRIDE_SECONDS * SAMPLE_RATE_HZ
        clips.append(
            {"start": float(place * STRIDE_SECONDS), "end": (at + window.samples + 0.5) / SAMPLE_RATE_HZ}
        )
        for span in window.spans:
            stage[at : at + span.samples] = audio[span.start : span.end]
            at += span.samples
    segments, _ = BatchedInferencePipeline(model).transcribe(
        stage,
        language=language,
        beam_size=beam_size,
        temperature=0.0,
        without_timestamps=True,
        word_timestamps=True,
        clip_timestamps=clips,
        batch_size=len(windows),
    )
    return [_in_chunk_time(segment, windows) for segment in segments]


def says_something(segment: HeardSegment) -> bool:
    """Whether it has text that is no stand-in for silence.

    The latter is Whisper's own rule, which the pipeline leaves out; with a beam it seldom returns no text.
    """
    is_silence = segment.avg_logprob < SURE_LOGPROB and segment.no_speech_prob > NO_SPEECH_PROBABILITY
    return bool(segment.text) and not is_silence


def _in_chunk_time(segment: "EngineSegment", windows: Sequence[Window]) -> HeardSegment:
    """The segment in the chunk's time."""
    place = round(segment.seek / _FRAMES_PER_SECOND) // STRIDE_SECONDS
    window = windows[place - 1]
    start_seconds = float(place * STRIDE_SECONDS)
    words = _words(segment.words or [], window, start_seconds)
    if words:
        start, end = words[0].start, max(word.end for word in words)
    else:
        start, _ = window.chunk_seconds(max(0.0, segment.start - start_seconds), 0.0)
        end = window.end / SAMPLE_RATE_HZ
    return HeardSegment(
        start=start,
        end=max(start, end),
        text=segment.text.strip(),
        words=words,
        avg_logprob=float(segment.avg_logprob),
        compression_ratio=float(segment.compression_ratio),
        no_speech_prob=float(segment.no_speech_prob),
        temperature=float(segment.temperature or 0.0),
    )


def _words(said: Sequence["EngineWord"], window: Window, start_seconds: float) -> tuple[Word, ...]:
    """The words in the chunk's time. Their starts never decrease, and none ends before it starts."""
    words: list[Word] = []
    latest = 0.0
    for each in said:
        start, end = window.chunk_seconds(float(each.start) - start_seconds, float(each.end) - start_seconds)
        start = round(max(start, latest), 3)
        latest = start
        probability = min(1.0, max(0.0, float(each.probability)))
        words.append(
            Word(start=start, end=max(start, round(end, 3)), word=each.word, probability=probability)
        )
    return tuple(words)
