"""A stored object as a file that can be read anywhere, where the store has no file for it.

Probing and sampling read a few places of a recording that may be gigabytes long: each block is
fetched once and the last ones are kept.
"""

import io
from collections import OrderedDict
from typing import BinaryIO, cast

from whisper_farm.errors import ObjectMissing
from whisper_farm.storage.base import ObjectStore

_BLOCK_BYTES = 256 * 1024
_BLOCKS_KEPT = 32


class RangedObject(io.RawIOBase):
    """The object `key` of `store`, read-only and seekable. Store errors come out of `read` as they are."""

    def __init__(self, store: ObjectStore, key: str, *, block_bytes: int = _BLOCK_BYTES) -> None:
        found = store.stat(key)
        if found is None:
            raise ObjectMissing(key)
        self._store = store
        self._key = key
        self._size = found.size_bytes
        self._block_bytes = block_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._position + size)
        pieces = []
        while self._position < end:
            index, inside = divmod(self._position, self._block_bytes)
            piece = self._block(index)[inside : inside + end - self._position]
            if not piece:
                break
            pieces.append(piece)
            self._position += len(piece)
        return b"".join(pieces)

    def _block(self, index: int) -> bytes:
        if index in self._blocks:
            self._blocks.move_to_end(index)
            return self._blocks[index]
        data = self._store.read_range(self._key, index * self._block_bytes, self._block_bytes)
        self._blocks[index] = data
        if len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return data


def open_ranged(store: ObjectStore, key: str) -> BinaryIO:
    """`key` as a seekable file: the store's own where there is one on this machine, else over its ranges."""
    path = store.local_path(key)
    return path.open("rb") if path is not None else cast(BinaryIO, RangedObject(store, key))
