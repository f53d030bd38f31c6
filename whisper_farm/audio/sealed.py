"""A file object with nothing but its bytes: what untrusted media is handed to libav as.

Without a name there is no extension to choose a demuxer by, and with a bound on what may be read no
media can make a look at it cost a read of the whole.
"""

from typing import BinaryIO


class Sealed:
    """The bytes `[start, end)` of `source`, to be read only; after `most_bytes` in all it seems to end."""

    def __init__(self, source: BinaryIO, *, most_bytes: int, start: int = 0, end: int | None = None) -> None:
        self._source = source
        self._start = start
        self._size = (source.seek(0, 2) if end is None else end) - start
        self._most_bytes = most_bytes
        self._left = most_bytes
        self._position = 0
        self.is_spent = False

    def read(self, size: int = -1) -> bytes:
        within = max(0, self._size - self._position)
        wanted = min(within, self._left) if size < 0 else min(size, within, self._left)
        self._source.seek(self._start + self._position)
        data = self._source.read(wanted)
        self._left -= len(data)
        self._position += len(data)
        self.is_spent = self.is_spent or (size != 0 and within > 0 and self._left <= 0)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = max(0, offset + (0, self._position, self._size)[whence])
        return self._position

    def tell(self) -> int:
        return self._position

    def allow_more(self) -> None:
        """Start counting anew."""
        self._left = self._most_bytes
        self.is_spent = False
