"""Which files a transcript becomes, and whose files are left alone."""

from pathlib import Path

import pytest

from tests.subtitles.transcripts import rambling
from whisper_farm.errors import BadRequest, OutputExists
from whisper_farm.farm.ledger import OutputLedger
from whisper_farm.farm.outputs import (
    check_folder,
    check_free,
    check_no_two_alike,
    named_outputs,
    outputs_of,
    read_formats,
    write_outputs,
)
from whisper_farm.storage.disk import DiskStore
from whisper_farm.subtitles.formats import STORED_FORMATS, Rendering
from whisper_farm.subtitles.options import SubtitleOptions


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    store = DiskStore(tmp_path / "store", "whisper-farm")
    store.put("jobs/j/versions/1/transcript.txt", b"hello\n")
    store.put("jobs/j/versions/1/transcript.srt", b"1\n")
    return store


STORED = {
    "txt": "jobs/j/versions/1/transcript.txt",
    "srt": "jobs/j/versions/1/transcript.srt",
}


def test_formats_are_read_in_one_order_each_once() -> None:
    assert read_formats(None) == read_formats("all") == STORED_FORMATS
    assert read_formats("lrc,all") == (*STORED_FORMATS, "lrc")
    assert read_formats(" txt,JSON, txt") == ("json", "txt")
    with pytest.raises(BadRequest, match="'doc'"):
        read_formats("json,doc")


def test_a_transcript_lies_beside_its_recording_or_where_it_was_asked(tmp_path: Path) -> None:
    recording = tmp_path / "talk.tar.mp3"

    assert outputs_of(recording, out=None, formats=["txt"]).paths == {"txt": tmp_path / "talk.tar.txt"}
    out = tmp_path / "out"
    assert outputs_of(recording, out=out, formats=["srt"]).paths == {"srt": out / "talk.tar.srt"}


def test_two_recordings_that_would_write_one_file_are_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    one = outputs_of(tmp_path / "talk.mp3", out=None, formats=["txt"])
    other = outputs_of(tmp_path / "link" / "talk.wav", out=None, formats=["txt"])

    with pytest.raises(BadRequest, match="would both write"):
        check_no_two_alike([one, other])


def test_a_name_that_is_too_long_for_a_transcript_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="too long"):
        named_outputs("x" * 251 + ".mp3", folder=tmp_path, formats=["json"])


def test_a_name_from_elsewhere_stays_in_its_folder(tmp_path: Path) -> None:
    for name in ("../../x.mp3", "/etc/x.mp3", "x\0y.mp3", ".."):
        (path,) = named_outputs(name, folder=tmp_path, formats=["txt"]).paths.values()
        assert path.parent == tmp_path
        assert "\0" not in path.name


def test_looking_at_a_folder_leaves_nothing(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")

    assert list(tmp_path.iterdir()) == []


def test_the_farm_overwrites_what_it_wrote(tmp_path: Path, store: DiskStore) -> None:
    ledger = OutputLedger(tmp_path / "home")
    files = named_outputs("talk.mp3", folder=tmp_path / "out", formats=["txt", "srt"])

    written = write_outputs(store, STORED, files, ledger, force=False)
    store.put(STORED["txt"], b"better\n")
    write_outputs(store, STORED, files, ledger, force=False)

    assert written["txt"].read_text() == "better\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["talk.srt", "talk.txt"]


def test_a_file_that_a_person_edited_is_theirs(tmp_path: Path, store: DiskStore) -> None:
    ledger = OutputLedger(tmp_path / "home")
    files = named_outputs("talk.mp3", folder=tmp_path, formats=["txt"])
    write_outputs(store, STORED, files, ledger, force=False)
    files.paths["txt"].write_text("hello, with a comma\n")

    with pytest.raises(OutputExists, match=r"talk\.txt"):
        check_free(files, ledger, force=False)
    with pytest.raises(OutputExists):
        write_outputs(store, STORED, files, ledger, force=False)

    assert files.paths["txt"].read_text() == "hello, with a comma\n"
    write_outputs(store, STORED, files, ledger, force=True)
    assert files.paths["txt"].read_text() == "hello\n"


def test_a_file_of_just_that_content_is_no_conflict(tmp_path: Path, store: DiskStore) -> None:
    files = named_outputs("talk.mp3", folder=tmp_path, formats=["txt"])
    files.paths["txt"].write_text("hello\n")

    write_outputs(store, STORED, files, OutputLedger(tmp_path / "home"), force=False)


def test_one_conflict_leaves_all_files_as_they_were(tmp_path: Path, store: DiskStore) -> None:
    files = named_outputs("talk.mp3", folder=tmp_path / "out", formats=["txt", "srt"])
    files.folder.mkdir()
    files.paths["srt"].write_text("mine")

    with pytest.raises(OutputExists):
        write_outputs(store, STORED, files, OutputLedger(tmp_path / "home"), force=False)

    assert [path.name for path in files.folder.iterdir()] == ["talk.srt"]


def test_a_torn_line_of_the_ledger_is_passed_over(tmp_path: Path) -> None:
    ledger = OutputLedger(tmp_path)
    ledger.enter("a" * 64)
    with (tmp_path / "outputs.ledger").open("a") as file:
        file.write("bbbb")

    ledger.enter("c" * 64)

    assert ledger.knows("a" * 64)
    assert ledger.knows("c" * 64)
    assert not ledger.knows("bbbb")


SAID = rambling(60, cps=12, seed=1)


@pytest.fixture
def kept(store: DiskStore) -> dict[str, str]:
    """A transcript that is stored in every format, laid out as the BBC wants it; its keys."""
    rendering = Rendering(SAID, SubtitleOptions(preset="bbc"))
    stored: dict[str, str] = {each: f"jobs/said/versions/1/transcript.{each}" for each in STORED_FORMATS}
    for each, key in stored.items():
        store.put(key, rendering.written(each).encode())
    return stored


def test_a_finished_transcript_is_laid_out_anew_as_it_is_asked_for(
    tmp_path: Path, store: DiskStore, kept: dict[str, str]
) -> None:
    ledger, options = OutputLedger(tmp_path / "home"), SubtitleOptions(line_columns=20)
    files = named_outputs("talk.mp3", folder=tmp_path / "out", formats=STORED_FORMATS)

    written = write_outputs(store, kept, files, ledger, force=False, subtitles=options)

    for each, path in written.items():
        assert path.read_text() == Rendering(SAID, options).written(each), each
    assert all(len(line) <= 42 for line in written["srt"].read_text().splitlines())
    assert written["srt"].read_bytes() != store.get(kept["srt"])


def test_without_options_a_transcript_is_laid_out_as_it_is_kept(
    tmp_path: Path, store: DiskStore, kept: dict[str, str]
) -> None:
    files = named_outputs(
        "talk.mp3", folder=tmp_path / "out", formats=(*STORED_FORMATS, "lrc", "verbose.json")
    )

    written = write_outputs(store, kept, files, OutputLedger(tmp_path / "home"), force=False)

    assert {each: written[each].read_bytes() for each in kept} == {
        each: store.get(key) for each, key in kept.items()
    }
    assert written["lrc"].read_text() == Rendering(SAID, SubtitleOptions(preset="bbc")).written("lrc")
    assert written["verbose.json"].name == "talk.verbose.json"


def test_the_layout_that_is_kept_already_is_not_made_again(
    tmp_path: Path, store: DiskStore, kept: dict[str, str]
) -> None:
    store.put(kept["srt"], b"1\n")
    files = named_outputs("talk.mp3", folder=tmp_path / "out", formats=["srt"])

    written = write_outputs(
        store,
        kept,
        files,
        OutputLedger(tmp_path / "home"),
        force=False,
        subtitles=SubtitleOptions(preset="bbc"),
    )

    assert written["srt"].read_text() == "1\n"
