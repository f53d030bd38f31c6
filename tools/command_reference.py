"""Writes docs/commands.md from the help that every command gives, so that the two never differ.

python -m tools.command_reference
"""

import contextlib
import io
import re
from pathlib import Path

from whisper_farm.cli.app import command

REFERENCE = Path(__file__).parents[1] / "docs" / "commands.md"

_WIDTH_COLUMNS = 100

_ABOUT = """\
# Commands

What `whisper-farm --help` and each command's `--help` say. This page is made from them by
`python -m tools.command_reference`; a test fails where it is stale.

Results go to stdout, everything else to stderr. With `--json` the result is one JSON document; where a
command fails, it is `{"error": {"kind": ..., "message": ...}}`.

| exit code | meaning |
| --- | --- |
| 0 | done, complete (what the recording itself lost, and speech without words, is 0 with a warning) |
| 1 | a job failed, or is not complete through the farm's fault; the other recordings still finish |
| 2 | the request was wrong, and nothing was started |
| 3 | the farm can't be reached or can't run; the job is kept (of several recordings: where none failed) |
| 130 | interrupted (143 by SIGTERM, 129 by a closed terminal); the job is kept |
"""


def reference() -> str:
    """The whole page."""
    top = help_of()
    listed = top.partition("\nCommands:\n")[2].split("\n\n")[0]
    names = re.findall(r"^  ([a-z]+)\b", listed, flags=re.MULTILINE)
    parts = [_ABOUT, f"```text\n{top}```\n"]
    parts += [f"## {name}\n\n```text\n{help_of(name)}```\n" for name in names]
    return "\n".join(parts)


def help_of(*name: str) -> str:
    """What `whisper-farm NAME --help` prints, at a width of its own whatever the terminal's."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        command().main(
            args=[*name, "--help"],
            prog_name="whisper-farm",
            standalone_mode=False,
            terminal_width=_WIDTH_COLUMNS,
        )
    lines = printed.getvalue().strip("\n").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
