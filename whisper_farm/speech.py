"""What the farm asks of a speech engine. `worker_gpu.engine` fits it; no GPU library is in sight here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from whisper_farm.identity import Recipe
from whisper_farm.models import Dropped, HeardSegment, Rerun, Stretch
from whisper_farm.request import Decoding

if TYPE_CHECKING:  # numpy stays out of every path that workflows import
    import numpy as np
    from numpy.typing import NDArray

    Pcm = NDArray[np.int16]  #: mono, 16 kHz


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an engine made of one stretch of audio; times in seconds from its first sample."""

    segments: tuple[HeardSegment, ...]
    speech_seconds: float  #: what voice activity detection took for speech
    speech: tuple[Stretch, ...] = ()  #: where that was, in order
    reruns: tuple[Rerun, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    @property
    def is_sampled(self) -> bool:
        """Whether some of it was drawn at a temperature above 0: heard again it would be another text."""
        return any(segment.temperature > 0 for segment in self.segments) or any(
            rerun.sampled and rerun.kept for rerun in self.reruns
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageVote:
    """The language that most windows agreed on, and how sure they were on average."""

    language: str
    probability: float
    votes: dict[str, int]


class Listening(Protocol):
    """How the engine talks to whoever waits for it. Called from the engine's thread."""

    def progressed(self, audio_seconds: float) -> None:
        """So much of the audio has been heard by now."""

    def should_stop(self) -> bool:
        """Whether nobody waits any more: asked between batches, where an engine can stop."""


class SpeechEngine(Protocol):
    """A loaded model. Its methods block, may be called from several threads, and touch no network."""

    @property
    def model(self) -> str:
        """The name it is served under."""

    @property
    def weights(self) -> str:
        """Fingerprint of its files (SHA-256, hex)."""

    @property
    def is_multilingual(self) -> bool:
        """Whether it knows another language than English."""

    def recipe(self, decoding: Decoding, *, language: str, take: str) -> Recipe:
        """All that decides what it will hear under these options."""

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        """Transcribe one chunk. `alone`: no other chunk of the job can be heard beside it, so take all cores.

        Raises:
            Interrupted: `listening.should_stop` said so.
            WorkerFailed: out of memory at the smallest batch, or the engine broke.
        """

    def vote_language(self, pcm: "Pcm") -> LanguageVote:
        """Decide the language over the 30 s windows of `pcm`, by vote; silent windows don't vote."""


class Interrupted(Exception):
    """The engine stopped because it was asked to. Nothing was stored."""


Say = Callable[[str], None]  #: takes one sentence about what is happening, for a person
