"""How long a WAV file says that it is, whatever is left of it.

libavformat bounds a WAV's length by its file's, so a recording that was cut short looks whole. Its
header knows better.
"""

import struct
from typing import BinaryIO

_MOST_CHUNKS = 100

#: Writers that could not go back to their header leave the largest size there is, signed or not, or nearly.
_NOT_A_SIZE = 0x7FFF_0000


def seconds_told(source: BinaryIO) -> float | None:
    """The length in the header of this WAV file; None where it has none. Moves the position of `source`."""
    source.seek(0)
    if source.read(4) != b"RIFF":
        return None
    position = 12
    bytes_a_second = 0
    for _ in range(_MOST_CHUNKS):
        source.seek(position)
        head = source.read(8)
        if len(head) < 8:
            return None
        kind, size = struct.unpack("<4sI", head)
        if kind == b"fmt ":
            shape = source.read(16)
            bytes_a_second = struct.unpack("<I", shape[8:12])[0] if len(shape) == 16 else 0
        if kind == b"data":
            return size / bytes_a_second if bytes_a_second and 0 < size < _NOT_A_SIZE else None
        position += 8 + size + size % 2
    return None
