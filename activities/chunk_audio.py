"""Bringing stored audio to a worker: whole, decoded, and what its order says."""

from typing import TYPE_CHECKING

from whisper_farm import keys
from whisper_farm.audio.flac import decode_flac, pcm_sha256
from whisper_farm.errors import ChunkUnreadable, ObjectMissing
from whisper_farm.messages import TranscribeChunk
from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.storage.base import ObjectStore

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

#: A language sample is a few windows of 30 s; an hour is more than anybody would take.
LONGEST_SAMPLE = 3600 * SAMPLE_RATE_HZ

_TRIES = 2


def fetch_chunk(store: ObjectStore, order: TranscribeChunk) -> "Pcm":
    """The chunk's samples, as its order describes them.

    Bytes may be hurt on their way, so what is wrong is fetched once more before it is called wrong.

    Raises:
        ChunkUnreadable: nothing is stored, or not what the order says.
        StoreUnreachable: the store can't be reached.
    """
    chunk = order.chunk
    key = keys.chunk_audio(order.recording_sha256, order.plan_sha256, chunk.index)
    samples = chunk.end + chunk.margin_after - (chunk.start - chunk.margin_before)
    why = ""
    for _ in range(_TRIES):
        try:
            pcm = decode_flac(store.get(key), longest_samples=samples)
        except (ChunkUnreadable, ObjectMissing) as error:
            why = str(error)
            continue
        if len(pcm) == samples and pcm_sha256(pcm) == chunk.pcm_sha256:
            return pcm
        why = f"it holds {len(pcm)} samples of other audio, where {samples} were cut"
    raise ChunkUnreadable(
        f"Chunk {chunk.index} of '{order.job}' can't be read ({why.rstrip('.')}): the object '{key}' was"
        " changed or hurt in the store, and is cut anew."
    )


def fetch_sample(store: ObjectStore, key: str) -> "Pcm":
    """The language sample under `key`.

    Raises:
        ObjectMissing: nothing is stored.
        StoreUnreachable: the store can't be reached.
    """
    return decode_flac(store.get(key), longest_samples=LONGEST_SAMPLE)
