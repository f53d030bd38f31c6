"""A real MinIO for tests: free loopback ports, a folder of its own, root credentials nobody knows."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from whisper_farm.servers.provision import minio_binary
from whisper_farm.storage.minio_admin import Credential, prepare_minio, random_credential
from whisper_farm.storage.s3 import S3Store

REGION = "us-east-1"
BUCKET = "whisper-farm"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MinioServer:
    """A running server whose bucket `BUCKET` and two users are made."""

    endpoint: str
    root: Credential
    farm: Credential
    worker: Credential
    data_folder: Path

    def store(self, credential: Credential, *, bucket: str = BUCKET) -> S3Store:
        return S3Store(self.endpoint, credential.access_key, credential.secret_key, REGION, bucket)


@contextmanager
def running_minio(folder: Path, *, data_folder: Path | None = None) -> Iterator[MinioServer]:
    """A MinIO that keeps its data in `folder`, ready for a farm; it is gone at the end."""
    program = minio_binary(print)
    root = random_credential()
    data = data_folder or folder / "data"
    endpoint = f"127.0.0.1:{_free_port()}"
    log = folder / "minio.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "server", data, "--address", endpoint, "--certs-dir", folder / "certs", "--anonymous"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "MINIO_ROOT_USER": root.access_key,
                "MINIO_ROOT_PASSWORD": root.secret_key,
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(f"http://{endpoint}", process, log)
        server = MinioServer(
            endpoint=f"http://{endpoint}",
            root=root,
            farm=random_credential(),
            worker=random_credential(),
            data_folder=data,
        )
        prepare_minio(
            server.endpoint, root=root, region=REGION, bucket=BUCKET, farm=server.farm, worker=server.worker
        )
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(endpoint: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=2)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if pool.request("GET", f"{endpoint}/minio/health/ready").status == 200:
                pool.clear()
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.02)  # the server tells nobody when it is ready: it has to be asked
    raise RuntimeError(f"MinIO did not start: {log.read_text(errors='replace')[-2000:]}")
