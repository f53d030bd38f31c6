"""A real MinIO that can be killed, and comes back as it was: what a supervisor makes of it."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.conftest import free_port
from whisper_farm.errors import StoreUnreachable
from whisper_farm.servers.provision import minio_binary
from whisper_farm.storage.minio_admin import prepare_minio, random_credential
from whisper_farm.storage.s3 import S3Store

_REGION, _BUCKET = "us-east-1", "whisper-farm"


class MortalMinio:
    """Runs until `close`, with interruptions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self._root = random_credential()
        self._rising: list[threading.Timer] = []
        self._process = self._start()
        self.store = self._make_store()

    def kill(self, *, back_after_seconds: float) -> None:
        """SIGKILL; it is started again at the same port after a while."""
        self._process.kill()
        self._process.wait()
        rising = threading.Timer(back_after_seconds, self._rise)
        rising.start()
        self._rising.append(rising)

    def close(self) -> None:
        for rising in self._rising:
            rising.join()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    def _rise(self) -> None:
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self._folder / "minio.log").open("ab") as log:
            return subprocess.Popen(
                [
                    *(minio_binary(print), "server", self._folder / "data", "--address", self._address),
                    *("--certs-dir", self._folder / "certs", "--anonymous"),
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self._folder),
                    "MINIO_ROOT_USER": self._root.access_key,
                    "MINIO_ROOT_PASSWORD": self._root.secret_key,
                    "MINIO_BROWSER": "off",
                    "MINIO_UPDATE": "off",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _make_store(self) -> S3Store:
        farm, endpoint = random_credential(), f"http://{self._address}"
        deadline = time.monotonic() + 60
        while True:
            try:
                prepare_minio(
                    endpoint,
                    root=self._root,
                    region=_REGION,
                    bucket=_BUCKET,
                    farm=farm,
                    worker=random_credential(),
                )
                return S3Store(endpoint, farm.access_key, farm.secret_key, _REGION, _BUCKET)
            except StoreUnreachable:
                assert time.monotonic() < deadline, "MinIO does not start"
                time.sleep(0.1)
