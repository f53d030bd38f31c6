"""Both homes of the object store behind one fixture; MinIO is the real server, one for all tests."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.minio_server import BUCKET, MinioServer, running_minio
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.disk import DiskStore


@pytest.fixture(scope="session")
def minio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    with running_minio(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(params=["disk", "minio"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """An empty store, as the farm's own credential sees it."""
    if request.param == "disk":
        yield DiskStore(tmp_path / "store", BUCKET)
        return
    server: MinioServer = request.getfixturevalue("minio_server")
    minio = server.store(server.farm)
    yield minio
    minio.delete(found.key for found in list(minio.list("")))
    assert list(minio.list("")) == []


@pytest.fixture
def disk(tmp_path: Path) -> DiskStore:
    """An empty store in a folder of its own."""
    return DiskStore(tmp_path / "store", BUCKET)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB: MinIO takes no smaller one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)
