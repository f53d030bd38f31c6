"""The two server programs that the farm runs, and the exact versions it builds of them.

The farm's embedded stack needs the Temporal CLI (a dev server and its UI are inside) and, where it is
asked for, MinIO. This module only says which versions are wanted and how each is recognised and built;
`finding` looks for them, `provision` gets them.

A build takes its recipe (go.mod, go.sum, a blank import) from `tools/<name>` in a checkout, and from
`whisper_farm/servers/recipes/<name>` in an installed wheel, which carries the same files.
"""

import re
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]
"""A version as numbers, so that 1.10 is newer than 1.9. For MinIO these are year, month, day."""


def version_text(version: Version) -> str:
    """`(1, 8, 2)` as `1.8.2`; a date, `(2025, 10, 15)`, as `2025-10-15`."""
    is_a_date = version[0] > 1900
    return "-".join(f"{part:02d}" for part in version) if is_a_date else ".".join(map(str, version))


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedServer:
    """One server program: what it is called, which version is wanted, and how it is built."""

    name: str  #: the command's name, the recipe's folder and the start of the cache folder's name
    title: str  #: what people call it
    version: str  #: the version that is built or downloaded
    minimum: Version  #: the oldest version on PATH that is accepted
    variable: str  #: the environment variable that names a program to use instead of any other
    says: re.Pattern[str]  #: finds the version's numbers in what `<name> --version` prints
    package: str  #: the Go package that is the command
    ldflags: str  #: what the linker is told, so that the program knows its own version
    sdk_download: bool  #: whether the Temporal SDK can download it

    @property
    def folder_name(self) -> str:
        """The name of its folder in the cache: another version is another folder."""
        return f"{self.name}-{self.version}"

    @property
    def minimum_text(self) -> str:
        """The oldest accepted version, for people."""
        return version_text(self.minimum)


TEMPORAL = PinnedServer(
    name="temporal",
    title="Temporal CLI",
    version="1.8.2",
    # 1.8 carries server 1.31, the one that the farm's tests run against; older servers lack
    # what the farm leans on (fairness keys, search attributes added to an existing file).
    minimum=(1, 8, 0),
    variable="WHISPER_FARM_TEMPORAL",
    says=re.compile(r"\btemporal version (\d+)\.(\d+)\.(\d+)\b"),
    package="github.com/temporalio/cli/cmd/temporal",
    ldflags="-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=1.8.2",
    sdk_download=True,
)

MINIO = PinnedServer(
    name="minio",
    title="MinIO server",
    version="2025-10-15",
    # The oldest release whose signatures and policies the farm's client and contract suite rely on.
    minimum=(2024, 1, 1),
    variable="WHISPER_FARM_MINIO",
    says=re.compile(r"\bminio version RELEASE\.(\d{4})-(\d{2})-(\d{2})T"),
    package="github.com/minio/minio",
    ldflags=(
        "-s -w -X github.com/minio/minio/cmd.ReleaseTag=RELEASE.2025-10-15T17-29-55Z"
        " -X github.com/minio/minio/cmd.Version=2025-10-15T17:29:55Z"
    ),
    sdk_download=False,
)


def recipe_folder(name: str) -> Path:
    """The folder of the recipe called `name` (`temporal`, `minio`, or `go` for the toolchain's lock)."""
    in_a_wheel = Path(__file__).parent / "recipes" / name
    in_a_checkout = Path(__file__).parents[2] / "tools" / name
    return in_a_wheel if in_a_wheel.is_dir() else in_a_checkout
