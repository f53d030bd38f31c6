"""The page of commands says what the commands say of themselves."""

from tools.command_reference import REFERENCE, reference
from whisper_farm.cli.app import COMMANDS


def test_the_reference_is_not_stale() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run: python -m tools.command_reference"


def test_the_reference_has_every_command() -> None:
    named = [line[3:] for line in reference().splitlines() if line.startswith("## ")]

    assert named == [each.__name__ for each in COMMANDS]
