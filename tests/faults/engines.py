"""Engines that go wrong as real ones do, around a real one. All fit `speech.SpeechEngine`."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from whisper_farm.errors import WorkerFailed
from whisper_farm.identity import Recipe
from whisper_farm.request import Decoding
from whisper_farm.speech import Heard, LanguageVote, Listening, SpeechEngine

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm


#: Where a test has failed, pytest waits for the engine's thread before it ends.
_LONGEST_HANG_SECONDS = 120.0


class Wrapped:
    """The engine inside, unchanged, and a count of what it was asked to hear."""

    def __init__(self, inner: SpeechEngine) -> None:
        self.inner = inner
        self.heard = 0

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def weights(self) -> str:
        return self.inner.weights

    @property
    def is_multilingual(self) -> bool:
        return self.inner.is_multilingual

    def recipe(self, decoding: Decoding, *, language: str, take: str) -> Recipe:
        return self.inner.recipe(decoding, language=language, take=take)

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        self.heard += 1
        return self.inner.hear(pcm, decoding, language=language, listening=listening, alone=alone)

    def vote_language(self, pcm: "Pcm") -> LanguageVote:
        return self.inner.vote_language(pcm)


class Sampling(Wrapped):
    """Draws what it hears, and calls `meanwhile` when it is done: only luck and other workers would."""

    def __init__(self, inner: SpeechEngine, *, meanwhile: Callable[[], None]) -> None:
        super().__init__(inner)
        self.meanwhile = meanwhile

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        heard = super().hear(pcm, decoding, language=language, listening=listening, alone=alone)
        drawn = tuple(segment.model_copy(update={"temperature": 0.4}) for segment in heard.segments)
        self.meanwhile()
        return replace(heard, segments=drawn)


class Slow(Wrapped):
    """Hears at `pace` times realtime, and like a slow model can't be interrupted within a step."""

    def __init__(self, inner: SpeechEngine, *, pace: float) -> None:
        super().__init__(inner)
        self.pace = pace

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        paced = _Paced(listening, self.pace)
        return super().hear(pcm, decoding, language=language, listening=paced)


class _Paced:
    """Lets each sign of life through when a slow engine would have given it."""

    def __init__(self, listening: Listening, pace: float) -> None:
        self._listening = listening
        self._pace = pace
        self._began = time.monotonic()

    def progressed(self, audio_seconds: float) -> None:
        time.sleep(max(0.0, self._began + audio_seconds / self._pace - time.monotonic()))
        self._listening.progressed(audio_seconds)

    def should_stop(self) -> bool:
        return self._listening.should_stop()


class Hanging(Wrapped):
    """Never answers, until `let_go` is set."""

    def __init__(self, inner: SpeechEngine) -> None:
        super().__init__(inner)
        self.entered = 0  #: times that it was asked; `heard` counts those that went on
        self.hangs = threading.Event()
        self.let_go = threading.Event()

    def hear(
        self, pcm: "Pcm", decoding: Decoding, *, language: str, listening: Listening, alone: bool = False
    ) -> Heard:
        self.entered += 1
        listening.progressed(0.0)
        self.hangs.set()
        if not self.let_go.wait(_LONGEST_HANG_SECONDS):
            raise WorkerFailed("no test let it go")
        return super().hear(pcm, decoding, language=language, listening=listening)
