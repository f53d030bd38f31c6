"""The stack's MinIO, where one is asked for: on loopback, with keys made for this data folder alone."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.embedded.local_http import ask
from whisper_farm.embedded.ports import LOOPBACK
from whisper_farm.embedded.spec import ProcessSpec
from whisper_farm.embedded.state import StoreFacts
from whisper_farm.embedded.whole_files import write_whole
from whisper_farm.errors import StackBroken

PORT_NAMES = ("store",)
_USERS = ("root", "farm", "worker")


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys of an S3 user."""

    access: str
    secret: str = field(repr=False)


def settle_keys(path: Path) -> dict[str, Keys]:
    """The keys of `root`, `farm` and `worker`: those in `path`, or new ones, kept there with mode 0600.

    Raises:
        StackBroken: the file is there but can't be understood.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The access key is as secret as the other: MinIO has let in who knows it alone.
        made = {user: [secrets.token_hex(10), secrets.token_hex(20)] for user in _USERS}
        write_whole(path, json.dumps(made).encode())
    try:
        said = json.loads(path.read_bytes())
        return {user: Keys(str(said[user][0]), str(said[user][1])) for user in _USERS}
    except (OSError, ValueError, LookupError, TypeError):
        raise StackBroken(
            f"The file '{path}' does not hold MinIO's keys; put the right one back, or remove it to have"
            " new keys made."
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinioServer:
    """Where the server is, and how it is started and set up."""

    program: Path
    folder: Path
    port: int
    bucket: str
    region: str
    keys: Mapping[str, Keys] = field(repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def facts(self) -> StoreFacts:
        return StoreFacts(
            kind="minio",
            description=f"MinIO at {LOOPBACK}:{self.port}, bucket '{self.bucket}'",
            environment=self.environment_for("farm"),
        )

    def environment_for(self, user: str) -> dict[str, str]:
        """The settings with which `farm` or `worker` opens the store."""
        return {
            "WHISPER_FARM_STORE": "minio",
            "WHISPER_FARM_S3_ENDPOINT": self.endpoint,
            "WHISPER_FARM_S3_ACCESS_KEY": self.keys[user].access,
            "WHISPER_FARM_S3_SECRET_KEY": self.keys[user].secret,
            "WHISPER_FARM_S3_REGION": self.region,
            "WHISPER_FARM_BUCKET": self.bucket,
        }

    def spec(self, environment: Mapping[str, str]) -> ProcessSpec:
        """The process. `environment` is what every process of the stack gets."""
        data = self.folder / "data"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ProcessSpec(
            role="store",
            name="store",
            argv=(
                str(self.program),
                "server",
                "--quiet",
                f"--address={LOOPBACK}:{self.port}",
                f"--certs-dir={self.folder / 'certs'}",
                # From the data folder, where the process starts: braces and dots mean something in here.
                f"{self.folder.name}/{data.name}",
            ),
            environment={
                **environment,
                "HOME": str(self.folder),
                "PATH": "/usr/bin:/bin",
                "MINIO_ROOT_USER": self.keys["root"].access,
                "MINIO_ROOT_PASSWORD": self.keys["root"].secret,
                "MINIO_REGION": self.region,
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
                "MINIO_CALLHOME_ENABLE": "off",
            },
            ready=lambda _pid: self.is_ready(),
        )

    def is_ready(self) -> bool:
        """Whether it answers. Also sees to its bucket and users."""
        from whisper_farm.errors import StoreUnreachable
        from whisper_farm.storage.minio_admin import Credential, prepare_minio

        ask(self.port, "/minio/health/ready")
        root, farm, worker = (Credential(self.keys[user].access, self.keys[user].secret) for user in _USERS)
        try:
            prepare_minio(
                self.endpoint, root=root, region=self.region, bucket=self.bucket, farm=farm, worker=worker
            )
        except StoreUnreachable:
            return False
        return True
