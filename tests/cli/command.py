"""The real command in a process of its own, on a data folder of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import DEMO, REPOSITORY

MODEL = DEMO / "model"
SPEECH = DEMO / "podcast_3min.flac"


@dataclass(frozen=True)
class Command:
    """`whisper-farm` with a data folder."""

    home: Path
    folder: Path  #: the working folder
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # No hub is asked in these tests, wherever they run.
        farm = {
            "WHISPER_FARM_HOME": str(self.home),
            "PYTHONPATH": str(REPOSITORY),
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }
        return kept | farm | self.environment

    def start(self, *arguments: str | Path, stdout: int = subprocess.PIPE) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "whisper_farm.cli.main", *map(str, arguments)],
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
        )

    def __call__(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=120)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ok(self, *arguments: str | Path) -> str:
        """As a call, for a command that must succeed; its standard output."""
        done = self(*arguments)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def started_something(self) -> bool:
        """Whether a stack was ever begun in the data folder."""
        return any((self.home / name).exists() for name in ("stack.lock", "stack.json", "temporal", "store"))


def refused(done: "subprocess.CompletedProcess[str]", *, code: int = 2) -> str:
    """The one sentence that a command ended with; nothing else was said."""
    lines = done.stderr.splitlines()
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]
