"""An iterator of blocks as the `minio` client wants to read it: a file of unknown length."""

import io
from collections.abc import Iterable


class BlocksBroke(Exception):
    """The blocks raised something; it is kept in the reader. Tells the client to give the upload up."""


class BlockReader(io.RawIOBase):
    """Reads blocks as a stream; holds no more than one read and one block of them.

    The client gives an upload up on an `Exception` only, so whatever the blocks raise, an interrupt
    included, is kept in `error` and stands for the caller to raise again.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        super().__init__()
        self._blocks = iter(blocks)
        self._held = bytearray()
        self._ended = False
        self.size_bytes = 0  #: of what the client has read
        self.error: BaseException | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Exactly `size` bytes; fewer at the end only. All of them where `size` is negative."""
        while not self._ended and (size < 0 or len(self._held) < size):
            try:
                self._held += next(self._blocks)
            except StopIteration:
                self._ended = True
            except BaseException as error:
                self.error = error
                raise BlocksBroke from error
        end = len(self._held) if size < 0 else size
        data = bytes(memoryview(self._held)[:end])
        del self._held[:end]
        self.size_bytes += len(data)
        return data
