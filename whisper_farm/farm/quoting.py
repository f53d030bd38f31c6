"""Names that people gave, fit to stand in a sentence on one line of a terminal."""

from pathlib import Path

_LONGEST = 200


def quoted(name: str | Path) -> str:
    """`name` in single quotes; what can't be printed (newlines, control and stray bytes) is escaped."""
    text = str(name)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}"
    return f"'{printable(text)}'"


def printable(text: str) -> str:
    """`text` with every character that can't be printed as its escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
