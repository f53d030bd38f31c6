"""Whether ffmpeg can decode a recording from a pipe, without going back in it.

Decided by the first bytes alone, so that everybody who holds the same bytes decides alike. The
answer also settles *how* a recording is read: a streamable one always goes through a pipe, also where
it lies in a local file, because some demuxers trim their last samples differently when they can seek.
"""

import struct
from typing import BinaryIO

_MP4_ATOMS = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid", b"sidx", b"pdin"}
)
_MOST_ATOMS = 1000
_EBML = b"\x1a\x45\xdf\xa3"
_TS_PACKET = 188


def can_stream(source: BinaryIO) -> bool:
    """Whether the recording that `source` (seekable) holds can be decoded from a pipe. Moves its position."""
    source.seek(0)
    head = source.read(2 * _TS_PACKET + 1)
    if head[4:8] in _MP4_ATOMS:
        return _index_comes_first(source)
    return (
        head[:4] in {b"fLaC", b"OggS", _EBML}
        or head[:3] == b"ID3"
        or (head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE")
        or head[:6] == b"#!AMR\n"
        or head[:9] == b"#!AMR-WB\n"
        or _is_frame_sync(head)
        or (len(head) > 2 * _TS_PACKET and head[0] == head[_TS_PACKET] == head[2 * _TS_PACKET] == 0x47)
    )


def _is_frame_sync(head: bytes) -> bool:
    """Whether an MPEG audio or ADTS frame begins here."""
    return len(head) >= 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def _index_comes_first(source: BinaryIO) -> bool:
    """Whether the `moov` atom of an MP4 or QuickTime file lies before its `mdat`."""
    position = 0
    for _ in range(_MOST_ATOMS):
        source.seek(position)
        head = source.read(16)
        if len(head) < 8:
            return False
        size, kind = struct.unpack(">I4s", head[:8])
        if kind in {b"moov", b"mdat"}:
            return bool(kind == b"moov")
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        if size < 8:
            return False
        position += size
    return False
