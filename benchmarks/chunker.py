"""How fast the chunker is and how much memory it takes, for a long recording and a ten times longer one.

    python -m benchmarks.chunker [--hours 1 10] [--noise-db -30]

Everything is done that a job does: decoding, planning, hashing, FLAC, and storing in a folder with its
fsyncs. Each measurement has a process of its own, so that its peak of memory (VmHWM) is its own; the
peak of its ffmpeg is read beside it. Speech in mp3 at 64 kbit/s; only its first hour is unlike the rest.

With `--noise-db` there is pink noise of that level under the speech from its start to its end (the speech has
about -20 dBFS): from about -45 on energy is undecided, and voice activity detection looks at every window.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from benchmarks.fresh_farm import machine
from tools.long_recording import write_recording
from whisper_farm import keys
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.chunking.cutter import Telling, cut_recording
from whisper_farm.chunking.rules import plan_rules
from whisper_farm.models import Plan, Recording
from whisper_farm.storage.disk import DiskStore

SLOTS = 2
#: The limit does not matter here; it only has to be longer than any recording.
LONGEST_SECONDS = 1e6
#: ffmpeg's peak only ever rises, so it is enough to look now and then.
LOOK_EVERY_SECONDS = 0.25


def main() -> None:
    """Measure each length in a process of its own, and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--noise-db", type=float, help="of pink noise under all of it, in dBFS (RMS)")
    parser.add_argument("--recording", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.recording is not None:
        print(json.dumps(measured(asked.recording, seconds=asked.hours[0] * 3600.0)))
        return
    print(machine())
    print("| recording | wall | x realtime | chunks | first chunk | chunker's peak | ffmpeg's peak |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        hour = Path(folder) / "1h.mp3"
        write_recording(hour, minutes=60.0, seed=11)
        if asked.noise_db is not None:
            hour = _in_noise(hour, asked.noise_db)
        for hours in asked.hours:
            asking = ["--hours", str(hours), "--recording", str(_repeated(hour, hours))]
            command = [sys.executable, "-m", "benchmarks.chunker", *asking]
            _print_row(hours, json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def measured(file: Path, *, seconds: float) -> dict[str, float]:
    """Cut `file` into a fresh store and say what that took. Times in seconds, memory in MB."""
    found = sha256(str(file).encode()).hexdigest()
    recording = Recording(
        sha256=found,
        key=keys.recording_source(found, "mp3"),
        name=file.name,
        size_bytes=file.stat().st_size,
        container="mp3",
        codec="mp3",
        channels=1,
        sample_rate_hz=16_000,
        duration_seconds=seconds,
        streamable=True,
    )
    plan = Plan(
        recording_sha256=found, job_id="chunker", rules=plan_rules(duration_seconds=seconds, slots=SLOTS)
    )
    with tempfile.TemporaryDirectory() as folder:
        store = DiskStore(Path(folder), "whisper-farm")
        store.check()
        store.put_file(recording.key, file, may_link=True)
        watch = _Watch()
        cut = cut_recording(
            store,
            recording,
            plan,
            longest_seconds=LONGEST_SECONDS,
            scratch=Path(folder),
            telling=Telling(stored=watch.stored, decoded=watch.decoded, should_stop=lambda: False),
        )
        wall = time.perf_counter() - watch.begun
    return {
        "wall": wall,
        "pace": seconds / wall,
        "chunks": cut.chunk_count,
        "first": watch.first_chunk_seconds,
        "chunker_mb": _peak_mb("self"),
        "ffmpeg_mb": watch.ffmpeg_mb,
    }


class _Watch:
    """Looks at the clock and at ffmpeg while the cutter tells how far it is."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.first_chunk_seconds = 0.0
        self.ffmpeg_mb = 0.0
        self._looked = 0.0

    def stored(self, _: object) -> None:
        self.first_chunk_seconds = self.first_chunk_seconds or time.perf_counter() - self.begun

    def decoded(self, _: float) -> None:
        if time.perf_counter() - self._looked < LOOK_EVERY_SECONDS:
            return
        self._looked = time.perf_counter()
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # a thread or ffmpeg may have ended a moment ago
                for child in (thread / "children").read_text().split():
                    self.ffmpeg_mb = max(self.ffmpeg_mb, _peak_mb(child))


def _peak_mb(process: str) -> float:
    status = Path("/proc", process, "status").read_text()
    peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
    return int(peak) / 1024


def _repeated(hour: Path, hours: int) -> Path:
    longer = hour.with_name(f"{hours}h-of-it.mp3")
    loops = ["-stream_loop", str(hours - 1), "-i", str(hour), "-c", "copy", str(longer)]
    subprocess.run([ffmpeg_path(), "-nostdin", "-v", "error", "-y", *loops], check=True)
    return longer


def _in_noise(hour: Path, noise_db: float) -> Path:
    noisy = hour.with_name("1h-in-noise.mp3")
    # ffmpeg's pink noise of amplitude 1 has an RMS level of about -14 dBFS.
    noise = ["-f", "lavfi", "-i", f"anoisesrc=color=pink:sample_rate=16000:seed=1,volume={noise_db + 14}dB"]
    mix = ["-filter_complex", "amix=duration=first:normalize=0", "-b:a", "64k", str(noisy)]
    subprocess.run(
        [ffmpeg_path(), "-nostdin", "-v", "error", "-y", "-i", str(hour), *noise, *mix], check=True
    )
    return noisy


def _print_row(hours: int, took: dict[str, float]) -> None:
    print(
        f"| {hours} h | {took['wall']:.1f} s | {took['pace']:.0f} | {took['chunks']} | {took['first']:.2f} s"
        f" | {took['chunker_mb']:.0f} MB | {took['ffmpeg_mb']:.0f} MB |"
    )


if __name__ == "__main__":
    main()
