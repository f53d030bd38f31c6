"""A person's file becomes a recording: linked or sent, described last, and never twice."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.audio.making import blocks_of, make, sha256_of
from whisper_farm import keys
from whisper_farm.audio.ranged import RangedObject, open_ranged
from whisper_farm.audio.recording_input import recording_input
from whisper_farm.errors import FarmError, RecordingChanged, RecordingUnusable, StoreUnreachable
from whisper_farm.intake.storing import find_recording, store_recording
from whisper_farm.models import Recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import read_document

LIMITS = IntakeSettings()


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    store = DiskStore(tmp_path / "store", "whisper-farm")
    store.check()
    return store


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return make(tmp_path, "a 'talk'.MP3", "-b:a", "64k", "-f", "mp3", seconds=3)


class FarStore:
    """The same folder as a store that is elsewhere: it has no files for anybody, and counts what is sent."""

    def __init__(self, store: DiskStore) -> None:
        self._store = store
        self.sent_bytes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def local_path(self, key: str) -> None:
        return None

    def put_stream(self, key: str, blocks: Iterable[bytes]) -> int:
        size = self._store.put_stream(key, blocks)
        self.sent_bytes += size
        return size


def _store(store: DiskStore, path: Path, told: list[int] | None = None) -> Recording:
    on_bytes = (told if told is not None else []).append
    return store_recording(store, path, name=path.name, limits=LIMITS, on_bytes=on_bytes)


def _far(store: DiskStore) -> DiskStore:
    return FarStore(store)  # type: ignore[return-value]  # it has all that a store has


def test_a_file_is_stored_under_its_hash_and_described(store: DiskStore, talk: Path) -> None:
    told: list[int] = []
    recording = _store(store, talk, told)

    assert recording.sha256 == sha256_of(talk)
    assert recording.key == keys.recording_source(recording.sha256, "mp3")
    assert recording.name == "a 'talk'.MP3"
    assert recording.size_bytes == talk.stat().st_size == told[-1]
    assert (recording.codec, recording.streamable) == ("mp3", True)
    assert store.get(recording.key) == talk.read_bytes()
    assert read_document(store, keys.recording_meta(recording.sha256), Recording) == recording
    assert {found.key for found in store.list("")} == {recording.key, keys.recording_meta(recording.sha256)}


def test_a_file_that_is_stored_already_is_written_no_more(
    store: DiskStore, talk: Path, tmp_path: Path
) -> None:
    first = _store(store, talk)
    before = list(store.list(""))
    copy = tmp_path / "another name.mp3"
    copy.write_bytes(talk.read_bytes())

    assert _store(store, copy) == first
    assert list(store.list("")) == before


def test_a_store_elsewhere_is_sent_each_byte_once(store: DiskStore, talk: Path) -> None:
    far, told = _far(store), list[int]()

    recording = _store(far, talk, told)

    size = talk.stat().st_size
    assert told[-1] == size
    assert size <= far.sent_bytes < size + 2000  # type: ignore[attr-defined]
    assert recording.linked_mtime_ns is None
    assert store.get(recording.key) == talk.read_bytes()

    told.clear()
    assert _store(far, talk, told) == recording
    assert told == []
    assert far.sent_bytes < size + 2000  # type: ignore[attr-defined]


def test_a_linked_file_that_was_changed_is_noticed_and_can_be_handed_in_again(
    store: DiskStore, talk: Path, tmp_path: Path
) -> None:
    original = talk.read_bytes()
    recording = _store(store, talk)
    with talk.open("r+b") as file:
        file.seek(5000)
        file.write(b"changed")

    if (
        recording.linked_mtime_ns is not None
    ):  # a disk with reflinks keeps the old bytes, and nothing to notice
        with pytest.raises(
            RecordingChanged, match=r"\"a 'talk'\.MP3\" was changed on disk.*hand it in again"
        ):
            find_recording(store, recording.sha256)
        with pytest.raises(RecordingChanged), recording_input(store, recording, tmp_path):
            pass
    changed = _store(store, talk)
    assert changed.sha256 != recording.sha256

    talk.unlink()
    talk.write_bytes(original)
    again = _store(store, talk)
    assert again.sha256 == recording.sha256
    assert find_recording(store, again.sha256) == again
    assert store.get(again.key) == original


def test_a_file_that_is_written_to_meanwhile_is_not_stored(store: DiskStore, talk: Path) -> None:
    def write_meanwhile(_: int) -> None:
        with talk.open("ab") as file:
            file.write(b"more")

    with pytest.raises(RecordingChanged, match="was changed while it was read"):
        store_recording(store, talk, name=talk.name, limits=LIMITS, on_bytes=write_meanwhile)
    assert list(store.list("")) == []


def test_an_unusable_file_leaves_nothing_behind(store: DiskStore, tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_text("ffconcat version 1.0\nfile /etc/passwd\n")

    with pytest.raises(RecordingUnusable):
        _store(store, tmp_path / "talk.mp3")
    assert list(store.list("")) == []


def test_a_description_without_its_bytes_counts_for_nothing(store: DiskStore, talk: Path) -> None:
    recording = _store(store, talk)
    store.delete([recording.key])

    assert find_recording(store, recording.sha256) is None
    assert _store(store, talk).key == recording.key
    assert store.exists(recording.key)


def test_a_damaged_description_is_written_anew(store: DiskStore, talk: Path) -> None:
    recording = _store(store, talk)
    store.put(keys.recording_meta(recording.sha256), b"{}")

    assert _store(store, talk) == recording


def test_a_recording_is_handed_to_the_decoder_as_it_is_best_read(
    store: DiskStore, talk: Path, tmp_path: Path
) -> None:
    streamable = _store(store, talk)
    seeking = _store(store, make(tmp_path, "talk.m4a", "-c:a", "aac", seconds=3))
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with recording_input(store, streamable, scratch) as source:
        assert isinstance(source, Path)
    with recording_input(_far(store), streamable, scratch) as source:
        assert isinstance(source, Iterator)
        assert b"".join(source) == talk.read_bytes()
    with recording_input(_far(store), seeking, scratch) as source:
        assert isinstance(source, Path)
        assert source.read_bytes() == store.get(seeking.key)
        assert list(scratch.iterdir())
    assert list(scratch.iterdir()) == []


def test_a_far_object_reads_as_a_file(store: DiskStore, talk: Path) -> None:
    recording = _store(store, talk)
    data = talk.read_bytes()
    file = RangedObject(store, recording.key, block_bytes=1000)

    assert file.seek(-10, io.SEEK_END) == len(data) - 10
    assert file.read() == data[-10:]
    assert file.read(5) == b""
    file.seek(995)
    assert file.read(2010) == data[995:3005]
    assert file.tell() == 3005
    file.seek(0)
    assert file.read() == data


def test_a_far_store_that_goes_away_says_so(store: DiskStore, talk: Path) -> None:
    class Gone(FarStore):
        def read_range(self, key: str, offset: int, length: int) -> bytes:
            raise StoreUnreachable("The store is away.")

    recording = _store(store, talk)
    gone = Gone(store)
    with pytest.raises(FarmError, match="away"), open_ranged(gone, recording.key) as file:  # type: ignore[arg-type]
        file.read(10)


def test_blocks_are_the_whole_file(talk: Path) -> None:
    assert b"".join(blocks_of(talk)) == talk.read_bytes()
