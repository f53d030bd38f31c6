"""The recordings that a benchmark listens to, with what is truly said in them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.against_truth.words import TimedWord, counted_words
from tools.word_error_rate import plain_words
from whisper_farm.audio.decode import decode
from whisper_farm.models import SAMPLE_RATE_HZ

Pcm = NDArray[np.int16]

_LONGEST_SECONDS = 24 * 3600.0
_TRUTHS = (".json", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One recording. Of a truth without times the words' times are 0, and `has_times` says so."""

    name: str
    kind: str
    audio: Path
    truth: tuple[TimedWord, ...]
    has_times: bool

    def decoded(self) -> Pcm:
        """The recording as the farm decodes it: 16 kHz, mono. All systems hear these samples."""
        with decode(self.audio, longest_seconds=_LONGEST_SECONDS, name=self.name) as stream:
            blocks = list(stream)
        return np.concatenate(blocks)


def materials(folder: Path) -> list[Material]:
    """All recordings of `folder` that have a truth beside them, by kind and name.

    `talk.mp3` goes with `talk.json` (`{"segments": [{"words": [{"word", "start", "end"}]}]}`, as
    `tools.recordings` writes it) or with `talk.txt` (the text alone).

    Raises:
        SystemExit: there is none.
    """
    found = []
    for audio in sorted(folder.iterdir()):
        truth = next((audio.with_suffix(each) for each in _TRUTHS if audio.with_suffix(each).is_file()), None)
        if audio.is_file() and audio.suffix not in _TRUTHS and truth is not None:
            found.append(read_material(audio, truth))
    if not found:
        raise SystemExit(f"{folder} has no recording with a .json or .txt of the same name beside it")
    return sorted(found, key=lambda each: (each.kind, each.name))


def read_material(audio: Path, truth: Path) -> Material:
    """One recording and its truth."""
    if truth.suffix == ".json":
        document = json.loads(truth.read_text())
        words, kind = _timed(document["segments"]), str(document.get("kind", "recordings"))
    else:
        words, kind = [TimedWord(word, 0.0, 0.0) for word in plain_words(truth.read_text())], "recordings"
    return Material(
        name=audio.stem, kind=kind, audio=audio, truth=tuple(words), has_times=truth.suffix == ".json"
    )


def _timed(segments: list[dict[str, Any]]) -> list[TimedWord]:
    return counted_words(
        (word["word"], word["start"], word["end"]) for segment in segments for word in segment["words"]
    )


def seconds_of(pcm: Pcm) -> float:
    """How long it is."""
    return len(pcm) / SAMPLE_RATE_HZ
