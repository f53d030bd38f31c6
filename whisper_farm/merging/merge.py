"""Many chunks heard apart become one transcript. Pure: the same chunks give the same transcript.

Laws, held by tests: merging one chunk changes nothing; word starts never go backwards, and no word overlaps
the next; shifting all chunks shifts the transcript; a text cut anywhere, with margins, and heard well on both
sides comes out as it was; it does not matter in which order the chunks come.
"""

from collections.abc import Iterable

from whisper_farm.merging.mending import mend_times
from whisper_farm.merging.placing import Placed, place, samples
from whisper_farm.merging.seams import Overlap, settle
from whisper_farm.merging.segmenting import segments_of
from whisper_farm.models import Chunk, ChunkTranscript, Segment


def merge(
    parts: Iterable[tuple[Chunk, ChunkTranscript | None]], *, duration_seconds: float
) -> tuple[Segment, ...]:
    """The segments of the whole recording, in recording time, numbered from 0.

    `parts` is read once, one part at a time, so whoever streams it holds one chunk's result at most.
    None stands for a chunk that nobody could hear: it has no words, and telling of it is the
    caller's. Silent seams concatenate; at spoken ones each word in the margins is kept once.
    """
    placed = [(chunk, place(chunk, heard) if heard is not None else []) for chunk, heard in parts]
    placed.sort(key=lambda part: part[0].start)
    return segments_of(mend_times(_joined(placed), samples(duration_seconds)))


def _joined(placed: list[tuple[Chunk, list[Placed]]]) -> list[Placed]:
    """All words in order, each seam settled."""
    joined: list[Placed] = []
    before: Chunk | None = None
    for chunk, words in placed:
        if before is not None and (before.margin_after or chunk.margin_before):
            overlap = Overlap(chunk.start - chunk.margin_before, before.end + before.margin_after)
            settle(joined, words, overlap)
        else:
            joined += words
        before = chunk
    return joined
