"""The settings choose the store, and say what is missing from them."""

from pathlib import Path

import pytest

from tests.storage.sentences import is_one_sentence
from whisper_farm.errors import BadRequest
from whisper_farm.settings import StoreSettings
from whisper_farm.storage.home import open_store

S3 = {
    "WHISPER_FARM_STORE": "minio",
    "WHISPER_FARM_S3_ENDPOINT": "http://127.0.0.1:9000",
    "WHISPER_FARM_S3_ACCESS_KEY": "the-access-key",
    "WHISPER_FARM_S3_SECRET_KEY": "the-secret-key",
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*S3, "WHISPER_FARM_STORE_FOLDER", "WHISPER_FARM_BUCKET", "WHISPER_FARM_S3_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_without_settings_the_store_is_a_folder_at_home(tmp_path: Path) -> None:
    store = open_store(StoreSettings(), home=tmp_path)
    assert store.describe() == f"folder {tmp_path / 'store'}"
    assert store.bucket == "whisper-farm"
    assert list(tmp_path.iterdir()) == []
    store.check()
    assert (tmp_path / "store" / "whisper-farm").is_dir()


def test_a_folder_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISPER_FARM_STORE_FOLDER", str(tmp_path / "elsewhere"))
    assert open_store(StoreSettings(), home=tmp_path).describe() == f"folder {tmp_path / 'elsewhere'}"


@pytest.mark.parametrize("kind", ["minio", "s3", None])
def test_an_endpoint_means_an_s3_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(name, value)
    if kind is None:
        monkeypatch.delenv("WHISPER_FARM_STORE")
    else:
        monkeypatch.setenv("WHISPER_FARM_STORE", kind)
    store = open_store(StoreSettings(), home=tmp_path)
    assert store.describe() == "s3 at 127.0.0.1:9000"
    assert "key" not in repr(store).lower()


def test_a_store_said_to_be_local_is_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WHISPER_FARM_STORE", "local")
    assert open_store(StoreSettings(), home=tmp_path).describe().startswith("folder ")


@pytest.mark.parametrize("missing", [name for name in S3 if name != "WHISPER_FARM_STORE"])
def test_what_an_s3_server_needs_and_was_not_told_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in S3.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(BadRequest, match=missing) as raised:
        open_store(StoreSettings(), home=tmp_path)
    assert is_one_sentence(raised.value)
    assert "the-" not in str(raised.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "127.0.0.1:9000",
        "localhost",
        "s3://bucket",
        "http://",
        "http://host/path",
        "http://host?x=1",
        "http://me:the-password@host",
        "http://host:99999",
        "ftp://host",
        "http://a b",
    ],
)
def test_an_endpoint_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WHISPER_FARM_S3_ENDPOINT", endpoint)
    with pytest.raises(BadRequest, match="WHISPER_FARM_S3_ENDPOINT") as raised:
        open_store(StoreSettings(), home=tmp_path)
    assert is_one_sentence(raised.value)
    assert "the-" not in str(raised.value)
