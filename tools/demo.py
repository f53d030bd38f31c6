"""The demo: one recording through a whole farm of its own, judged against its truth.

    python -m tools.demo

Everything runs for real: a Temporal server, a control worker, transcription workers, the small model in
`demo/model`. The farm's data folder is made for this one run under `.demo/` and goes with it, so the demo
never meets a farm that is already there; the transcript stays in `.demo/out/`.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tools.word_error_rate import word_errors

ROOT = Path(__file__).parents[1]
RECORDING = ROOT / "demo" / "podcast_3min.flac"
TRUTH = ROOT / "demo" / "podcast_3min.truth.json"
MODEL = ROOT / "demo" / "model"
WORK = ROOT / ".demo"
OUT = WORK / "out"

DOWN_SECONDS = 60.0
"""How long the farm may take to leave."""

WIDEST_COLUMNS = 100
INTERRUPTED = 130


KEPT_SETTINGS = {"WHISPER_FARM_TEMPORAL", "WHISPER_FARM_MINIO"}
"""What the demo keeps of the farm's settings in the environment: the programs that a person chose."""


class Endings:
    """Hears Ctrl-C and its kin, and passes it on to the command that is running.

    Nothing is raised out of a signal: it may come at any moment, even in between a command's start and our
    knowing of it, and must neither be lost nor leave half a farm behind.
    """

    def __init__(self) -> None:
        self.heard = 0  #: how many came
        self._running: subprocess.Popen[bytes] | None = None
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, self._hear)

    def run(self, command: list[str], environ: dict[str, str]) -> int:
        """Runs `command` to its end; returns its exit code. The first ending interrupts, the next kills."""
        # In a session of its own, so that an ending reaches it from here alone, and once.
        running = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, start_new_session=True)
        self._running = running
        if self.heard:
            running.send_signal(signal.SIGINT)
        try:
            return running.wait()
        finally:
            self._running = None

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.heard += 1
        if self._running is not None:
            self._running.send_signal(signal.SIGINT if self.heard == 1 else signal.SIGKILL)


def main() -> int:
    """Runs the demo; returns the exit code of its `transcribe`."""
    endings = Endings()
    with farm_of_its_own() as environ:
        began = time.monotonic()
        code = endings.run(transcribe_command(), environ)
        took_seconds = time.monotonic() - began
    if endings.heard:
        print("Interrupted; nothing of the demo is still running.", file=sys.stderr)
        return INTERRUPTED
    if code == 0:
        show(took_seconds)
    return code


@contextmanager
def farm_of_its_own() -> Iterator[dict[str, str]]:
    """The environment of a new farm under `.demo/`, which is down and gone when this is left."""
    WORK.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=WORK))
    environ = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_SETTINGS or not name.startswith(("WHISPER_FARM_", "TEMPORAL_"))
    }
    environ["WHISPER_FARM_HOME"] = str(home)
    try:
        yield environ
    finally:
        take_down(environ)
        shutil.rmtree(home, ignore_errors=True)


def take_down(environ: dict[str, str]) -> None:
    """Ends the farm, and says so where that did not work."""
    command = [*farm_command(), "down"]
    try:
        # In a session of its own: a second Ctrl-C must not leave half a farm behind.
        ended = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=DOWN_SECONDS,
            check=False,
            start_new_session=True,
        )
        failed = ended.returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        failed = True
    if failed:
        print(f"The demo's farm could not be ended by '{' '.join(command)}'.", file=sys.stderr)


def transcribe_command() -> list[str]:
    """The command that transcribes the recording into `.demo/out`."""
    arguments = ["transcribe", str(RECORDING), "--model", str(MODEL), "--out", str(OUT), "--force"]
    return [*farm_command(), *arguments]


def show(took_seconds: float) -> None:
    """Prints the transcript, how far it is from the truth, and where its files are."""
    transcript = json.loads((OUT / f"{RECORDING.stem}.json").read_text())
    truth = json.loads(TRUTH.read_text())
    said = " ".join(segment["text"] for segment in truth["segments"])
    columns = min(shutil.get_terminal_size((WIDEST_COLUMNS, 24)).columns, WIDEST_COLUMNS)
    print()
    print(textwrap.fill(transcript["text"].strip(), width=columns))
    print()
    print(f"Word error rate against its truth: {word_errors(said, transcript['text'])}")
    print(f"Time: {took_seconds:.1f} s from nothing running, for {transcript['duration']:.0f} s of speech")
    print("Files:")
    for path in sorted(OUT.glob(f"{RECORDING.stem}.*")):
        print(f"  {path.relative_to(ROOT)}")


def farm_command() -> list[str]:
    """The `whisper-farm` of the Python that runs this."""
    return [str(Path(sys.executable).parent / "whisper-farm")]


if __name__ == "__main__":
    sys.exit(main())
