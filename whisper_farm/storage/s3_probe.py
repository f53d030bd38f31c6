"""Learns whether an object is there with leave to write it and none to read it: a worker's, of results."""

import base64
import hashlib
import re
from datetime import timedelta

import urllib3
from minio import Minio
from urllib3.exceptions import HTTPError

from whisper_farm.errors import StoreUnreachable
from whisper_farm.storage.s3_faults import refused, unreachable

_CODE = re.compile(rb"<Code>(\w{1,100})</Code>")
_OTHER_MD5 = base64.b64encode(hashlib.md5(b"another body", usedforsecurity=False).digest()).decode()


def refuses_to_overwrite(client: Minio, pool: urllib3.PoolManager, place: str, bucket: str, key: str) -> bool:
    """Whether the object is there, asked by a write that can never succeed.

    It is to happen only where there is no such object, and its body is not the one that its checksum
    announces. So the answer 412 says that the object is there, and the complaint about the body that
    it is not. (`If-Match` with a made-up tag would do at MinIO, but S3 wants leave to read for it.)

    Raises:
        StoreUnreachable: no answer, no leave to write, or a server that knows no such conditions.
    """
    url = client.get_presigned_url("PUT", bucket, key, expires=timedelta(minutes=15))
    conditions = {"If-None-Match": "*", "Content-MD5": _OTHER_MD5}
    try:
        answer = pool.request("PUT", url, body=b"a body", headers=conditions)
    except HTTPError as error:
        raise unreachable(place, error) from None
    if answer.status == 412:
        return True
    named = _CODE.search(answer.data)
    code = named.group(1).decode() if named else f"status {answer.status}"
    if code == "BadDigest":
        return False
    if answer.status == 200:
        raise StoreUnreachable(
            f"The object store at {place} does not honour conditional writes: let these credentials read "
            f"'{key.partition('/')[0]}/' too (s3:GetObject)."
        )
    raise refused(code, place, bucket, key)
