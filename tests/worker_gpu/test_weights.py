import os
import shutil
import time
from pathlib import Path

import pytest

from whisper_farm.errors import UnknownModel
from whisper_farm.weights import (
    default_model,
    detect_device,
    fingerprint_of,
    look_for_weights,
    resolve_weights,
)


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's caches is seen or touched, and no hub is in reach."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def folder(demo_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_model, tmp_path / "my podcasts"))


def test_a_folder_is_served_under_its_name_and_its_fingerprint(folder: Path) -> None:
    weights = resolve_weights(str(folder))

    assert weights.name == f"my-podcasts-{weights.fingerprint[:8]}"
    assert weights.folder == folder


def test_a_folder_may_be_given_a_name(folder: Path) -> None:
    assert resolve_weights(str(folder), name="podcasts").name == "podcasts"


def test_a_name_that_makes_no_queue_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'no good'"):
        resolve_weights(str(folder), name="no good")


def test_the_fingerprint_follows_from_the_files_and_not_from_where_they_are(
    folder: Path, demo_model: Path
) -> None:
    assert fingerprint_of(folder) == fingerprint_of(demo_model)

    (folder / "README.md").write_text("notes")
    assert fingerprint_of(folder) == fingerprint_of(demo_model)

    (folder / "config.json").write_text("{}")
    assert fingerprint_of(folder) != fingerprint_of(demo_model)


def test_files_that_did_not_change_are_not_hashed_again(folder: Path) -> None:
    """Told by the time it takes nobody can tell; by bytes that changed behind the file's back one can."""
    first = fingerprint_of(folder)
    config = folder / "config.json"
    before = config.stat()
    config.write_bytes(b" " * before.st_size)
    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert fingerprint_of(folder) == first


def test_a_folder_that_lacks_a_file_is_refused_by_name(folder: Path) -> None:
    (folder / "model.bin").unlink()

    with pytest.raises(UnknownModel, match=r"my podcasts.*lacks model\.bin"):
        resolve_weights(str(folder))


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match=r"no folder '.*nowhere'"):
        resolve_weights(str(tmp_path / "nowhere"))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"'bogus'.*large-v3-turbo"):
        resolve_weights("bogus")


@pytest.mark.parametrize("model", ["small", "large-v3-turbo", "somebody/some-model", None])
def test_a_hub_that_is_out_of_reach_is_said_within_seconds(model: str | None) -> None:
    started = time.monotonic()

    with pytest.raises(UnknownModel, match="is not on this machine, and the hub can't be reached"):
        resolve_weights(model)
    assert time.monotonic() - started < 6
    assert look_for_weights(model) is None


def test_the_default_follows_from_the_hardware() -> None:
    assert default_model("cuda") == "large-v3-turbo"
    assert default_model("cpu") == "small"
    assert detect_device() in {"cpu", "cuda"}
