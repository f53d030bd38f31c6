"""Cutting one recording: decode once, plan, and store each chunk as soon as it is certain.

Decoding and planning go on while the chunk before is hashed, encoded and stored in a thread beside.
At most `_WAITING_CHUNKS` wait for it, so memory holds a few chunks however long the recording is.
A retry decodes from sample 0 again and never seeks: the same bytes give the same samples, and what
is stored already is neither encoded nor written again.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from whisper_farm import identity
from whisper_farm.audio.decode import PcmStream, decode
from whisper_farm.audio.formats import shown
from whisper_farm.audio.recording_input import recording_input
from whisper_farm.chunking.losses import losses
from whisper_farm.chunking.loudness import Pcm
from whisper_farm.chunking.planner import Cut, Planner
from whisper_farm.chunking.shelf import Shelf
from whisper_farm.chunking.tape import Tape
from whisper_farm.errors import RecordingUnusable
from whisper_farm.messages import RecordingCut
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, Plan, Recording
from whisper_farm.storage.base import ObjectStore

_WAITING_CHUNKS = 2


class CuttingStopped(Exception):
    """Somebody asked the cutter to stop. What is stored by then stays, and binds the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How the cutter talks to whoever waits for it. Called from the cutter's threads."""

    stored: Callable[[list[Chunk]], None]  #: these chunks are in the store, in order; settled ones come first
    decoded: Callable[[float], None]  #: so many seconds of the recording have been decoded
    should_stop: Callable[[], bool]


def cut_recording(
    store: ObjectStore,
    recording: Recording,
    plan: Plan,
    *,
    longest_seconds: float,
    scratch: Path,
    telling: Telling,
) -> RecordingCut:
    """Cut `recording` into stored chunks, under `plan`, and say what it lost.

    Raises:
        RecordingUnusable: nothing in it can be decoded, or it is too long.
        CuttingStopped: `telling.should_stop` said so.
        TransientError: the store or the decoder failed.
    """
    shelf = Shelf(store, recording_sha256=recording.sha256, plan_sha256=identity.plan_sha256(plan))
    chunks = shelf.settled()
    if chunks:
        telling.stored(list(chunks))
    with (
        recording_input(store, recording, scratch) as source,
        decode(source, longest_seconds=longest_seconds, name=shown(recording.name)) as stream,
        _Storing(shelf, telling) as storing,
    ):
        planner = Planner(plan.rules, chunks, shelf.beyond(len(chunks)))
        _cut_stream(stream, planner, storing, telling)
        chunks += storing.finish()
    if not chunks:
        raise RecordingUnusable(
            f"There is no sound in {shown(recording.name)}: it decodes to nothing at all."
        )
    lost = losses(
        duration_seconds=recording.duration_seconds,
        samples=stream.samples,
        faults=stream.faults,
        holes=stream.holes,
    )
    return RecordingCut(
        chunk_count=len(chunks),
        chunks_sha256=identity.digest([chunk.model_dump(mode="json") for chunk in chunks]),
        samples=max(stream.samples, chunks[-1].end),
        gaps=list(lost.gaps),
        warnings=list(lost.warnings),
    )


def _cut_stream(stream: PcmStream, planner: Planner, storing: "_Storing", telling: Telling) -> None:
    tape = Tape()
    for pcm in stream:
        if telling.should_stop():
            raise CuttingStopped
        tape.append(pcm)
        _store(planner.feed(pcm), tape, storing)
        tape.forget(planner.first_needed)
        telling.decoded(planner.samples / SAMPLE_RATE_HZ)
    _store(planner.finish(), tape, storing)


def _store(cuts: Sequence[Cut], tape: Tape, storing: "_Storing") -> None:
    for cut in cuts:
        storing.add(cut, tape.between(cut.start - cut.margin_before, cut.end + cut.margin_after))


class _Storing:
    """Stores chunks in their order, in one thread beside the decoder's."""

    def __init__(self, shelf: Shelf, telling: Telling) -> None:
        self._shelf = shelf
        self._telling = telling
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storing-chunks")
        self._waiting: deque[Future[Chunk]] = deque()
        self._stored: list[Chunk] = []
        self._left = threading.Event()  #: by an error: what still waits is not stored, so no chunk is skipped

    def __enter__(self) -> "_Storing":
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def add(self, cut: Cut, pcm: Pcm) -> None:
        """Store this chunk soon. Waits while enough others wait; raises what storing one of them raised."""
        while len(self._waiting) >= _WAITING_CHUNKS:
            self._stored.append(self._waiting.popleft().result())
        self._waiting.append(self._thread.submit(self._store, cut, pcm))

    def finish(self) -> list[Chunk]:
        """All chunks, once each is stored."""
        while self._waiting:
            self._stored.append(self._waiting.popleft().result())
        return self._stored

    def _store(self, cut: Cut, pcm: Pcm) -> Chunk:
        if self._left.is_set() or self._telling.should_stop():
            raise CuttingStopped
        try:
            chunk = self._shelf.add(cut, pcm)
        except BaseException:
            self._left.set()
            raise
        self._telling.stored([chunk])
        return chunk
