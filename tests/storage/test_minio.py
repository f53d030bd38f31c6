"""What only a real MinIO can show: who may do what, and what is said when it lets nobody in."""

import io
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from minio import Minio, MinioAdmin
from minio.commonconfig import CopySource
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error

from tests.storage.minio_server import BUCKET, REGION, MinioServer, running_minio
from tests.storage.sentences import is_one_sentence
from whisper_farm.errors import BadRequest, ObjectMissing, StoreFull, StoreUnreachable
from whisper_farm.storage import s3
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.minio_admin import Credential, prepare_minio, random_credential
from whisper_farm.storage.policies import farm_policy, worker_policy
from whisper_farm.storage.s3 import S3Store

MIB = 1024 * 1024
ROOMS = ("recordings", "results", "jobs", "catalog", "open", "staging", "settings", "inbox")


def plain_client(server: MinioServer, credential: Credential) -> Minio:
    host = server.endpoint.removeprefix("http://")
    return Minio(host, credential.access_key, credential.secret_key, secure=False, region=REGION)


@pytest.fixture
def farm(minio_server: MinioServer) -> Iterator[S3Store]:
    store = minio_server.store(minio_server.farm)
    yield store
    store.delete([found.key for found in store.list("")])


@pytest.fixture
def worker(minio_server: MinioServer, farm: S3Store) -> S3Store:
    """The store as a worker sees it; one chunk and one result are there."""
    farm.put("chunks/r/p/000000.flac", b"fLaC")
    farm.put("results/pcm/recipe.json", b"{}")
    return minio_server.store(minio_server.worker)


def refusals(attempts: dict[str, Callable[[], object]]) -> dict[str, str]:
    """What became of each attempt: the name of its error, or `done`."""
    became = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            became[name] = "done"
        except S3Error as error:
            became[name] = error.code or ""
        except (StoreUnreachable, MinioAdminException) as error:
            became[name] = type(error).__name__
    return became


def test_a_worker_reads_chunks_and_writes_results(worker: S3Store, farm: S3Store) -> None:
    worker.check()
    assert worker.get("chunks/r/p/000000.flac") == b"fLaC"
    assert worker.stat("chunks/r/p/000000.flac") is not None
    with worker.open("chunks/r/p/000000.flac") as blocks:
        assert b"".join(blocks) == b"fLaC"
    with pytest.raises(ObjectMissing):
        worker.get("chunks/r/p/000001.flac")
    worker.put("results/pcm/other.json", b"[]")
    worker.put_stream("results/pcm/large.json", (bytes(MIB) for _ in range(20)))
    assert farm.get("results/pcm/other.json") == b"[]"


def test_a_worker_knows_whether_a_result_is_stored_that_it_may_not_read(
    worker: S3Store, farm: S3Store
) -> None:
    assert worker.exists("results/pcm/recipe.json")
    assert not worker.exists("results/pcm/not yet.json")
    assert worker.exists("chunks/r/p/000000.flac")
    assert not worker.exists("chunks/r/p/000001.flac")
    # Asking changed nothing, and left nothing half uploaded.
    assert [found.key for found in farm.list("results/")] == ["results/pcm/recipe.json"]
    assert farm.get("results/pcm/recipe.json") == b"{}"
    for key in ("jobs/x/request.json", "chunksx", "result", "resultsx/y"):
        with pytest.raises(StoreUnreachable, match=f"'{key}' \\(AccessDenied\\)"):
            worker.exists(key)


def test_a_worker_may_do_nothing_else_with_any_key(worker: S3Store, farm: S3Store) -> None:
    for room in ROOMS:
        farm.put(f"{room}/x", b"kept")
    before = {found.key: farm.get(found.key) for found in farm.list("")}
    attempts: dict[str, Callable[[], object]] = {}
    for room in ROOMS:
        attempts[f"read {room}"] = lambda room=room: worker.get(f"{room}/x")  # type: ignore[misc]
        attempts[f"stat {room}"] = lambda room=room: worker.stat(f"{room}/x")  # type: ignore[misc]
        attempts[f"copy {room}"] = lambda room=room: worker.copy(f"{room}/x", "results/y")  # type: ignore[misc]
    for room in (*ROOMS, "chunks"):
        if room != "results":
            attempts[f"write {room}"] = lambda room=room: worker.put(f"{room}/x", b"")  # type: ignore[misc]
        attempts[f"delete {room}"] = lambda room=room: worker.delete([f"{room}/x"])  # type: ignore[misc]
        attempts[f"list {room}"] = lambda room=room: list(worker.list(f"{room}/"))  # type: ignore[misc]
    attempts["list all"] = lambda: list(worker.list(""))
    attempts["delete a chunk"] = lambda: worker.delete(["chunks/r/p/000000.flac"])
    attempts["write a chunk"] = lambda: worker.put("chunks/r/p/000000.flac", b"")
    assert set(refusals(attempts).values()) == {"StoreUnreachable"}, refusals(attempts)
    assert {found.key: farm.get(found.key) for found in farm.list("")} == before


@pytest.mark.parametrize("who", ["worker", "farm"])
def test_neither_may_touch_the_bucket_another_bucket_or_the_server(
    minio_server: MinioServer, who: str
) -> None:
    credential: Credential = getattr(minio_server, who)
    root = plain_client(minio_server, minio_server.root)
    if not root.bucket_exists("another-bucket"):
        root.make_bucket("another-bucket")
    for key in ("chunks/x", "results/x"):
        root.put_object("another-bucket", key, io.BytesIO(b"x"), 1)
    client = plain_client(minio_server, credential)
    admin = MinioAdmin(
        endpoint=minio_server.endpoint.removeprefix("http://"),
        credentials=StaticProvider(credential.access_key, credential.secret_key),
        region=REGION,
        secure=False,
    )
    nobody = random_credential()
    attempts: dict[str, Callable[[], object]] = {
        "read elsewhere": lambda: client.get_object("another-bucket", "chunks/x"),
        "write elsewhere": lambda: client.put_object("another-bucket", "results/x", io.BytesIO(b""), 0),
        "copy from elsewhere": lambda: client.copy_object(
            BUCKET, "results/x", CopySource("another-bucket", "chunks/x", offset=0, length=1)
        ),
        "list elsewhere": lambda: list(client.list_objects("another-bucket")),
        "make a bucket": lambda: client.make_bucket("a-new-bucket"),
        "remove the bucket": lambda: client.remove_bucket(BUCKET),
        "open the bucket": lambda: client.set_bucket_policy(BUCKET, json.dumps(farm_policy(BUCKET))),
        "read the policy": lambda: client.get_bucket_policy(BUCKET),
        "add a user": lambda: admin.user_add(nobody.access_key, nobody.secret_key),
        "widen a policy": lambda: admin.policy_add("whisper-farm-worker.x", policy=farm_policy(BUCKET)),
        "stop the server": admin.service_stop,
    }
    assert set(refusals(attempts).values()) == {"AccessDenied", "MinioAdminException"}, refusals(attempts)
    if who == "farm":
        assert [bucket.name for bucket in client.list_buckets()] == [BUCKET]
    else:
        assert refusals({"list the buckets": client.list_buckets}) == {"list the buckets": "AccessDenied"}


def test_preparing_a_server_again_makes_it_right_again(minio_server: MinioServer, farm: S3Store) -> None:
    farm.put("jobs/kept", b"kept")
    worker = random_credential()

    def prepare(worker: Credential) -> None:
        prepare_minio(
            minio_server.endpoint,
            root=minio_server.root,
            region=REGION,
            bucket=BUCKET,
            farm=minio_server.farm,
            worker=worker,
        )

    prepare(worker)
    minio_server.store(worker).check()
    changed = replace(worker, secret_key=random_credential().secret_key)
    prepare(changed)
    minio_server.store(changed).check()
    with pytest.raises(StoreUnreachable, match="SignatureDoesNotMatch"):
        minio_server.store(worker).check()
    assert farm.get("jobs/kept") == b"kept"


def test_only_root_can_prepare_a_server_and_the_sentence_says_so(minio_server: MinioServer) -> None:
    stranger = random_credential()
    for root in (minio_server.farm, stranger):
        with pytest.raises(StoreUnreachable) as raised:
            prepare_minio(
                minio_server.endpoint, root=root, region=REGION, bucket=BUCKET, farm=stranger, worker=stranger
            )
        assert is_one_sentence(raised.value)
        assert root.secret_key not in str(raised.value)


def every_method(store: ObjectStore) -> dict[str, Callable[[], object]]:
    return {
        "check": store.check,
        "put": lambda: store.put("results/a", b"x"),
        "put_stream": lambda: store.put_stream("results/a", [b"x"]),
        "get": lambda: store.get("chunks/a"),
        "open": lambda: store.open("chunks/a").__enter__(),
        "read_range": lambda: store.read_range("chunks/a", 0, 1),
        "stat": lambda: store.stat("chunks/a"),
        "exists": lambda: store.exists("results/a"),
        "list": lambda: list(store.list("")),
        "copy": lambda: store.copy("chunks/a", "results/a"),
        "delete": lambda: store.delete(["results/a"]),
    }


def sentence_of_every_method(store: ObjectStore) -> set[str]:
    """What each method says; each has to be a `StoreUnreachable` in one sentence."""
    said = set()
    for name, method in every_method(store).items():
        with pytest.raises(StoreUnreachable) as raised:
            pytest.fail(f"{name} returned {method()}")
        assert is_one_sentence(raised.value), f"{name}: {raised.value}"
        said.add(str(raised.value))
    return said


def test_a_wrong_bucket_is_named_with_its_mend(minio_server: MinioServer) -> None:
    (said,) = sentence_of_every_method(minio_server.store(minio_server.root, bucket="not-made"))
    assert said.startswith(
        f"The bucket 'not-made' does not exist at {minio_server.endpoint}: create it, or set"
    )


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_said_without_them(minio_server: MinioServer, wrong: str) -> None:
    changes: dict[str, Any] = {wrong: "not-the-right-one"}
    credential = replace(minio_server.farm, **changes)
    for said in sentence_of_every_method(minio_server.store(credential)):
        assert "WHISPER_FARM_S3_ACCESS_KEY" in said
        assert credential.secret_key not in said
        assert credential.access_key not in said


def test_a_server_that_is_down_is_named_with_its_mend() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # taken, so that nobody else listens there, and not listening
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        credential = random_credential()
        store = S3Store(endpoint, credential.access_key, credential.secret_key, REGION, BUCKET)
        (said,) = sentence_of_every_method(store)
    assert said.startswith(f"The object store at {endpoint} can't be reached (connection refused): start it")


def test_a_key_that_the_server_can_not_hold_is_refused(farm: S3Store) -> None:
    with pytest.raises(BadRequest, match="255 bytes") as raised:
        farm.put(f"recordings/{'é' * 200}/source.mp3", b"")
    assert is_one_sentence(raised.value)


def test_an_upload_that_breaks_leaves_no_parts_behind(minio_server: MinioServer, farm: S3Store) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(20 * MIB)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        farm.put_stream("staging/x", breaking())
    parts = [path for path in minio_server.data_folder.rglob("part.*") if "/multipart/" in str(path)]
    assert parts == []


def test_a_large_object_is_copied_in_pieces(farm: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_COPY_BYTES", 5 * MIB)
    whole = b"".join(bytes([number]) * MIB for number in range(12)) + b"the end"
    farm.put("staging/x", whole)
    farm.copy("staging/x", "recordings/x/source.mp3")
    assert farm.get("recordings/x/source.mp3") == whole


def test_a_full_disk_leaves_what_was_there(small_disk: Path, tmp_path: Path) -> None:
    with running_minio(tmp_path, data_folder=small_disk) as server:
        store = server.store(server.farm)
        store.put("results/x.json", b"old")
        with pytest.raises(StoreFull, match="whisper-farm clean") as raised:
            store.put_stream("results/x.json", (bytes(MIB) for _ in range(80)))
        assert is_one_sentence(raised.value)
        with pytest.raises(StoreFull):
            store.put("results/x.json", bytes(80 * MIB))
        assert store.get("results/x.json") == b"old"


def test_the_policies_name_one_bucket_and_no_administration() -> None:
    for policy in (worker_policy("b"), farm_policy("b")):
        for statement in json.loads(json.dumps(policy))["Statement"]:
            assert statement["Effect"] == "Allow"
            assert all(action.startswith("s3:") and "*" not in action for action in statement["Action"])
            assert all(
                resource == "arn:aws:s3:::b" or resource.startswith("arn:aws:s3:::b/")
                for resource in statement["Resource"]
            )
