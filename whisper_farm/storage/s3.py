"""The object store at an S3 server: MinIO or any other, through the `minio` client.

One of the two homes of `ObjectStore`. A store belongs to one process (threads may share it): make it
after a fork. Unlike a folder, S3 lets `a` and `a/b` both be written, but MinIO then hides the second
from its listings; the farm's layout has no such keys.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from whisper_farm.errors import BadRequest, ObjectDamaged, ObjectMissing
from whisper_farm.keys import check_key
from whisper_farm.storage.base import ObjectStat
from whisper_farm.storage.policies import WORKER_WRITES
from whisper_farm.storage.prefixes import split_prefix
from whisper_farm.storage.s3_connection import new_pool, parse_endpoint
from whisper_farm.storage.s3_faults import error_code, refused, s3_faults
from whisper_farm.storage.s3_probe import refuses_to_overwrite
from whisper_farm.storage.s3_upload import BlockReader

_BLOCK_BYTES = 1024 * 1024
#: An upload has at most 10,000 parts: these reach 156 GiB, past the largest recording that is taken in.
_PART_BYTES = 16 * 1024 * 1024
#: A server copies this much well within the read timeout; more is copied in pieces.
_COPY_BYTES = 1024 * 1024 * 1024


class S3Store:
    """Bytes under keys in `bucket` at `endpoint` (`http://host:port` or `https://host`)."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, region: str, bucket: str) -> None:
        at = parse_endpoint(endpoint)
        self._place = str(at)
        self._host = at.host
        self._bucket = bucket
        self._pool = new_pool()
        try:
            self._client = Minio(
                at.host,
                access_key=access_key,
                secret_key=secret_key,
                secure=at.secure,
                region=region,
                http_client=self._pool,
            )
        except ValueError as error:
            raise BadRequest(
                f"The object store's settings are wrong ({error}): correct WHISPER_FARM_S3_ENDPOINT or "
                "WHISPER_FARM_S3_REGION."
            ) from None

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    def describe(self) -> str:
        """As `s3 at host:port`."""
        return f"s3 at {self._host}"

    def check(self) -> None:
        """Raises `StoreUnreachable` unless the server answers, knows us and has the bucket."""
        with s3_faults(self._place, self._bucket):
            try:
                found = self._client.bucket_exists(self._bucket)
            except S3Error as error:
                if error_code(error) != "AccessDenied":
                    raise
            else:
                if not found:
                    raise refused("NoSuchBucket", self._place, self._bucket, None)
                return
        # A worker's credential may not even ask for the bucket.
        refuses_to_overwrite(self._client, self._pool, self._place, self._bucket, WORKER_WRITES + "check")

    def put(self, key: str, data: bytes) -> None:
        """Store `data` whole, in place of what may be there, by one request."""
        with s3_faults(self._place, self._bucket, check_key(key)):
            self._client.put_object(
                self._bucket, key, io.BytesIO(data), len(data), part_size=max(_PART_BYTES, len(data))
            )

    def put_stream(self, key: str, blocks: Iterable[bytes]) -> int:
        """Store the blocks as one object; its size in bytes. Nothing is, where `blocks` raises."""
        check_key(key)
        reader = BlockReader(blocks)
        try:
            with s3_faults(self._place, self._bucket, key):
                # One part at a time: an upload that is given up has nothing under way that could land later.
                self._client.put_object(
                    self._bucket,
                    key,
                    cast(BinaryIO, reader),
                    length=-1,
                    part_size=_PART_BYTES,
                    num_parallel_uploads=1,
                )
        except Exception:
            if reader.error is None:
                raise
        if reader.error is not None:
            raise reader.error
        return reader.size_bytes

    def put_file(self, key: str, path: Path, *, may_link: bool = False) -> None:
        """Store a local file; an `OSError` where it can't be read."""
        with path.open("rb", buffering=0) as file:
            self.put_stream(key, iter(lambda: file.read(_BLOCK_BYTES), b""))

    def get(self, key: str, *, limit_bytes: int = 64 * 1024 * 1024) -> bytes:
        """The object's bytes. One larger than `limit_bytes` raises `ObjectDamaged`."""
        with self._reading(key) as response, s3_faults(self._place, self._bucket, key):
            if int(response.headers.get("content-length", "0")) > limit_bytes:
                raise ObjectDamaged(key, f"it is larger than {limit_bytes:,} bytes")
            return response.read()

    @contextmanager
    def open(self, key: str) -> Iterator[Iterator[bytes]]:
        """The object's bytes in blocks of at most 1 MiB; the connection is given back on exit."""
        with self._reading(key) as response:
            yield self._blocks(key, response)

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer at the end, none past it."""
        if offset < 0 or length < 0:
            raise BadRequest(f"{offset}+{length} is no range of '{key}': give two numbers of at least 0.")
        if length == 0:  # which to the client means all there is
            if not self.exists(key):
                raise ObjectMissing(key)
            return b""
        with s3_faults(self._place, self._bucket, check_key(key)):
            try:
                response = self._client.get_object(self._bucket, key, offset=offset, length=length)
            except S3Error as error:
                if error_code(error) == "InvalidRange":
                    return b""
                raise
            with _given_back(response):
                return response.read()

    def stat(self, key: str) -> ObjectStat | None:
        """What is known of the object, or None where there is none."""
        try:
            with s3_faults(self._place, self._bucket, check_key(key)):
                return _stat_of(self._client.stat_object(self._bucket, key))
        except ObjectMissing:
            return None

    def exists(self, key: str) -> bool:
        """Whether the object is there. Works for a credential that may write but not read it, too."""
        with s3_faults(self._place, self._bucket, check_key(key)):
            try:
                self._client.stat_object(self._bucket, key)
            except S3Error as error:
                if error_code(error) in {"NoSuchKey", "NoSuchVersion"}:
                    return False
                if error_code(error) != "AccessDenied":
                    raise
            else:
                return True
        return refuses_to_overwrite(self._client, self._pool, self._place, self._bucket, key)

    def list(self, prefix: str) -> Iterator[ObjectStat]:
        """Every object whose key begins with `prefix`, in the order of their keys (code points)."""
        split = split_prefix(prefix)
        if split is None:
            return
        folder, beginning = split
        asked = folder if beginning in {".", ".."} else prefix  # MinIO takes these for a way out
        with s3_faults(self._place, self._bucket):
            for found in self._client.list_objects(self._bucket, asked, recursive=True):
                name = found.object_name or ""
                if _is_key(name) and name.startswith(prefix):
                    yield _stat_of(found)

    def copy(self, source: str, target: str) -> None:
        """Make `target` hold what `source` holds; the bytes stay on the server."""
        check_key(target)
        found = self.stat(source)
        if found is None:
            raise ObjectMissing(source)
        if source == target:
            return
        with s3_faults(self._place, self._bucket, source):
            if found.size_bytes <= _COPY_BYTES:
                self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))
            else:
                pieces = _pieces(self._bucket, source, found.size_bytes, _COPY_BYTES)
                self._client.compose_object(self._bucket, target, pieces)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove these objects; those that are not there are passed over."""
        with s3_faults(self._place, self._bucket):
            wanted = (DeleteObject(check_key(key)) for key in keys)
            failed = list(self._client.remove_objects(self._bucket, wanted))
        for error in failed:
            raise refused(error.code, self._place, self._bucket, error.name)

    def local_path(self, key: str) -> None:
        """None: the bytes are on the server."""

    @contextmanager
    def _reading(self, key: str) -> Iterator[urllib3.BaseHTTPResponse]:
        with s3_faults(self._place, self._bucket, check_key(key)):
            response = self._client.get_object(self._bucket, key)
        with _given_back(response):
            yield response

    def _blocks(self, key: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with s3_faults(self._place, self._bucket, key):
            yield from response.stream(_BLOCK_BYTES)


@contextmanager
def _given_back(response: urllib3.BaseHTTPResponse) -> Iterator[None]:
    """Ends the response; its connection serves again where the body was read to its end."""
    try:
        yield
    finally:
        response.close()
        response.release_conn()


def _stat_of(found: Object) -> ObjectStat:
    modified_at = found.last_modified or datetime.fromtimestamp(0, UTC)
    return ObjectStat(key=found.object_name or "", size_bytes=found.size or 0, modified_at=modified_at)


def _is_key(name: str) -> bool:
    """Other programs put names into a bucket that are none of ours, such as folders `a/`."""
    try:
        return check_key(name) == name
    except BadRequest:
        return False


def _pieces(bucket: str, key: str, size_bytes: int, piece_bytes: int) -> list[ComposeSource]:
    return [
        ComposeSource(bucket, key, offset=at, length=min(piece_bytes, size_bytes - at))
        for at in range(0, size_bytes, piece_bytes)
    ]
