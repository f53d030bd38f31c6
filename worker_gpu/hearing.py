"""One batch of windows through faster-whisper's batched pipeline, and its words in the chunk's time.

The pipeline is used through its public face only, and these are its traps (version 1.2.1):
- It keeps the end of the last word it heard and shortens a window's first word by it. A window must be heard
  the same whichever batch it is in, so windows are laid out far apart, each `STRIDE_SECONDS` from the
  one before: for each of them the last word was long ago.
- It cuts clips at `int(seconds * 16000)` and counts frames with `int(offset * 100)`; whole seconds for
  starts and half a sample more for ends survive both.
- A word may end up to a second behind its window, and a segment without words keeps its window's times.
- It takes a temperature and does not sample: it leaves out `sampling_topk`, and CTranslate2's own is 1. Where
  something is to be sampled, the sequential transcription does it, one window at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment, Word
from worker_gpu.guards import LOWEST_LOGPROB, NO_SPEECH_PROBABILITY
from worker_gpu.windows import Window

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as EngineSegment
    from faster_whisper.transcribe import Word as EngineWord

    from worker_gpu.voice import Audio

STRIDE_SECONDS = 36  #: 30 s for the window, and 6 s that no rule about words reaches across
_FRAMES_PER_SECOND = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the model listens."""

    language: str
    task: str = "transcribe"
    multilingual: bool = False  #: each window decides its own language
    beam_size: int = 5
    temperature: float = 0.0  #: above 0 it samples, and what it hears is not to be had again
    initial_prompt: str = ""
    hotwords: str = ""

    def options(self) -> dict[str, Any]:
        """As both of faster-whisper's transcriptions name them."""
        return {
            "language": self.language,
            "task": self.task,
            "multilingual": self.multilingual,
            "beam_size": self.beam_size,
            "temperature": self.temperature,
            # One that is longer than half of the model's length is cut there: a prompt's beginning, a
            # glossary's end.
            "initial_prompt": self.initial_prompt or None,
            "hotwords": self.hotwords or None,
            "without_timestamps": True,
            "word_timestamps": True,
        }


def hear_windows(
    model: "WhisperModel", audio: "Audio", windows: Sequence[Window], manner: Manner
) -> list[HeardSegment]:
    """What is said in each of these windows of `audio`: one segment for each; times in seconds of `audio`.

    A segment may say nothing (see `says_something`), and tells how sure the model was all the same.
    Deterministic: at temperature 0 the same window gives the same words, whatever runs beside it.
    """
    heard = _sampled if manner.temperature > 0 else _batched
    return heard(model, audio, windows, manner)


def _batched(
    model: "WhisperModel", audio: "Audio", windows: Sequence[Window], manner: Manner
) -> list[HeardSegment]:
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
        stage, clip_timestamps=clips, batch_size=len(windows), **manner.options()
    )
    heard = [_nothing(window) for window in windows]
    for segment in segments:
        place = round(segment.seek / _FRAMES_PER_SECOND) // STRIDE_SECONDS
        heard[place - 1] = _in_chunk_time(segment, windows[place - 1], float(place * STRIDE_SECONDS), 0.0)
    return heard


def _sampled(
    model: "WhisperModel", audio: "Audio", windows: Sequence[Window], manner: Manner
) -> list[HeardSegment]:
    import numpy as np

    heard = []
    for window in windows:
        segments, _ = model.transcribe(
            np.concatenate([audio[span.start : span.end] for span in window.spans]),
            condition_on_previous_text=False,
            # What failed is judged by this farm's guards.
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
            **manner.options(),
        )
        first = next(iter(segments), None)  # a second one would be the end of the window, heard once more
        heard.append(
            _nothing(window)
            if first is None
            else _in_chunk_time(first, window, 0.0, temperature=manner.temperature)
        )
    return heard


def fitting_prompt(model: "WhisperModel", prompt: str, hotwords: str) -> str:
    """As much of the prompt's end as the model can take beside the hotwords.

    faster-whisper cuts each of them to half of the model's length, less one; both together would leave no
    room for what is said.
    """
    if not (prompt and hotwords):
        return prompt
    room = model.max_length // 2 - 1 - len(_tokens(model, hotwords))
    tokens = _tokens(model, prompt)
    if len(tokens) <= room:
        return prompt
    return str(model.hf_tokenizer.decode(tokens[-room:])).strip() if room > 0 else ""


def _tokens(model: "WhisperModel", text: str) -> list[int]:
    return list(model.hf_tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids)


def says_something(segment: HeardSegment) -> bool:
    """Whether it has text that is no stand-in for silence.

    The latter is Whisper's own rule, which the pipeline leaves out; with a beam it seldom returns no text.
    """
    is_silence = segment.avg_logprob < LOWEST_LOGPROB and segment.no_speech_prob > NO_SPEECH_PROBABILITY
    return bool(segment.text) and not is_silence


def _nothing(window: Window) -> HeardSegment:
    return HeardSegment(
        start=window.start / SAMPLE_RATE_HZ,
        end=window.end / SAMPLE_RATE_HZ,
        text="",
        words=(),
        avg_logprob=0.0,
        compression_ratio=0.0,
        no_speech_prob=1.0,
        temperature=0.0,
    )


def _in_chunk_time(
    segment: "EngineSegment", window: Window, start_seconds: float, temperature: float
) -> HeardSegment:
    """The segment in the chunk's time; its window begins at `start_seconds` of the segment's."""
    words = _words(segment.words or [], window, start_seconds)
    start = words[0].start if words else window.start / SAMPLE_RATE_HZ
    end = max(word.end for word in words) if words else window.end / SAMPLE_RATE_HZ
    return HeardSegment(
        start=start,
        end=max(start, end),
        text=segment.text.strip(),
        words=words,
        avg_logprob=float(segment.avg_logprob),
        compression_ratio=float(segment.compression_ratio),
        no_speech_prob=float(segment.no_speech_prob),
        temperature=temperature,
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
