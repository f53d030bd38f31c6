"""The one interface of the object store, and the few words it speaks.

Two homes fit it, and one contract suite holds both to it: `s3.S3Store` (MinIO or any S3) and
`disk.DiskStore` (a local folder). An object appears whole or not at all, also when the process or
the machine dies; whoever reads sees the old bytes or the new ones, never a mixture. All methods
block: call them from threads. Keys are checked with `keys.check_key`.

Errors, wherever a method touches the store: `ObjectMissing` for a key that is not there,
`StoreUnreachable` where the store can't be reached or refuses us, `StoreFull` where no room is left.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStat:
    """What is known of an object without reading it."""

    key: str
    size_bytes: int
    modified_at: datetime  #: aware, UTC


class ObjectStore(Protocol):
    """Bytes under keys, in one bucket."""

    @property
    def bucket(self) -> str:
        """The bucket's name, as it stands in `s3://bucket/key`. A folder has a name too."""

    def describe(self) -> str:
        """The store in a few words, without a secret: `folder /home/me/...` or `s3 at host:port`."""

    def check(self) -> None:
        """Raises `StoreUnreachable` where the store can't be reached or its bucket is not there."""

    def put(self, key: str, data: bytes) -> None:
        """Store `data` whole, in place of what may be there."""

    def put_stream(self, key: str, blocks: Iterable[bytes]) -> int:
        """Store the blocks as one object, never held whole in memory; its size in bytes.

        Where `blocks` raises, nothing is stored and the error goes on.
        """

    def put_file(self, key: str, path: Path, *, may_link: bool = False) -> None:
        """Store a local file. `may_link`: a disk store may share its bytes (a reflink, else a hard link)."""

    def get(self, key: str, *, limit_bytes: int = 64 * 1024 * 1024) -> bytes:
        """The object's bytes. One larger than `limit_bytes` raises `ObjectDamaged`."""

    def open(self, key: str) -> AbstractContextManager[Iterator[bytes]]:
        """The object's bytes in blocks of at most 1 MiB; connections are given back on exit."""

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer at the end, none past it."""

    def stat(self, key: str) -> ObjectStat | None:
        """What is known of the object, or None where there is none."""

    def exists(self, key: str) -> bool:
        """Whether the object is there. Works for a credential that may write but not read it, too."""

    def list(self, prefix: str) -> Iterator[ObjectStat]:
        """Every object whose key begins with `prefix`, in the order of their keys (code points)."""

    def copy(self, source: str, target: str) -> None:
        """Make `target` hold what `source` holds, without moving the bytes through this process."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove these objects; those that are not there are passed over."""

    def local_path(self, key: str) -> Path | None:
        """The file that holds the object's bytes, where there is one on this machine; else None."""
