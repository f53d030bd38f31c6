"""What lies beside the code is right: the lock, CI's command, the table of settings, links, benchmarks."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from tests.conftest import REPOSITORY
from whisper_farm import settings

PAPERS = sorted(
    path.relative_to(REPOSITORY)
    for pattern in ("*.md", "docs/*.md", "demo/*.md", "tools/*/*.md")
    for path in REPOSITORY.glob(pattern)
)

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_the_lock_pins_each_package_by_its_hashes() -> None:
    pinned = [
        requirement.split()
        for requirement in (REPOSITORY / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
        if requirement.strip() and not requirement.startswith("#")
    ]

    assert len(pinned) > 20
    for package, *rest in pinned:
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,-]+\])?==[^=\s]+", package), package
        hashes = [word for word in rest if word.startswith("--hash=")]
        assert hashes, f"{package} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in hashes), package


def test_the_lock_names_no_registry() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text()

    assert not re.findall(r"https?:|^\s*-i\b|--\S*(?:index|find-links|host)\S*", lock, re.MULTILINE)


def test_ci_runs_the_test_command_that_readme_names() -> None:
    (named,) = re.findall(r"^(make test)\s", (REPOSITORY / "README.md").read_text(), re.MULTILINE)

    lines = (REPOSITORY / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == [f"exec {named}"]


def _variables_in_the_table() -> set[str]:
    operations = (REPOSITORY / "docs/operations.md").read_text()
    rows = [line for line in operations.splitlines() if line.startswith("| `WHISPER_FARM_")]
    return {name for row in rows for name in re.findall(r"`(WHISPER_FARM_\w+)`", row.split("|")[1])}


def test_every_setting_stands_in_the_table_of_settings() -> None:
    kinds = [
        kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, BaseSettings)
    ]
    fields = {f"WHISPER_FARM_{name.upper()}" for kind in kinds for name in kind.model_fields}

    assert len(fields) > 20
    assert fields - _variables_in_the_table() == set()


def test_every_variable_in_the_table_of_settings_is_read_somewhere() -> None:
    code = "".join(path.read_text() for path in (REPOSITORY / "whisper_farm").rglob("*.py"))
    read = {name for name in _variables_in_the_table() if name in code or _is_a_field(name)}

    assert _variables_in_the_table() - read == set()


def _is_a_field(variable: str) -> bool:
    name = variable.removeprefix("WHISPER_FARM_").lower()
    return any(
        name in kind.model_fields
        for kind in vars(settings).values()
        if isinstance(kind, type) and issubclass(kind, BaseSettings)
    )


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_links_within_the_repository_lead_somewhere(paper: Path) -> None:
    broken = [
        link for link in _links_in(REPOSITORY / paper) if not _leads_somewhere(REPOSITORY / paper, link)
    ]

    assert broken == []


def _links_in(paper: Path) -> Iterator[str]:
    """Those of the text; what stands in a code block is no link."""
    for found in _LINK.finditer(_FENCED.sub("", paper.read_text())):
        if "://" not in found[1]:
            yield found[1]


def _leads_somewhere(paper: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = (paper.parent / name) if name else paper
    return target.exists() and (not heading or heading in _headings_of(target))


def _headings_of(paper: Path) -> set[str]:
    """As GitHub names them in links."""
    titles = re.findall(r"^#+ (.+)$", _FENCED.sub("", paper.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_benchmark_can_be_imported() -> None:
    names = sorted(path.stem for path in (REPOSITORY / "benchmarks").glob("*.py"))

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "".join(f"import benchmarks.{name}\n" for name in names)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert len(names) > 4
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
