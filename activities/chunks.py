"""Hearing chunks, against any `SpeechEngine`: the two activities that transcription workers serve.

An order is accepted before there is a slot for it: its audio is fetched and checked while the slots
are busy, so no slot waits for the network. The engine runs in a slot's thread; the activity beside it
beats, watches for progress, and leaves at once when it is cancelled or its worker has to go, while the
thread stops at its next batch.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from temporalio import activity

from activities.chunk_audio import fetch_chunk, fetch_sample
from activities.failures import told_apart
from activities.heartbeats import heartbeats
from activities.leaving import handed_back, handing_back, time_is_up
from activities.pace import Pace
from activities.slots import Slots, T
from activities.watchdog import Progress, watched
from whisper_farm import keys
from whisper_farm.errors import WorkerFailed
from whisper_farm.identity import Recipe
from whisper_farm.messages import (
    DETECT_LANGUAGE,
    TRANSCRIBE_CHUNK,
    ChunkTranscribed,
    DetectLanguage,
    LanguageDetected,
    TranscribeChunk,
)
from whisper_farm.models import SAMPLE_RATE_HZ, ChunkTranscript
from whisper_farm.speech import Heard, SpeechEngine
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import write_document

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

log = logging.getLogger(__name__)

_FAILURES_TO_LEAVE = 3
_WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ


class ChunkActivities:
    """What a transcription worker does; handed all that it needs."""

    def __init__(
        self,
        engine: SpeechEngine,
        store: ObjectStore,
        *,
        slots: Slots,
        pace: Pace,
        worker: str,
        drain_seconds: float,
        hung: Callable[[str], None],
    ) -> None:
        """`worker`: its name in results. `hung`: told, in a sentence, that this worker must go."""
        self._engine = engine
        self._store = store
        self._slots = slots
        self._pace = pace
        self._worker = worker
        self._drain_seconds = drain_seconds
        self._hung = hung
        self._failures_in_row = 0

    @activity.defn(name=TRANSCRIBE_CHUNK.name)
    async def transcribe_chunk(self, order: TranscribeChunk) -> ChunkTranscribed:
        """Hear one chunk and store what was heard; where that is stored already, say so at once."""
        with told_apart():
            self._check_weights(order.weights)
            recipe = self._engine.recipe(order.decoding, language=order.language, take=order.take)
            key = keys.result(order.chunk.pcm_sha256, recipe.sha256)
            work = _Work(f"Chunk {order.chunk.index} of '{order.job}'", order.chunk.audio_seconds, self._pace)
            async with heartbeats(work.details):
                try:
                    if await asyncio.to_thread(self._store.exists, key):
                        return self._found(order, key)
                    return await self._transcribe(order, recipe, key, work)
                except asyncio.CancelledError:
                    if time_is_up():
                        raise handed_back(work.subject) from None
                    raise

    @activity.defn(name=DETECT_LANGUAGE.name)
    async def detect_language(self, order: DetectLanguage) -> LanguageDetected:
        """Decide the language of a job by a vote over the windows of its sample."""
        with told_apart():
            self._check_weights(order.weights)
            if not self._engine.is_multilingual:
                return LanguageDetected(language="en", probability=1.0)
            work = _Work("The language sample of this job", 0.0, self._pace)
            async with heartbeats(work.details):
                try:
                    pcm = await asyncio.to_thread(fetch_sample, self._store, order.sample_key)
                    windows = max(1, -(-len(pcm) // _WINDOW_SAMPLES))
                    voting = partial(self._engine.vote_language, pcm)
                    vote, _ = await self._compute(voting, work, steps=windows)
                except asyncio.CancelledError:
                    if time_is_up():
                        raise handed_back(work.subject) from None
                    raise
            return LanguageDetected(language=vote.language, probability=vote.probability, votes=vote.votes)

    def _check_weights(self, pinned: str | None) -> None:
        if pinned is not None and pinned != self._engine.weights:
            raise WorkerFailed(
                f"This job is pinned to the weights {pinned[:8]}, and the worker {self._worker} serves"
                f" '{self._engine.model}' with the weights {self._engine.weights[:8]}; start a worker with"
                " the job's weights, or give this one another name."
            )

    async def _transcribe(
        self, order: TranscribeChunk, recipe: Recipe, key: str, work: "_Work"
    ) -> ChunkTranscribed:
        async with handing_back(work.subject, may_finish=lambda: self._fits(work)):
            pcm = await asyncio.to_thread(fetch_chunk, self._store, order)
            heard, elapsed = await self._heard(order, pcm, work)
            work.stage = "storing"
            if heard.is_sampled and await asyncio.to_thread(self._store.exists, key):
                return self._found(order, key)  # another worker's: a second draw must not replace it
            transcript = self._transcript(order, recipe, heard, samples=len(pcm), elapsed_seconds=elapsed)
            await asyncio.to_thread(write_document, self._store, key, transcript)
        self._pace.heard(order.chunk.audio_seconds, elapsed)
        words = sum(len(segment.words) for segment in heard.segments)
        log.info(
            "%s (%.0f s) heard in %.1f s: %d words",
            *(work.subject, order.chunk.audio_seconds, elapsed, words),
            extra={"action": "chunk_heard", "job": order.job, "chunk": order.chunk.index, "seconds": elapsed},
        )
        return self._summary(order, key, word_count=words, elapsed_seconds=elapsed, stored_before=False)

    async def _heard(self, order: TranscribeChunk, pcm: "Pcm", work: "_Work") -> tuple[Heard, float]:
        """As `_compute`. An engine that only fails any more would empty the queue: its worker must go."""
        try:
            answer = await self._compute(partial(self._hear, order, pcm, work), work)
        except WorkerFailed as error:
            self._failures_in_row += 1
            if self._failures_in_row >= _FAILURES_TO_LEAVE:
                self._hung(f"The engine failed {self._failures_in_row} times in a row, last with: {error}")
            raise
        self._failures_in_row = 0
        return answer

    def _hear(self, order: TranscribeChunk, pcm: "Pcm", work: "_Work") -> Heard:
        return self._engine.hear(
            pcm, order.decoding, language=order.language, listening=work.progress, alone=order.alone
        )

    async def _compute(self, call: Callable[[], T], work: "_Work", *, steps: int = 1) -> tuple[T, float]:
        """The answer of `call`, made in a slot of its own, and the seconds it took."""

        def begin() -> tuple[T, float]:
            work.begin()
            answer = call()
            return answer, time.monotonic() - work.began_at

        work.stage = "waiting for a slot"
        answer = await self._slots.start(begin)
        try:
            async with watched(work.progress, self._pace, subject=work.subject, steps=steps, hung=self._hung):
                return await asyncio.shield(answer)
        finally:
            work.progress.stop()

    def _fits(self, work: "_Work") -> bool:
        """Whether what is being heard will be done before this worker has to be gone."""
        left = work.seconds_left()
        fits = left is not None and left <= 0.8 * self._drain_seconds
        log.info(
            "%s %s before this worker leaves",
            *(work.subject, "will be finished" if fits else "can't be finished, so it is handed back"),
            extra={"action": "chunk_kept" if fits else "chunk_handed_back"},
        )
        return fits

    def _transcript(
        self, order: TranscribeChunk, recipe: Recipe, heard: Heard, *, samples: int, elapsed_seconds: float
    ) -> ChunkTranscript:
        return ChunkTranscript(
            pcm_sha256=order.chunk.pcm_sha256,
            recipe_sha256=recipe.sha256,
            recipe=recipe.model_dump(mode="json"),
            samples=samples,
            language=recipe.language,
            segments=heard.segments,
            speech_seconds=heard.speech_seconds,
            speech=heard.speech,
            reruns=heard.reruns,
            dropped=heard.dropped,
            elapsed_seconds=elapsed_seconds,
            worker=self._worker,
        )

    def _found(self, order: TranscribeChunk, key: str) -> ChunkTranscribed:
        """The worker's credential may not read results, so nothing but the key is known of it."""
        log.info(
            "Chunk %d of '%s' was heard before",
            *(order.chunk.index, order.job),
            extra={"action": "chunk_found", "job": order.job, "chunk": order.chunk.index},
        )
        return self._summary(order, key, word_count=0, elapsed_seconds=0.0, stored_before=True)

    def _summary(
        self,
        order: TranscribeChunk,
        key: str,
        *,
        word_count: int,
        elapsed_seconds: float,
        stored_before: bool,
    ) -> ChunkTranscribed:
        return ChunkTranscribed(
            result=key,
            weights=self._engine.weights,
            worker=self._worker,
            word_count=word_count,
            audio_seconds=order.chunk.audio_seconds,
            elapsed_seconds=elapsed_seconds,
            attempt=activity.info().attempt,
            stored_before=stored_before,
        )


class _Work:
    """One order under way: how far it has come, for beats, for the watchdog and for leaving."""

    def __init__(self, subject: str, audio_seconds: float, pace: Pace) -> None:
        self.subject = subject
        self.audio_seconds = audio_seconds
        self.progress = Progress(pace)
        self.stage = "fetching"
        self.began_at = 0.0
        self._pace = pace

    def begin(self) -> None:
        """Called in the slot's thread as the engine begins."""
        self.stage = "hearing"
        self.began_at = time.monotonic()
        self.progress.start()

    def details(self) -> dict[str, object]:
        """What goes out with a heartbeat."""
        return {
            "stage": self.stage,
            "heard_seconds": round(self.progress.heard_seconds, 1),
            "audio_seconds": round(self.audio_seconds, 1),
        }

    def seconds_left(self) -> float | None:
        """Until its end, as far as can be told; None where it can't, or where it waits for a slot."""
        match self.stage:
            case "storing":
                return 0.0
            case "hearing":
                heard = self.progress.heard_seconds
                spent = time.monotonic() - self.began_at
                if heard > 0:
                    return spent * max(0.0, self.audio_seconds / heard - 1.0)
                whole = self._pace.seconds_for(self.audio_seconds)
                return None if whole is None else max(0.0, whole - spent)
            case _:
                return None
