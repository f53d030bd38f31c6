"""A worker on another machine, as far as one can play two: another user, another folder, no shared files.

Its store is MinIO, where its credential may read chunks and write results and nothing else.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.end_to_end.farms import MODEL, Farm
from tests.end_to_end.recordings import clip, transcript

pytestmark = pytest.mark.timeout(600)

#: What a worker needs of the program, and what `python -m workflows` would.
ROOMS = ("whisper_farm", "activities", "worker_gpu", "workflows")


@dataclass
class Machine:
    """A folder with copies of the program and of the model, and somebody who works there."""

    root: Path
    user: pwd.struct_passwd | None  #: None: whoever runs the tests
    python: Path = Path(sys.executable)
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str | Path, **settings: str) -> "subprocess.Popen[str]":
        """Its Python, with nothing in its environment but where things are, and these settings."""
        where = {"PATH": os.defpath, "HOME": str(self.root / "home"), "PYTHONPATH": str(self.root / "farm")}
        return subprocess.Popen(
            [self.python, *arguments],
            env=where | self.environment | settings,
            cwd=self.root / "home",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=() if self.user else None,
        )


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Machine]:
    """Where root runs the tests, nobody works there; else this user does, who may become no other."""
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:  # pytest's are for this user alone
        machine = Machine(Path(folder), pwd.getpwnam("nobody") if os.geteuid() == 0 else None)
        for room in ROOMS:
            shutil.copytree(REPOSITORY / room, machine.root / "farm" / room)
        shutil.copytree(MODEL, machine.root / "model")
        (machine.root / "home").mkdir()
        if machine.user is not None:
            os.chown(machine.root / "home", machine.user.pw_uid, machine.user.pw_gid)
            machine.root.chmod(0o755)
            _give_a_python(machine)
        yield machine


def _is_open_to_all(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.resolve().parents))


def _give_a_python(machine: Machine) -> None:
    """Ours, where everybody may run it; else one of the same files, where the other user may."""
    ours, packages = Path(sys.base_prefix), Path(sysconfig.get_path("platlib"))
    if _is_open_to_all(ours) and _is_open_to_all(packages):
        return
    program = Path(sys.executable).resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    theirs = machine.root / "python"
    machine.python = theirs / "bin" / program.name
    machine.python.parent.mkdir(parents=True)
    _link(program, machine.python)
    (theirs / "lib").mkdir()
    for library in (ours / "lib").glob("libpython*.so*"):
        _link(library, theirs / "lib" / library.name)
    left_out = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "tkinter", "config-*")
    shutil.copytree(ours / "lib" / version, theirs / "lib" / version, copy_function=_link, ignore=left_out)
    if not _is_open_to_all(packages):
        shutil.copytree(packages, machine.root / "packages", copy_function=_link)
        packages = machine.root / "packages"
    machine.environment["LD_LIBRARY_PATH"] = str(theirs / "lib")
    machine.environment["PYTHONPATH"] = f"{machine.root / 'farm'}:{packages}"


def _link(source: str | Path, target: str | Path) -> None:
    """The same file in another place, without its bytes being copied where that can be."""
    try:
        Path(target).hardlink_to(Path(source).resolve())
    except OSError:
        shutil.copy2(source, target)


def test_a_worker_elsewhere_needs_an_address_a_store_and_a_model_and_nothing_else(
    farm: Farm, elsewhere: Machine, tmp_path: Path
) -> None:
    spoken = clip(tmp_path / "clip.flac", sentences=10)
    farm.ok("up", "--store", "minio", "--workers", "0", "--model", MODEL)
    status = farm.json("status")
    keys = status["store"]["worker"]
    settings = {
        "TEMPORAL_ADDRESS": status["temporal"]["address"],
        "WHISPER_FARM_STORE": "s3",
        "WHISPER_FARM_S3_ENDPOINT": status["store"]["endpoint"],
        "WHISPER_FARM_S3_ACCESS_KEY": Path(keys["access_key_file"]).read_text().strip(),
        "WHISPER_FARM_S3_SECRET_KEY": Path(keys["secret_key_file"]).read_text().strip(),
        "WHISPER_FARM_MODEL": str(elsewhere.root / "model"),
    }
    worker = elsewhere.start("-m", "worker_gpu", **settings)
    try:
        job = farm.json("submit", spoken.path, "--model", MODEL)["job"]
        farm.ok("watch", job)
        shown = farm.json("show", job)
    finally:
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=60)

    assert worker.returncode == 0, said
    assert "This worker serves 'model-" in said
    assert "This worker leaves: it was told to (SIGTERM)" in said
    assert shown["state"] == "complete"
    assert [name.startswith(f"gpu {worker.pid}@") for name in shown["workers"]] == [True]
    farm.ok("export", job, "--out", tmp_path / "out")
    assert spoken.error_rate(transcript(tmp_path / "out", "clip")["text"]) < 0.04


def test_another_user_runs_a_program_of_his_own_and_may_read_nothing_of_ours(
    elsewhere: Machine, tmp_path: Path
) -> None:
    """Else the other test here would show less than it says."""
    if elsewhere.user is None:
        pytest.skip("only root may become another user")
    look = (
        "import os, sys, whisper_farm.weights as it; print(it.__file__, flush=True); os.listdir(sys.argv[1])"
    )

    out, err = elsewhere.start("-c", look, tmp_path).communicate(timeout=60)

    assert out.strip() == str(elsewhere.root / "farm" / "whisper_farm" / "weights.py")
    assert "PermissionError" in err
