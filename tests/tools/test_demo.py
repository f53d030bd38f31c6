"""The demo leaves nothing running, however it ends, and judges what it got.

In most tests a stub stands where `whisper-farm` would; the last one is the demo as people run it.
"""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.farms import Farm

ROOT = Path(__file__).parents[2]

STUB = """#!/bin/sh
echo "$1 $WHISPER_FARM_HOME ${TEMPORAL_ADDRESS:-none}" >> "$CALLS"
[ "$1" = down ] && exit 0
"""

RUN = """
import sys
from contextlib import suppress
from pathlib import Path
import tools.demo as demo
demo.farm_command = lambda: [sys.argv[1]]
demo.WORK, demo.ROOT = Path(sys.argv[2]), Path(sys.argv[2])
demo.OUT = demo.WORK / "out"
sys.exit(demo.main())
"""


class Demo:
    """A demo in a folder of its own, with a stub for a farm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.stub = folder / "whisper-farm"

    def start(self, transcribe: str) -> "subprocess.Popen[str]":
        """Starts it with a `transcribe` that does as the given shell text says."""
        self.stub.write_text(STUB + transcribe)
        self.stub.chmod(self.stub.stat().st_mode | stat.S_IXUSR)
        environ = {**os.environ, "CALLS": str(self.calls), "TEMPORAL_ADDRESS": "elsewhere:7233"}
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.stub), str(self.folder)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def said_to_the_farm(self) -> list[str]:
        return [line.split()[0] for line in self.calls.read_text().splitlines()]

    def homes_left(self) -> list[Path]:
        return list(self.folder.glob("home-*"))


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(tmp_path)


def test_a_demo_that_works_prints_the_transcript_and_its_word_error_rate(demo: Demo) -> None:
    truth = json.loads((ROOT / "demo/podcast_3min.truth.json").read_text())
    text = " ".join(segment["text"] for segment in truth["segments"])
    out = demo.folder / "out"
    out.mkdir()
    (out / "podcast_3min.json").write_text(json.dumps({"text": text, "duration": 183.1}))
    said, complaints = (running := demo.start("exit 0")).communicate(timeout=60)
    assert running.returncode == 0, complaints
    assert " ".join(text.split()) in " ".join(said.split())
    assert "Word error rate against its truth: 0.0 % (0 of 371 words" in said
    assert "out/podcast_3min.json" in said
    assert demo.said_to_the_farm() == ["transcribe", "down"]
    assert demo.homes_left() == []


def test_a_job_that_fails_is_the_demos_exit_code_and_the_farm_is_taken_down(demo: Demo) -> None:
    running = demo.start("echo no worker >&2; exit 3")
    _, complaints = running.communicate(timeout=60)
    assert (running.returncode, complaints) == (3, "no worker\n")
    assert demo.said_to_the_farm() == ["transcribe", "down"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_interrupts_its_job_and_takes_the_farm_down(
    ending: signal.Signals, demo: Demo
) -> None:
    running = demo.start("trap 'exit 130' INT\necho begun\nwhile :; do sleep 0.1; done")
    assert running.stdout is not None
    assert running.stdout.readline() == "begun\n"
    running.send_signal(ending)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert demo.said_to_the_farm() == ["transcribe", "down"]
    assert demo.homes_left() == []


def test_the_demo_meets_no_other_farm(demo: Demo) -> None:
    demo.start("exit 1").communicate(timeout=60)
    homes_and_addresses = {tuple(line.split()[1:]) for line in demo.calls.read_text().splitlines()}
    ((home, address),) = homes_and_addresses
    assert Path(home).parent == demo.folder
    assert address == "none"


def test_the_real_demo_hears_nearly_every_word_and_leaves_nothing_behind() -> None:
    work = ROOT / ".demo"
    before, homes = set(work.glob("home-*")), set[Path]()
    running = subprocess.Popen(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = complaints = ""
    try:
        while running.returncode is None:
            homes |= set(work.glob("home-*")) - before
            with suppress(subprocess.TimeoutExpired):
                said, complaints = running.communicate(timeout=0.2)
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)
    assert running.returncode == 0, complaints
    found = re.search(r"Word error rate against its truth: ([\d.]+) %", said)
    assert found is not None
    assert float(found[1]) < 4.0
    files = said.partition("Files:")[2].split()
    assert {Path(file).suffix for file in files} == {".json", ".srt", ".vtt", ".txt", ".tsv"}
    assert all((ROOT / file).stat().st_size > 1000 for file in files)
    (home,) = homes
    assert not home.exists()
    assert Farm(home).processes() == {}
