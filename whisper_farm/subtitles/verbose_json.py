"""What readers of OpenAI's `verbose_json` look for, as far as it is known of a merged transcript.

A segment of the farm's is made of words from one or more of the engine's windows, so a window's own numbers
fit it no more. What can be told from the words is: `avg_logprob` is the mean logarithm of their
probabilities, `compression_ratio` is taken of the segment's text as Whisper takes it. What can't has the
value of nothing suspicious: `temperature` and `no_speech_prob` are 0, `tokens` is empty. `seek` is the start
in frames of 10 ms.
"""

import json
import math
import zlib

from whisper_farm.models import Segment, Transcript
from whisper_farm.subtitles.clock import milliseconds

#: A probability is rounded to four digits in the transcript; a word of none counts as half of the smallest.
_LEAST_PROBABILITY = 5e-5


def engine_numbers(segment: Segment) -> dict[str, object]:
    """The fields that a segment of `verbose_json` has besides its id, times and text."""
    return {
        "seek": milliseconds(segment.start) // 10,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(_avg_logprob(segment), 4),
        "compression_ratio": round(_compression_ratio(segment.text), 4),
        "no_speech_prob": 0.0,
    }


def task_of(transcript: Transcript) -> str:
    """`transcribe` or `translate`."""
    return str(transcript.decoding.get("task", "transcribe"))


def write_verbose_json(transcript: Transcript) -> str:
    """The transcript in just the shape of `verbose_json`, its words in one list beside the segments."""
    answer = {
        "task": task_of(transcript),
        "language": transcript.language,
        "duration": _seconds(transcript.duration),
        "text": transcript.text,
        "segments": [
            {
                "id": segment.id,
                "start": _seconds(segment.start),
                "end": _seconds(segment.end),
                "text": segment.text,
                **engine_numbers(segment),
            }
            for segment in transcript.segments
        ],
        "words": [
            {"word": word.word.strip(), "start": _seconds(word.start), "end": _seconds(word.end)}
            for segment in transcript.segments
            for word in segment.words
        ],
    }
    return json.dumps(answer, ensure_ascii=False, allow_nan=False) + "\n"


def _avg_logprob(segment: Segment) -> float:
    if not segment.words:
        return 0.0
    return sum(math.log(max(word.probability, _LEAST_PROBABILITY)) for word in segment.words) / len(
        segment.words
    )


def _compression_ratio(text: str) -> float:
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw))


def _seconds(seconds: float) -> float:
    return milliseconds(seconds) / 1000
