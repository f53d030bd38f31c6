"""Sound with its place in time, out of ffmpeg's pipe.

Raw PCM through a pipe forgets its timestamps: sound that starts late in a video, or stops while a
microphone is muted, would move to the front. `aresample=async=1` fills such holes, but holds each one
in memory whole (3 GB for two hours). So ffmpeg wraps its PCM in SMJPEG, the simplest container there
is: a short header, then `sndD`, a time in milliseconds, a length and so many bytes of s16le, again and
again. Here the wrapping comes off and holes become silence, block by block.

Sound is never dropped. Where timestamps say less than the samples counted so far, the samples win;
where they are ahead by at most `HOLE_SECONDS`, it is the rounding or jitter of some muxer.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whisper_farm.models import SAMPLE_RATE_HZ

#: Timestamps further ahead than this of the samples counted are a hole, and are filled with silence.
HOLE_SECONDS = 0.1

#: How much sound a block holds: enough to be cheap, little enough to be early.
BLOCK_SAMPLES = 2 * SAMPLE_RATE_HZ

_PACKET_HEAD = struct.Struct(">4sII").unpack_from
_MAGIC = b"\x00\nSMJPEG"
_SAMPLES_PER_MILLISECOND = SAMPLE_RATE_HZ // 1000
_HOLE_SAMPLES = int(HOLE_SECONDS * SAMPLE_RATE_HZ)


@dataclass(frozen=True, slots=True)
class Hole:
    """An interval in which the recording holds no sound, `[start, end)` in samples."""

    start: int
    end: int


class Unwrapped(ValueError):
    """The bytes are not SMJPEG: whatever wrote them is not the ffmpeg that was asked."""


class Timeline:
    """Takes ffmpeg's bytes, gives back PCM in blocks of about `BLOCK_SAMPLES`, and `longest_samples` at most.

    `samples` counts what was given back so far; `holes` lists the first ones that were filled.
    """

    def __init__(self, *, longest_samples: int, most_holes: int = 256) -> None:
        self.samples = 0
        self.holes: list[Hole] = []
        self.was_cut = False  #: whether there was more than `longest_samples`
        self._longest = longest_samples
        self._most_holes = most_holes
        self._rest = b""
        self._in_header = True
        self._packets: list[memoryview] = []
        self._waiting = 0  #: samples in `_packets`

    @property
    def position(self) -> int:
        """How many samples came from ffmpeg so far, silence for holes included."""
        return self.samples + self._waiting

    def take(self, data: Iterable[bytes]) -> Iterator[NDArray[np.int16]]:
        """The PCM in `data`, which is all that ffmpeg writes, in pieces of any size."""
        for piece in data:
            yield from self._unwrap(self._rest + piece)
            if self.was_cut:
                return
        yield from self._flush()

    def _unwrap(self, data: bytes) -> Iterator[NDArray[np.int16]]:
        position = 0
        if self._in_header:
            position = self._skip_header(data)
            if self._in_header:
                self._rest = data
                return
        view = memoryview(data)
        end = len(data)
        while position + 12 <= end:
            kind, milliseconds, size = _PACKET_HEAD(data, position)
            if kind != b"sndD" or size % 2:
                raise Unwrapped(f"{kind!r} of {size} bytes")
            if position + 12 + size > end:
                break
            ahead = milliseconds * _SAMPLES_PER_MILLISECOND - self.samples - self._waiting
            if ahead > _HOLE_SAMPLES:
                yield from self._flush()
                yield from self._fill(ahead)
            self._packets.append(view[position + 12 : position + 12 + size])
            self._waiting += size // 2
            position += 12 + size
            if self._waiting >= BLOCK_SAMPLES:
                yield from self._flush()
            if self.was_cut:
                return
        # `DONE` at the end is shorter than a packet's head, and stays behind here.
        self._rest = data[position:]

    def _skip_header(self, data: bytes) -> int:
        """Where the packets begin, once the whole header is there."""
        if not _MAGIC.startswith(data[: len(_MAGIC)]):
            raise Unwrapped("no header")
        position = 16
        while position + 8 <= len(data):
            if data[position : position + 4] == b"HEND":
                self._in_header = False
                return position + 4
            position += 8 + int.from_bytes(data[position + 4 : position + 8])
        if len(data) > 1 << 20:
            raise Unwrapped("a header without an end")
        return 0

    def _fill(self, silence: int) -> Iterator[NDArray[np.int16]]:
        silence = min(silence, self._longest - self.samples)
        if len(self.holes) < self._most_holes and silence > 0:
            self.holes.append(Hole(self.samples, self.samples + silence))
        while silence > 0:
            length = min(silence, BLOCK_SAMPLES)
            silence -= length
            self.samples += length
            yield np.zeros(length, dtype=np.int16)

    def _flush(self) -> Iterator[NDArray[np.int16]]:
        if not self._packets:
            return
        pcm = np.frombuffer(b"".join(self._packets), dtype="<i2").astype(np.int16, copy=False)
        self._packets, self._waiting = [], 0
        room = self._longest - self.samples
        if len(pcm) > room:
            self.was_cut = True
            pcm = pcm[:room]
        if len(pcm):
            self.samples += len(pcm)
            yield pcm
