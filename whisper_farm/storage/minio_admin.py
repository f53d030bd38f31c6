"""Makes a MinIO server ready for a farm: the bucket, and a user each for the farm and its workers.

Whoever runs the server does this once with the root credentials, which no part of the farm is given.
Doing it again changes nothing, or makes what was changed right again.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error

from whisper_farm.errors import StoreUnreachable
from whisper_farm.storage.policies import Policy, farm_policy, worker_policy
from whisper_farm.storage.s3_connection import Endpoint, new_pool, parse_endpoint
from whisper_farm.storage.s3_faults import s3_faults

_CODE = re.compile(r'"?Code"?[:>]"?(\w{1,100})')
_OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


@dataclass(frozen=True, slots=True)
class Credential:
    """An S3 user's two keys. MinIO wants at least 3 and 8 characters."""

    access_key: str
    secret_key: str = field(repr=False)


def random_credential() -> Credential:
    """Keys that nobody can guess. The access key matters as much: MinIO has let in who knows it alone."""
    return Credential(access_key=secrets.token_hex(10), secret_key=secrets.token_hex(20))


def prepare_minio(
    endpoint: str, *, root: Credential, region: str, bucket: str, farm: Credential, worker: Credential
) -> None:
    """Creates `bucket` where it is missing, and sets the users `farm` and `worker` with their policies.

    Raises:
        BadRequest: `endpoint` is no endpoint.
        StoreUnreachable: no MinIO answers there, or not to these root credentials.
    """
    at = parse_endpoint(endpoint)
    pool = new_pool()
    try:
        with _admin_faults(at, bucket):
            _make_bucket(at, root, region, bucket, pool)
            admin = MinioAdmin(
                endpoint=at.host,
                credentials=StaticProvider(root.access_key, root.secret_key),
                region=region,
                secure=at.secure,
                http_client=pool,
            )
            _set_user(admin, farm, f"whisper-farm-farm.{bucket}", farm_policy(bucket))
            _set_user(admin, worker, f"whisper-farm-worker.{bucket}", worker_policy(bucket))
    finally:
        pool.clear()


def _make_bucket(at: Endpoint, root: Credential, region: str, bucket: str, pool: urllib3.PoolManager) -> None:
    client = Minio(
        at.host,
        access_key=root.access_key,
        secret_key=root.secret_key,
        secure=at.secure,
        region=region,
        http_client=pool,
    )
    if not client.bucket_exists(bucket):
        try:
            client.make_bucket(bucket)
        except S3Error as error:  # another process made it meanwhile
            if error.code not in _OURS_ALREADY:
                raise


def _set_user(admin: MinioAdmin, user: Credential, name: str, policy: Policy) -> None:
    admin.policy_add(name, policy=policy)
    admin.user_add(user.access_key, user.secret_key)
    admin.policy_set(name, user=user.access_key)


@contextmanager
def _admin_faults(at: Endpoint, bucket: str) -> Iterator[None]:
    with s3_faults(str(at), bucket):
        try:
            yield
        except MinioAdminException as error:
            named = _CODE.search(str(error))
            raise StoreUnreachable(
                f"The server at {at} does not let itself be set up ({named[1] if named else 'no code'}): it "
                "has to be a MinIO, and the credentials its root's."
            ) from None
