"""The small files of a data folder: lock, ports, logs, and what their readers make of nonsense."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from whisper_farm.embedded import dev_server, logs, table
from whisper_farm.embedded.environment import farm_settings, person_environment, worker_settings
from whisper_farm.embedded.lock import try_lock, unlock
from whisper_farm.embedded.minio_server import settle_keys
from whisper_farm.embedded.ports import refuse_unusable, settle_ports
from whisper_farm.embedded.processes import end_at_once, mark_of
from whisper_farm.embedded.state import read_state
from whisper_farm.embedded.version import sources_digest
from whisper_farm.errors import StackBroken
from whisper_farm.messages import (
    CONTROL_QUEUE,
    SEARCH_AUDIO_SECONDS_LEFT,
    SEARCH_MODEL,
    SEARCH_OWNER,
    TRANSCRIBE_WORKFLOW,
    gpu_queue,
)


def test_a_lock_has_one_holder_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "stack.lock"
    held = try_lock(path)
    assert held is not None
    assert try_lock(path) is None
    unlock(held, path)
    assert not path.exists()
    again = try_lock(path)
    assert again is not None
    unlock(again, path)


def test_ports_are_remembered(tmp_path: Path) -> None:
    book = tmp_path / "ports.json"
    first = settle_ports(book, ["temporal", "ui"])
    assert len(set(first.values())) == 2
    assert settle_ports(book, ["temporal", "ui"]) == first
    more = settle_ports(book, ["temporal", "ui", "store"])
    assert more.items() > first.items()


def test_a_port_that_this_user_may_not_have_is_not_called_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which ports a user may have depends on the machine, and on who runs the tests.
    def forbid(listener: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)
    with pytest.raises(StackBroken, match=r"This user may not listen at port 80; .*--temporal-port"):
        settle_ports(tmp_path / "ports.json", ["temporal"], temporal=80)
    with pytest.raises(StackBroken, match="This user may not listen at port 80"):
        refuse_unusable(tmp_path / "ports.json", 80)


@pytest.mark.parametrize("nonsense", [b"", b"[]", b'{"temporal": "x"}', b"\xff", b'{"temporal": 99999999}'])
def test_nonsense_in_a_file_is_as_no_file(tmp_path: Path, nonsense: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(nonsense)
    assert set(settle_ports(path, ["temporal"])) == {"temporal"}
    path.write_bytes(nonsense)
    assert read_state(path) is None


def test_minio_keys_are_random_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "minio" / "credentials.json"
    keys = settle_keys(path)
    assert settle_keys(path) == keys
    assert path.stat().st_mode & 0o777 == 0o600
    assert settle_keys(tmp_path / "other" / "credentials.json") != keys
    assert keys["root"].secret not in repr(keys)
    path.write_text("{}")
    with pytest.raises(StackBroken, match="does not hold MinIO's keys"):
        settle_keys(path)


def test_a_log_is_bounded_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    writer = logs.open_log(path)
    os.write(writer, b"old\n" * 100)
    logs.bound(path, limit_bytes=100)
    os.write(writer, b"new\n")
    os.close(writer)
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.1").read_bytes() == b"old\n" * 100


def test_the_last_words_are_a_sentence_without_its_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    assert logs.last_sentence(path) == ""
    path.write_text("2026-11-24 10:15:02 error   The model is damaged.\n\n")
    assert logs.last_sentence(path) == "The model is damaged."
    assert logs.last_sentence(path, since_bytes=path.stat().st_size) == ""
    assert logs.last_sentence(path, since_bytes=10**6) == "The model is damaged.", "it was begun anew since"


def test_a_worker_is_told_nothing_that_is_not_its_business() -> None:
    environ = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "x",
        "TEMPORAL_API_KEY": "x",
        "WHISPER_FARM_HOME": "/elsewhere",
        "WHISPER_FARM_S3_SECRET_KEY": "x",
        "WHISPER_FARM_STORE": "s3",
        "WHISPER_FARM_SOURCES": "a/b",
        "WHISPER_FARM_SLOTS": "3",
        "HF_HOME": "/models",
    }
    assert worker_settings(environ) == {"WHISPER_FARM_SLOTS": "3"}
    assert farm_settings(environ) == {"WHISPER_FARM_SLOTS": "3", "WHISPER_FARM_SOURCES": "a/b"}
    told = person_environment(environ)
    assert told["HF_HOME"] == "/models"
    assert not told.keys() & {"AWS_SECRET_ACCESS_KEY", "TEMPORAL_API_KEY", "WHISPER_FARM_HOME"}


def test_a_changed_source_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    module = tmp_path / "workflows" / "a.py"
    module.write_text("1")
    first = sources_digest(tmp_path)
    assert sources_digest(tmp_path) == first
    module.write_text("2")
    assert sources_digest(tmp_path) != first


def test_what_is_spelled_twice_for_speed_is_the_same() -> None:
    assert table.CONTROL_QUEUE == CONTROL_QUEUE
    assert gpu_queue("m") == table.GPU_QUEUE + "m"
    assert set(dev_server.SEARCH_ATTRIBUTES) == {SEARCH_MODEL, SEARCH_AUDIO_SECONDS_LEFT, SEARCH_OWNER}
    assert f'"{TRANSCRIBE_WORKFLOW}"' in dev_server.RUNNING_JOBS


def test_only_the_very_process_is_ended() -> None:
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as sleeper:
        mark = mark_of(sleeper.pid)
        assert not end_at_once([type(mark)(pid=mark.pid, birth="of another boot")])
        assert mark.alive
        assert end_at_once([mark]) == [mark]
        assert not mark.alive
