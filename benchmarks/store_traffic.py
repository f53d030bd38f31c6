"""What travels between a farm and its store, counted on the wire: no byte moves twice.

    python -m benchmarks.store_traffic [--minutes 20]

A real MinIO, a real Temporal, a control worker, a transcription worker with the credential of one, and the
command line as a client; between each of them and MinIO a proxy that counts. It ends with 1 where a chunk's
audio or its result was sent or fetched more than once, or the recording was.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.counting_proxy import Ledger, Passed, counted
from benchmarks.fresh_farm import DEMO_MODEL, REPOSITORY, machine
from tests.conftest import dev_server
from tests.storage.minio_server import running_minio
from tools.long_recording import write_recording
from whisper_farm.storage.minio_admin import Credential


def main() -> int:
    """Transcribe once through the proxies, and print what passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20.0)
    asked = parser.parse_args()
    print(machine())
    ledger = Ledger()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        recording = folder / "talk.mp3"
        write_recording(recording, minutes=asked.minutes, seed=5)
        minio = stack.enter_context(running_minio(folder))
        temporal = stack.enter_context(dev_server(folder))

        def environment(who: str, credential: Credential) -> dict[str, str]:
            endpoint = stack.enter_context(counted(minio.endpoint, who, ledger))
            return {
                **os.environ,
                "WHISPER_FARM_HOME": str(folder / "home"),
                "TEMPORAL_ADDRESS": temporal,
                "WHISPER_FARM_STORE": "s3",
                "WHISPER_FARM_S3_ENDPOINT": endpoint,
                "WHISPER_FARM_S3_ACCESS_KEY": credential.access_key,
                "WHISPER_FARM_S3_SECRET_KEY": credential.secret_key,
                "WHISPER_FARM_MODEL": str(DEMO_MODEL),
            }

        stack.enter_context(_running("workflows", environment("control", minio.farm)))
        stack.enter_context(_running("worker_gpu", environment("worker", minio.worker)))
        command = ["whisper_farm.cli.main", "transcribe", str(recording), "--model", str(DEMO_MODEL)]
        options = ["--language", "en", "--out", str(folder / "out")]
        subprocess.run(
            [sys.executable, "-m", *command, *options],
            env=environment("client", minio.farm),
            cwd=REPOSITORY,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        size = recording.stat().st_size
    _print_table(ledger.passed)
    return _verdict(ledger.passed, size)


@contextmanager
def _running(module: str, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", module], env=environment, cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _kind(passed: Passed) -> str:
    if not passed.key:
        return "(listings)"
    top, _, rest = passed.key.partition("/")
    if top == "chunks":
        return "chunks: audio" if rest.endswith(".flac") else "chunks: cuts"
    return top


def _print_table(passed: list[Passed]) -> None:
    rows: defaultdict[tuple[str, str], list[Passed]] = defaultdict(list)
    for each in passed:
        rows[_kind(each), each.who].append(each)
    print("| what | who | requests | sent | fetched |")
    print("| --- | --- | --- | --- | --- |")
    for (kind, who), those in sorted(rows.items()):
        methods = ", ".join(
            f"{count} {name}" for name, count in sorted(Counter(p.method for p in those).items())
        )
        up, down = sum(p.up_bytes for p in those) / 1e6, sum(p.down_bytes for p in those) / 1e6
        print(f"| {kind} | {who} | {methods} | {up:.3f} MB | {down:.3f} MB |")


def _verdict(passed: list[Passed], recording_bytes: int) -> int:
    audio = [p for p in passed if _kind(p) == "chunks: audio"]
    results = [p for p in passed if _kind(p) == "results"]
    source = [p for p in passed if "/source." in p.key]
    faults = [
        *_more_than_once(audio, "PUT"),
        *_more_than_once(audio, "GET"),
        *_more_than_once(results, "PUT"),
        *_more_than_once(results, "GET"),
    ]
    for way, moved in (
        ("sent", sum(p.up_bytes for p in source)),
        ("fetched", sum(p.down_bytes for p in source)),
    ):
        # An upload in parts is closed by a list of them.
        print(f"the recording: {moved:,} bytes {way} of {recording_bytes:,}")
        if moved > 1.01 * recording_bytes:
            faults.append(f"the recording was {way} more than once")
    chunks = len({p.key for p in audio})
    moved = sum(p.up_bytes + p.down_bytes for p in [*audio, *results])
    print(f"{chunks} chunks; {moved / chunks / 1e3:.0f} kB moved for each, audio and result, both ways")
    print("\n".join(faults) or "no byte moved twice")
    return 1 if faults or not chunks else 0


def _more_than_once(passed: list[Passed], method: str) -> list[str]:
    moved = Counter(p.key for p in passed if p.method == method and p.status in {200, 206})
    return [f"{key}: {method} {count} times" for key, count in moved.items() if count > 1]


if __name__ == "__main__":
    sys.exit(main())
