"""faster-whisper by itself, one pass over the whole recording: what the farm must be better than."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.against_truth.material import Pcm
from benchmarks.against_truth.score import Transcribed
from benchmarks.against_truth.words import counted_words

Way = Literal["sequential", "batched"]


class SinglePass:
    """One model with all cores as its threads, as a person would run it; else faster-whisper's defaults."""

    def __init__(
        self,
        model: Path,
        *,
        compute_type: str,
        device: str,
        cores: int,
        language: str,
        with_previous_text: bool,
    ) -> None:
        """`with_previous_text`: in the sequential pass, each window is told what the one before it said."""
        from faster_whisper import WhisperModel

        self._model = WhisperModel(str(model), device=device, compute_type=compute_type, cpu_threads=cores)
        self._options: dict[str, Any] = {
            "language": language,
            "beam_size": 5,
            "word_timestamps": True,
            "vad_filter": True,
        }
        self._with_previous_text = with_previous_text

    def hear(self, pcm: Pcm, *, way: Way) -> Transcribed:
        """All of `pcm`."""
        from faster_whisper import BatchedInferencePipeline

        audio = pcm.astype(np.float32) / 32768.0
        begun = time.perf_counter()
        segments: Iterable[Any]
        if way == "sequential":
            segments, _ = self._model.transcribe(
                audio, condition_on_previous_text=self._with_previous_text, **self._options
            )
        else:
            pipeline = BatchedInferencePipeline(self._model)
            segments, _ = pipeline.transcribe(audio, batch_size=8, **self._options)
        words = [
            said
            for segment in segments
            for said in (  # numpy's numbers would be no JSON
                [(word.word, float(word.start), float(word.end)) for word in segment.words or []]
                or [(segment.text, float(segment.start), float(segment.end))]
            )
        ]
        seconds = time.perf_counter() - begun
        return Transcribed(words=tuple(counted_words(words)), seconds=seconds)
