"""What every object store promises, tried on both homes."""

import hashlib
import os
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from whisper_farm.errors import BadRequest, ObjectDamaged, ObjectMissing
from whisper_farm.storage.base import ObjectStore

MIB = 1024 * 1024

ODD_KEYS = [
    "odd/ begins with a space",
    "odd/.hidden",
    "odd/..two dots",
    "odd/a+b&c=d?e#f%20g",
    "odd/ends with a space ",
    'odd/it\'s "quoted" <here>',
    "odd/z~*|:;,[]{}()",
    "odd/é as one sign",
    "odd/e\u0301 as two",
    "odd/漢字/ファイル.flac",
    "odd/😀",
]


def keys(store: ObjectStore, prefix: str) -> list[str]:
    return [found.key for found in store.list(prefix)]


def test_what_is_put_is_got_back_and_replaced_whole(store: ObjectStore) -> None:
    store.put("jobs/a/request.json", b"a longer first value")
    store.put("jobs/a/request.json", b"the second")
    assert store.get("jobs/a/request.json") == b"the second"
    store.put("jobs/a/request.json", b"")
    assert store.get("jobs/a/request.json") == b""


def test_a_store_that_is_there_passes_its_check_and_names_itself(store: ObjectStore) -> None:
    store.check()
    store.check()
    assert store.bucket == "whisper-farm"
    assert store.describe().startswith(("folder /", "s3 at 127.0.0.1:"))


def test_a_long_stream_of_unknown_length_is_never_held_whole(store: ObjectStore) -> None:
    block = os.urandom(MIB)
    sent = hashlib.sha256()

    def blocks() -> Iterator[bytes]:
        for number in range(96):
            piece = block[number:] + block[: number // 2]  # of many lengths
            sent.update(piece)
            yield piece

    tracemalloc.start()
    try:
        size_bytes = store.put_stream("staging/long", blocks())
        _, peak_writing = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        came, came_bytes = hashlib.sha256(), 0
        with store.open("staging/long") as read:
            for piece in read:
                assert 0 < len(piece) <= MIB
                came.update(piece)
                came_bytes += len(piece)
        _, peak_reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert came.digest() == sent.digest()
    found = store.stat("staging/long")
    assert found is not None
    assert found.size_bytes == came_bytes == size_bytes > 90 * MIB
    assert peak_writing < 72 * MIB
    assert peak_reading < 8 * MIB


@pytest.mark.parametrize(
    "blocks", [[], [b""], [b"", b"a", b"", b"b"]], ids=["none", "an empty one", "some empty"]
)
def test_a_stream_may_be_empty_or_have_empty_blocks(store: ObjectStore, blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    assert store.put_stream("staging/s", iter(blocks)) == len(whole)
    assert store.get("staging/s") == whole
    with store.open("staging/s") as read:
        assert b"".join(read) == whole


@pytest.mark.parametrize("sent_bytes", [0, 10, 20 * MIB])
@pytest.mark.parametrize(
    "error", [OSError("the source broke"), KeyboardInterrupt()], ids=["error", "interrupt"]
)
def test_a_stream_that_breaks_stores_nothing(
    store: ObjectStore, sent_bytes: int, error: BaseException
) -> None:
    def breaking() -> Iterator[bytes]:
        for at in range(0, sent_bytes, MIB):
            yield bytes(min(MIB, sent_bytes - at))
        raise error

    store.put("staging/old", b"old")
    for key in ("staging/new", "staging/old"):
        with pytest.raises(type(error)) as raised:
            store.put_stream(key, breaking())
        assert raised.value is error
    assert not store.exists("staging/new")
    assert store.get("staging/old") == b"old"
    assert keys(store, "") == ["staging/old"]


def test_a_file_is_stored_with_its_bytes(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "episode 1.mp3"
    path.write_bytes(b"ID3" + bytes(3 * MIB))
    for may_link in (False, True):
        store.put_file("recordings/x/source.mp3", path, may_link=may_link)
        assert store.get("recordings/x/source.mp3") == path.read_bytes()
        local = store.local_path("recordings/x/source.mp3")
        assert local is None or local.read_bytes() == path.read_bytes()
    with pytest.raises(FileNotFoundError):
        store.put_file("recordings/y/source.mp3", tmp_path / "not there.mp3")
    assert not store.exists("recordings/y/source.mp3")


def test_no_local_file_stands_for_an_object_that_is_missing(store: ObjectStore) -> None:
    assert store.local_path("recordings/x/source.mp3") is None


def test_ranges_are_read_up_to_the_end_and_not_past_it(store: ObjectStore) -> None:
    store.put("a", b"0123456789")
    store.put("empty", b"")
    assert store.read_range("a", 0, 3) == b"012"
    assert store.read_range("a", 4, 2) == b"45"
    assert store.read_range("a", 8, 10**15) == b"89"
    assert store.read_range("a", 10, 5) == b""
    assert store.read_range("a", 10**12, 5) == b""
    assert store.read_range("a", 3, 0) == b""
    assert store.read_range("empty", 0, 5) == b""
    for offset, length in ((-1, 5), (0, -1)):
        with pytest.raises(BadRequest, match="'a'"):
            store.read_range("a", offset, length)


def test_an_object_larger_than_asked_for_is_not_read(store: ObjectStore) -> None:
    store.put("catalog/x", b"12345")
    assert store.get("catalog/x", limit_bytes=5) == b"12345"
    with pytest.raises(ObjectDamaged, match=r"'catalog/x'.*4 bytes"):
        store.get("catalog/x", limit_bytes=4)


def test_what_is_known_of_an_object_is_its_size_and_when_it_was_stored(store: ObjectStore) -> None:
    assert store.stat("a") is None
    assert not store.exists("a")
    store.put("a", b"four")
    found = store.stat("a")
    assert found is not None
    assert (found.key, found.size_bytes) == ("a", 4)
    assert found.modified_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - found.modified_at) < timedelta(minutes=1)
    assert store.exists("a")
    listed = next(iter(store.list("a")))
    assert (listed.key, listed.size_bytes) == ("a", 4)
    # To the second: S3 tells an object's time with and without its fraction.
    assert abs(listed.modified_at - found.modified_at) < timedelta(seconds=1.5)


def test_a_folder_of_keys_is_no_object(store: ObjectStore) -> None:
    store.put("jobs/a/plan.json", b"{}")
    assert store.stat("jobs/a") is None
    assert not store.exists("jobs")
    with pytest.raises(ObjectMissing):
        store.get("jobs/a")
    store.delete(["jobs/a"])
    assert store.exists("jobs/a/plan.json")


def test_listing_goes_by_key_and_not_by_folder(store: ObjectStore) -> None:
    stored = ["b/a!", "b/a-1", "b/a.txt", "b/a/1", "b/a/2/x", "b/a/20", "b/a0", "b/ab", "b/é", "b/B", "c"]
    for key in reversed(stored):
        store.put(key, key.encode())
    assert keys(store, "") == sorted(stored)
    assert keys(store, "b/a") == [key for key in sorted(stored) if key.startswith("b/a")]
    assert keys(store, "b/a/") == ["b/a/1", "b/a/2/x", "b/a/20"]
    assert keys(store, "b/a/2") == ["b/a/2/x", "b/a/20"]
    assert keys(store, "b/a/1") == ["b/a/1"]
    assert keys(store, "c") == ["c"]


@pytest.mark.parametrize(
    "prefix",
    ["nothing", "c/", "c/x", "/", "b//", "../", "./", "b/../", "..", ".", "x" * 3000, "a\x01", "a\\", "\n"],
)
def test_a_prefix_that_no_key_has_finds_nothing(store: ObjectStore, prefix: str) -> None:
    store.put("b/a", b"")
    store.put("c", b"")
    assert keys(store, prefix) == []


def test_odd_but_legal_keys_are_kept_as_they_are(store: ObjectStore) -> None:
    for key in ODD_KEYS:
        store.put(key, key.encode())
    assert keys(store, "odd/") == sorted(ODD_KEYS)
    assert keys(store, "odd/.") == ["odd/..two dots", "odd/.hidden"]
    assert keys(store, "odd/..") == ["odd/..two dots"]
    for key in ODD_KEYS:
        assert store.get(key) == key.encode()
        assert store.exists(key)
        store.copy(key, key + " again")
        assert store.get(key + " again") == key.encode()
        assert keys(store, key) == [key, key + " again"]
    store.delete(ODD_KEYS)
    assert keys(store, "odd/") == sorted(key + " again" for key in ODD_KEYS)


BAD_KEYS = [
    "",
    "/",
    "a//b",
    "/a",
    "a/",
    "../x",
    "a/../b",
    "a/./b",
    ".",
    "a\nb",
    "a\x00b",
    "a\x7f",
    "a\\b",
    "é" * 513,
]


@pytest.mark.parametrize("key", [*BAD_KEYS, "lone\ud800surrogate"], ids=ascii)
def test_a_bad_key_is_refused_by_every_method(store: ObjectStore, key: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    store.put("good", b"x")
    attempts: list[Callable[[], object]] = [
        lambda: store.put(key, b""),
        lambda: store.put_stream(key, [b""]),
        lambda: store.put_file(key, path),
        lambda: store.get(key),
        lambda: store.open(key).__enter__(),
        lambda: store.read_range(key, 0, 1),
        lambda: store.stat(key),
        lambda: store.exists(key),
        lambda: store.copy(key, "other"),
        lambda: store.copy("good", key),
        lambda: store.delete([key]),
    ]
    for attempt in attempts:
        with pytest.raises(BadRequest, match="is no object key"):
            attempt()
    assert keys(store, "") == ["good"]


@pytest.mark.parametrize("part", ["x" * 256, "漢" * 86])
def test_a_part_of_a_key_that_no_file_system_holds_is_refused(store: ObjectStore, part: str) -> None:
    with pytest.raises(BadRequest, match=r"is no object key|255 bytes"):
        store.put(f"recordings/{part}", b"")


def test_a_copy_stands_by_itself(store: ObjectStore) -> None:
    store.put("staging/token", b"the recording")
    store.put("recordings/x/source.mp3", b"what was there before")
    store.copy("staging/token", "recordings/x/source.mp3")
    store.put("staging/token", b"another one")
    assert store.get("recordings/x/source.mp3") == b"the recording"
    store.delete(["staging/token"])
    assert store.get("recordings/x/source.mp3") == b"the recording"
    store.copy("recordings/x/source.mp3", "recordings/x/source.mp3")
    assert store.get("recordings/x/source.mp3") == b"the recording"


def test_deleting_passes_over_what_is_not_there(store: ObjectStore) -> None:
    store.put("a/b/c", b"")
    store.put("a/d", b"")
    store.delete(iter(["a/b/c", "never/was", "a/d/below an object", "a/b/c"]))
    assert keys(store, "") == ["a/d"]
    store.delete([])
    store.delete(found.key for found in store.list("a/"))
    assert keys(store, "") == []


def test_an_object_that_is_missing_is_named(store: ObjectStore) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: store.get("jobs/x/plan.json"),
        lambda: store.open("jobs/x/plan.json").__enter__(),
        lambda: store.read_range("jobs/x/plan.json", 0, 5),
        lambda: store.read_range("jobs/x/plan.json", 0, 0),
        lambda: store.copy("jobs/x/plan.json", "elsewhere"),
        lambda: store.copy("jobs/x/plan.json", "jobs/x/plan.json"),
    ]
    for attempt in attempts:
        with pytest.raises(ObjectMissing, match=r"'jobs/x/plan\.json'") as raised:
            attempt()
        assert raised.value.key == "jobs/x/plan.json"


def test_an_object_that_is_left_half_read_gives_its_connection_back(store: ObjectStore) -> None:
    store.put("a", bytes(4 * MIB))
    for _ in range(40):  # more than any pool holds
        with store.open("a") as blocks:
            assert next(blocks)
    assert store.read_range("a", 0, 1) == b"\0"


def test_writers_of_one_key_leave_one_whole_value(store: ObjectStore) -> None:
    values = [bytes([number]) * (200_000 + number) for number in range(8)]

    def write_and_read(value: bytes) -> None:
        for _ in range(4):
            store.put("results/x.json", value)
            assert store.get("results/x.json") in values

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write_and_read, values))
    assert store.get("results/x.json") in values
    assert keys(store, "") == ["results/x.json"]
