"""Gets the Temporal CLI by the Temporal SDK's own download, in a process of its own.

    python -m whisper_farm.servers.sdk_download FOLDER VERSION

The SDK has no "only download": it fetches the program and starts a dev server with it. So that is done
here, in a child that ends its server at once, and that the parent can end as a whole: the SDK sets no
limit on the download's time, and its Rust threads are best not left in a process that goes on.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path


async def _download(folder: str, version: str) -> None:
    from temporalio.testing import WorkflowEnvironment

    environment = await WorkflowEnvironment.start_local(
        download_dest_dir=folder,
        dev_server_download_version=f"v{version}",
        dev_server_startup_timeout=timedelta(seconds=30),
        dev_server_log_level="error",
    )
    await environment.shutdown()


def downloaded_program(folder: Path) -> Path | None:
    """The program that a download left in `folder`: the one complete file there that may be run."""
    programs = [p for p in sorted(folder.iterdir()) if p.is_file() and os.access(p, os.X_OK)]
    return programs[0] if len(programs) == 1 else None


def download_command(folder: Path, version: str) -> list[str]:
    """The command that runs this module in a process of its own."""
    return [sys.executable, "-m", "whisper_farm.servers.sdk_download", str(folder), version]


def download_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: a checkout that is not installed is found beside this module."""
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**environ, "PYTHONPATH": os.pathsep.join(paths)}


def main() -> None:
    """Downloads, and says in one line what went wrong where it did not."""
    code = 0
    try:
        asyncio.run(_download(sys.argv[1], sys.argv[2]))
    except Exception as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Without the interpreter's own farewell: a Rust thread of the SDK may meet it half-way and abort.
    os._exit(code)


if __name__ == "__main__":
    main()
