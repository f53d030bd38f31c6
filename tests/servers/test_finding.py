"""Which server program is run where there are several, and what is passed over."""

import time
from pathlib import Path

import pytest

from tests.servers.conftest import Program
from whisper_farm.errors import ServerMissing
from whisper_farm.servers import finding
from whisper_farm.servers.finding import cached_program, find_server
from whisper_farm.servers.pinned import MINIO, TEMPORAL

OLD = "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'"
NEW = "echo 'temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)'"


def test_an_old_temporal_on_path_is_passed_over_for_a_newer_one_behind_it(
    program: Program, tmp_path: Path
) -> None:
    old, new = program("first", "temporal", OLD), program("second", "temporal", NEW)
    found = find_server(TEMPORAL, environ={"PATH": f"{old.parent}:{new.parent}"}, cache=tmp_path)
    assert found is not None
    assert (found.path, found.origin, found.version) == (new, "PATH", (1, 10, 0))


@pytest.mark.parametrize(
    "body",
    ["echo 'minio version DEVELOPMENT.GOGET'", "echo 'Midnight 4.8'", "exit 1", "head -c 100000 /dev/zero"],
)
def test_a_program_that_is_not_a_known_minio_is_passed_over(
    body: str, program: Program, tmp_path: Path
) -> None:
    other = program("first", "minio", body)
    assert find_server(MINIO, environ={"PATH": f"{other.parent}:/bin:/usr/bin"}, cache=tmp_path) is None


def test_a_minio_release_is_known_by_its_date(program: Program, tmp_path: Path) -> None:
    new = program("first", "minio", "echo 'minio version RELEASE.2025-09-07T16-13-09Z (commit-id=0)'")
    found = find_server(MINIO, environ={"PATH": str(new.parent)}, cache=tmp_path)
    assert found is not None
    assert found.version == (2025, 9, 7)


def test_a_program_that_hangs_is_ended_with_its_children_and_passed_over(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "ANSWER_SECONDS", 2.0)
    hanging = program("first", "temporal", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    assert find_server(TEMPORAL, environ={"PATH": str(hanging.parent)}, cache=tmp_path) is None
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text())
    assert not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()


def test_a_relative_folder_on_path_is_not_searched(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("here", "temporal", NEW)
    monkeypatch.chdir(tmp_path / "here")
    assert find_server(TEMPORAL, environ={"PATH": ".::here"}, cache=tmp_path) is None


def test_the_cache_serves_where_path_has_nothing(program: Program, tmp_path: Path) -> None:
    program("temporal-1.8.2", "temporal", "exit 1")
    found = find_server(TEMPORAL, environ={"PATH": ""}, cache=tmp_path)
    assert found is not None
    assert (found.path, found.origin) == (cached_program(TEMPORAL, tmp_path), "cache")


def test_nothing_found_is_none_and_nothing_is_made(tmp_path: Path) -> None:
    assert find_server(TEMPORAL, environ={"PATH": ""}, cache=tmp_path / "cache") is None
    assert list(tmp_path.iterdir()) == []


def test_the_program_that_the_environment_names_comes_before_path_at_any_version(
    program: Program, tmp_path: Path
) -> None:
    chosen, on_path = program("chosen", "my-temporal", OLD), program("first", "temporal", NEW)
    environ = {"PATH": str(on_path.parent), "WHISPER_FARM_TEMPORAL": str(chosen)}
    found = find_server(TEMPORAL, environ=environ, cache=tmp_path)
    assert found is not None
    assert (found.path, found.origin, found.version) == (chosen, "environment", (1, 5, 1))


def test_a_choice_in_the_environment_that_is_no_program_is_said_by_name(tmp_path: Path) -> None:
    environ = {"PATH": "", "WHISPER_FARM_MINIO": str(tmp_path)}
    with pytest.raises(ServerMissing, match=r"WHISPER_FARM_MINIO names '.*', which is not a program"):
        find_server(MINIO, environ=environ, cache=tmp_path)


def test_a_choice_in_the_environment_that_does_not_answer_is_said_by_name(
    program: Program, tmp_path: Path
) -> None:
    broken = program("chosen", "minio", "exit 3")
    with pytest.raises(ServerMissing, match="does not answer to --version"):
        find_server(MINIO, environ={"PATH": "", "WHISPER_FARM_MINIO": str(broken)}, cache=tmp_path)
