"""Whether an MP3's length is known, or only guessed from the bit rate of its first frames.

The guess is exact at a constant bit rate, and may be far off at a variable one. Taken for true it would
call a whole recording cut short, so then nothing is said about the length.
"""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

_MP3_TAGS = (b"Xing", b"Info", b"VBRI")  #: heads of frames that tell how many there are
_RATES_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_HZ_V1 = (44_100, 48_000, 32_000, 0)


def says_its_length(source: BinaryIO) -> bool:
    """Whether this MP3 tells how many frames it has, or its first hundred are all of one bit rate."""
    source.seek(0)
    head = source.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + ((head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127)
    source.seek(start)
    sound = source.read(64 << 10)
    if any(tag in sound[:4096] for tag in _MP3_TAGS):
        return True
    rates = set()
    for position in islice(_frame_starts(sound), 100):
        rates.add(sound[position + 2] >> 4)
    return len(rates) <= 1


def _frame_starts(sound: bytes) -> Iterator[int]:
    """Where frames of MPEG layer 3 begin, each found from the one before."""
    position = 0
    while position + 4 <= len(sound):
        length = _frame_bytes(sound[position : position + 4])
        if length:
            yield position
        position += length or 1


def _frame_bytes(head: bytes) -> int:
    """The length of the layer 3 frame with this head; 0 where it is none."""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or version == 1 or layer != 1:
        return 0
    is_first = version == 3
    kilobits = (_RATES_V1 if is_first else _RATES_V2)[head[2] >> 4]
    hz = _HZ_V1[head[2] >> 2 & 3] >> (0 if is_first else 1 if version == 2 else 2)
    if not kilobits or not hz:
        return 0
    return (144_000 if is_first else 72_000) * kilobits // hz + (head[2] >> 1 & 1)
