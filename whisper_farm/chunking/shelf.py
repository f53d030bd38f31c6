"""The stored chunks of one plan: FLAC first, then the cut that promises it.

A cut that is stored binds whoever comes later: another attempt, another machine, another revision of
the planner. A crash between the two writes leaves audio that nobody looks at.
"""

import logging

from pydantic import ValidationError

from whisper_farm import keys
from whisper_farm.audio.flac import encode_flac, pcm_sha256
from whisper_farm.chunking.loudness import Pcm
from whisper_farm.chunking.planner import Cut
from whisper_farm.chunking.rules import MOST_CHUNKS
from whisper_farm.errors import ObjectMissing
from whisper_farm.models import Chunk
from whisper_farm.storage.base import ObjectStore

log = logging.getLogger(__name__)


class Shelf:
    """Where the chunks of one recording under one plan lie."""

    def __init__(self, store: ObjectStore, *, recording_sha256: str, plan_sha256: str) -> None:
        self._store = store
        self._recording = recording_sha256
        self._plan = plan_sha256

    def settled(self) -> list[Chunk]:
        """The cuts that bind: those stored with their audio, from index 0 up to the first that is not."""
        there = self._keys()
        chunks = list[Chunk]()
        while {self._cut_key(len(chunks)), self._audio_key(len(chunks))} <= there:
            chunk = self._read(len(chunks))
            if (
                chunk is None
                or chunk.index != len(chunks)
                or chunk.start != (chunks[-1].end if chunks else 0)
            ):
                log.warning("The stored cut '%s' can't be used; it is cut anew", self._cut_key(len(chunks)))
                break
            chunks.append(chunk)
        return chunks

    def beyond(self, settled: int) -> dict[int, Chunk]:
        """The cuts that are stored after the first one that is not, by index; nothing where there are none.

        `settled`: how many there are before it. A chunk that is dropped leaves such a hole.
        """
        there, indices = self._keys(), range(settled + 1, MOST_CHUNKS)
        stored = [index for index in indices if {self._cut_key(index), self._audio_key(index)} <= there]
        found = ((index, self._read(index)) for index in stored)
        return {index: chunk for index, chunk in found if chunk is not None and chunk.index == index}

    def add(self, cut: Cut, pcm: Pcm) -> Chunk:
        """Store `cut`, whose audio (margins included) is `pcm`."""
        chunk = Chunk(
            index=cut.index,
            start=cut.start,
            end=cut.end,
            margin_before=cut.margin_before,
            margin_after=cut.margin_after,
            seam=cut.seam,
            pcm_sha256=pcm_sha256(pcm),
        )
        self._store.put(self._audio_key(cut.index), encode_flac(pcm))
        self._store.put(self._cut_key(cut.index), chunk.model_dump_json().encode())
        return chunk

    def _keys(self) -> set[str]:
        return {found.key for found in self._store.list(keys.chunk_folder(self._recording, self._plan))}

    def _read(self, index: int) -> Chunk | None:
        try:
            return Chunk.model_validate_json(self._store.get(self._cut_key(index)))
        except (ValidationError, ObjectMissing):
            return None

    def _audio_key(self, index: int) -> str:
        return keys.chunk_audio(self._recording, self._plan, index)

    def _cut_key(self, index: int) -> str:
        return keys.chunk_cut(self._recording, self._plan, index)
