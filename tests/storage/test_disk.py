"""What only a folder can get wrong: half-written files, other people's files, a full disk."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.storage.sentences import is_one_sentence
from whisper_farm.errors import BadRequest, StoreFull, StoreUnreachable
from whisper_farm.storage.disk import DiskStore

MIB = 1024 * 1024

HALF_A_PUT = """
import sys
from pathlib import Path
from whisper_farm.storage.disk import DiskStore

def blocks():
    yield b"new" * 500_000
    print("half", flush=True)
    sys.stdin.read()

DiskStore(Path(sys.argv[1]), "whisper-farm").put_stream("results/x.json", blocks())
"""

PUT_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from whisper_farm.errors import StoreFull
from whisper_farm.storage.disk import DiskStore

resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
try:
    DiskStore(Path(sys.argv[1]), "whisper-farm").put("staging/x", bytes(2_000_000))
except StoreFull as error:
    print(error)
"""


def scratch_files(folder: Path) -> list[Path]:
    return list((folder / "store" / ".scratch").iterdir())


def test_a_writer_killed_in_the_middle_leaves_the_old_object(disk: DiskStore, tmp_path: Path) -> None:
    disk.put("results/x.json", b"old")
    with subprocess.Popen(
        [sys.executable, "-c", HALF_A_PUT, tmp_path / "store"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
    assert disk.get("results/x.json") == b"old"
    assert [found.key for found in disk.list("")] == ["results/x.json"]

    (left,) = scratch_files(tmp_path)
    disk.check()
    assert left.exists(), "it might still be written"
    hours_ago = time.time() - 2 * 3600
    left = left.rename(left.with_name(f"{int(hours_ago)}-{left.name}"))
    disk.check()
    assert left.exists(), "it was made long ago, but written just now"
    os.utime(left, (hours_ago, hours_ago))
    disk.check()
    assert scratch_files(tmp_path) == []


def test_a_linked_recording_shares_its_bytes_and_is_never_touched(disk: DiskStore, tmp_path: Path) -> None:
    path = tmp_path / "episode.mp3"
    path.write_bytes(b"the recording")
    path.chmod(0o640)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = path.stat()
    disk.put_file("recordings/x/source.mp3", path, may_link=True)
    disk.put_file("recordings/x/source.mp3", path, may_link=True)
    assert scratch_files(tmp_path) == []
    stored = disk.local_path("recordings/x/source.mp3")
    assert stored is not None
    if stored.samefile(path):  # else the disk made a reflink
        assert stored.stat().st_nlink == 2
    found = disk.stat("recordings/x/source.mp3")
    assert found is not None
    assert datetime.now(UTC) - found.modified_at < timedelta(minutes=1), "it was stored now, not in 2001"

    disk.copy("recordings/x/source.mp3", "recordings/y/source.mp3")
    disk.put("recordings/x/source.mp3", b"other bytes")
    disk.delete(["recordings/y/source.mp3"])
    after = path.stat()
    assert path.read_bytes() == b"the recording"
    assert (after.st_mode, after.st_mtime, after.st_size) == (before.st_mode, before.st_mtime, before.st_size)


def test_a_link_to_a_recording_is_followed(disk: DiskStore, tmp_path: Path) -> None:
    (tmp_path / "real.mp3").write_bytes(b"the recording")
    (tmp_path / "link.mp3").symlink_to("real.mp3")
    disk.put_file("recordings/x/source.mp3", tmp_path / "link.mp3", may_link=True)
    stored = disk.local_path("recordings/x/source.mp3")
    assert stored is not None
    assert not stored.is_symlink()
    assert stored.read_bytes() == b"the recording"


def test_a_recording_that_may_not_be_linked_is_copied(disk: DiskStore, tmp_path: Path) -> None:
    path = tmp_path / "episode.mp3"
    path.write_bytes(b"the recording")
    disk.put_file("recordings/x/source.mp3", path)
    path.write_bytes(b"changed")
    assert disk.get("recordings/x/source.mp3") == b"the recording"
    assert path.stat().st_nlink == 1


def test_nobody_else_may_read_the_store(disk: DiskStore, tmp_path: Path) -> None:
    disk.put("jobs/a/request.json", b"{}")
    for path in (tmp_path / "store").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_an_object_can_not_also_be_a_folder(disk: DiskStore, tmp_path: Path) -> None:
    disk.put("a/b", b"kept")
    with pytest.raises(BadRequest, match="'a/b/c/d' can't be stored: 'a/b' is an object") as raised:
        disk.put("a/b/c/d", b"")
    assert is_one_sentence(raised.value)
    with pytest.raises(BadRequest, match="'a' can't be stored: objects lie below 'a/'") as raised:
        disk.put("a", b"")
    assert is_one_sentence(raised.value)
    assert [found.key for found in disk.list("")] == ["a/b"]
    assert disk.get("a/b") == b"kept"
    assert scratch_files(tmp_path) == []


def test_empty_folders_stand_in_nobodys_way(disk: DiskStore, tmp_path: Path) -> None:
    disk.put("a/b/c", b"")
    disk.delete(["a/b/c"])
    assert list((tmp_path / "store" / "whisper-farm").iterdir()) == []
    (tmp_path / "store" / "whisper-farm" / "a" / "b").mkdir(parents=True)  # as a crash may leave them
    disk.put("a", b"an object now")
    assert disk.get("a") == b"an object now"


def test_a_put_survives_a_delete_that_removes_its_folder(disk: DiskStore) -> None:
    stop = threading.Event()

    def delete_again_and_again() -> None:
        while not stop.is_set():
            disk.delete(["jobs/a/b/c/gone"])

    deleting = threading.Thread(target=delete_again_and_again)
    deleting.start()
    try:
        for number in range(60):
            disk.put("jobs/a/b/c/kept", b"%d" % number)
            assert disk.get("jobs/a/b/c/kept") == b"%d" % number
            disk.delete(["jobs/a/b/c/kept"])
    finally:
        stop.set()
        deleting.join()


def test_listing_goes_on_while_objects_vanish_and_skips_what_is_no_object(
    disk: DiskStore, tmp_path: Path
) -> None:
    stored = [f"results/{number}/{part}" for number in range(3) for part in "abc"]
    for key in stored:
        disk.put(key, b"x")
    root = tmp_path / "store" / "whisper-farm" / "results"
    (root / "link").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    (root / os.fsdecode(b"not unicode \xff")).write_bytes(b"")
    listing = disk.list("results/")
    assert next(listing).key == "results/0/a"
    disk.delete(["results/0/b", "results/1/a", "results/1/b", "results/1/c"])
    assert [found.key for found in listing] == ["results/0/c", "results/2/a", "results/2/b", "results/2/c"]


def test_a_store_that_can_not_be_a_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    disk = DiskStore(tmp_path / "file" / "store", "whisper-farm")
    for attempt in (disk.check, lambda: disk.put("a", b"")):
        with pytest.raises(StoreUnreachable, match=r"file/store .*WHISPER_FARM_STORE_FOLDER") as raised:
            attempt()
        assert is_one_sentence(raised.value)


def test_a_store_that_was_never_written_is_empty(tmp_path: Path) -> None:
    disk = DiskStore(tmp_path / "store", "whisper-farm")
    assert list(disk.list("")) == []
    assert disk.stat("a") is None
    disk.delete(["a"])
    assert not (tmp_path / "store").exists()


def test_a_file_past_the_size_limit_leaves_nothing(disk: DiskStore, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PUT_UNDER_A_LIMIT, tmp_path / "store"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"No room is left for the object store in {tmp_path / 'store'} (")
    assert list(disk.list("")) == []
    assert scratch_files(tmp_path) == []


def test_a_full_disk_leaves_what_was_there(small_disk: Path, tmp_path: Path) -> None:
    disk = DiskStore(small_disk, "whisper-farm")
    recording = tmp_path / "episode.wav"
    recording.write_bytes(bytes(65 * MIB))
    disk.put("results/x.json", b"old")
    with pytest.raises(StoreFull, match=r"small .*whisper-farm clean") as raised:
        disk.put_stream("results/x.json", (bytes(MIB) for _ in range(65)))
    assert is_one_sentence(raised.value)
    with pytest.raises(StoreFull):
        disk.put_file("recordings/x/source.wav", recording, may_link=True)  # on another disk: no link can be
    assert disk.get("results/x.json") == b"old"
    assert list((small_disk / ".scratch").iterdir()) == []
    disk.put("results/y.json", bytes(60 * MIB))
