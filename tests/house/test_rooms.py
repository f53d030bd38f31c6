"""The arrows between the rooms: who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

MAY_IMPORT = {
    "whisper_farm": {"whisper_farm"},
    "activities": {"whisper_farm", "activities"},
    "workflows": {"whisper_farm", "workflows"},
    "worker_gpu": {"whisper_farm", "activities", "worker_gpu"},
}
ROOMS = {*MAY_IMPORT, "tests", "benchmarks", "tools", "dashboard"}

#: Where the parts are put together, rooms meet.
WIRING = {"workflows/__main__.py": {"activities"}}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in (REPOSITORY / room).rglob("*.py")
        for name in _imports(path)
        if (top := name.split(".")[0]) in ROOMS
        and top not in MAY_IMPORT[room] | WIRING.get(str(path.relative_to(REPOSITORY)), set())
    ]

    assert wrong == []


def test_nothing_heavy_comes_in_with_a_workflow() -> None:
    """The sandbox imports workflow modules again and again, and a client must start light."""
    heavy = "{'numpy', 'av', 'ctranslate2', 'faster_whisper', 'onnxruntime', 'minio', 'rich', 'typer'}"
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, workflows.transcribe_recording; print({heavy} & set(sys.modules))",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert seen.stdout.strip() == "set()"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_packages_are_empty_so_that_importing_one_module_imports_no_other(room: str) -> None:
    full = [str(path) for path in (REPOSITORY / room).rglob("__init__.py") if path.read_text().strip()]

    assert full == []
