"""Recordings and what is said in them, and transcripts as the farm writes them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import DEMO
from tools.word_error_rate import word_errors
from whisper_farm.audio.program import ffmpeg_path

PODCAST = DEMO / "podcast_3min.flac"

#: Kept before the first and after the last sentence of a clip; the podcast's pauses are longer.
_MARGIN_SECONDS = 0.2


@dataclass(frozen=True)
class Spoken:
    """A recording and what is said in it."""

    path: Path
    sentences: list[dict[str, Any]]  #: as in a truth's file: `text`, `start`, `end`, perhaps `words`

    @property
    def text(self) -> str:
        return " ".join(sentence["text"] for sentence in self.sentences)

    def error_rate(self, heard: str) -> float:
        return word_errors(self.text, heard).rate


def clip(out: Path, *, first: int = 0, sentences: int = 3) -> Spoken:
    """Some sentences of the podcast, from the `first` on, as `out`."""
    said = json.loads(DEMO.joinpath("podcast_3min.truth.json").read_text())["segments"]
    said = said[first : first + sentences]
    start = max(0.0, said[0]["start"] - _MARGIN_SECONDS)
    ffmpeg("-ss", start, "-t", said[-1]["end"] + _MARGIN_SECONDS - start, "-i", PODCAST, out)
    return Spoken(out, [_earlier(sentence, start) for sentence in said])


def ffmpeg(*words: object) -> None:
    """Run ffmpeg, which must succeed."""
    command = [ffmpeg_path(), "-v", "error", "-nostdin", *map(str, words)]
    subprocess.run(command, check=True, timeout=120)


def transcript(folder: Path, stem: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / f"{stem}.json").read_text())
    return document


def _earlier(sentence: dict[str, Any], seconds: float) -> dict[str, Any]:
    def moved(spoken: dict[str, Any]) -> dict[str, Any]:
        return spoken | {"start": spoken["start"] - seconds, "end": spoken["end"] - seconds}

    return moved(sentence) | {"words": [moved(word) for word in sentence["words"]]}
