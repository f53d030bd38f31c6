"""What a worker elsewhere needs to open an embedded stack's MinIO: its key, in files of their own.

The worker's user may read chunks and write results, nothing else. Secrets are never printed: `status`
names the files, and whoever may read them copies them to where the worker is.
"""

from pathlib import Path

from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.minio_server import settle_keys
from whisper_farm.embedded.whole_files import write_whole


def credentials_file(home: Path) -> Path:
    """The file (mode 0600, JSON) with the keys of MinIO's users: `root`, `farm` and `worker`."""
    return HomeLayout(home).minio / "credentials.json"


def worker_key_files(home: Path) -> tuple[Path, Path]:
    """The files that hold the worker's access key and its secret key, made where they are not there yet."""
    folder = HomeLayout(home).minio
    key = settle_keys(credentials_file(home))["worker"]
    files = folder / "worker.access_key", folder / "worker.secret_key"
    for path, word in zip(files, (key.access, key.secret), strict=True):
        if not path.exists() or path.read_text().strip() != word:
            write_whole(path, f"{word}\n".encode())
    return files
