"""What was said in a generated recording, and when: to the word, and exact. Pure."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A word without punctuation; seconds from the recording's start."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class TrueSentence:
    """A sentence as it was said; `speaker` counts from 0."""

    start: float
    end: float
    text: str
    speaker: int
    words: tuple[TrueWord, ...]

    def moved(self, new_time: Callable[[float], float]) -> "TrueSentence":
        """The same sentence with each of its times put where `new_time` says, to the millisecond."""

        def at(seconds: float) -> float:
            return round(new_time(seconds), 3)

        words = tuple(replace(word, start=at(word.start), end=at(word.end)) for word in self.words)
        return replace(self, start=at(self.start), end=at(self.end), words=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All sentences in order, and how long the recording is."""

    kind: str
    seed: int
    duration: float
    sentences: tuple[TrueSentence, ...]

    @property
    def words(self) -> list[TrueWord]:
        """All words in order."""
        return [word for sentence in self.sentences for word in sentence.words]

    def as_json(self) -> str:
        """`{"kind", "seed", "duration", "segments": [{"start", "end", "text", "speaker", "words"}]}`."""
        document = {"kind": self.kind, "seed": self.seed, "duration": round(self.duration, 3)}
        segments = {"segments": [asdict(sentence) for sentence in self.sentences]}
        return json.dumps(document | segments, indent=1) + "\n"


def sentences_of(segments: list[dict[str, Any]]) -> tuple[TrueSentence, ...]:
    """Reads the `segments` of a truth file."""
    return tuple(
        TrueSentence(
            start=float(segment["start"]),
            end=float(segment["end"]),
            text=segment["text"],
            speaker=int(segment.get("speaker", 0)),
            words=tuple(
                TrueWord(word["word"], float(word["start"]), float(word["end"])) for word in segment["words"]
            ),
        )
        for segment in segments
    )
