"""Looking at all recordings of a request before anything is started for any of them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.audio.probe import probe
from whisper_farm.errors import FarmError, RecordingUnusable, StoreFull
from whisper_farm.farm.ledger import OutputLedger
from whisper_farm.farm.outputs import (
    Outputs,
    check_folder,
    check_free,
    check_no_two_alike,
    outputs_of,
)
from whisper_farm.farm.quoting import quoted
from whisper_farm.settings import IntakeSettings

#: A chunk's FLAC takes about this much of the disk for each second of sound (16 kHz mono, speech).
_CHUNK_BYTES_PER_SECOND = 20_000

#: What is left free on the disk, for everything else.
_SPARE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A recording that can be transcribed, as far as looking at it tells."""

    path: Path
    name: str
    size_bytes: int
    duration_seconds: float | None  #: as its header says


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The same, and where its transcript goes."""

    looked: Looked
    outputs: Outputs


def look_at(path: Path, limits: IntakeSettings) -> Looked:
    """One recording, opened and probed.

    Raises:
        RecordingUnusable: it can't be transcribed; says why.
    """
    if str(path) == ".":
        raise RecordingUnusable("'.' is a folder, and an empty name means it too; name a file.")
    found = probe(path, name=str(path), limits=limits)
    return Looked(
        path=path,
        name=_name_of(path),
        size_bytes=path.stat().st_size,
        duration_seconds=found.duration_seconds,
    )


def look_at_all(
    paths: Sequence[Path],
    *,
    out: Path | None,
    formats: Sequence[str],
    force: bool,
    ledger: OutputLedger,
    limits: IntakeSettings,
    also: Callable[[str], None],
) -> list[Placed]:
    """All of them, and where their transcripts go. What is wrong with any of them refuses all.

    `also` hears what is wrong with each but the last; that one is raised.

    Raises:
        RecordingUnusable, OutputExists, BadRequest: see there.
    """
    placed: list[Placed] = []
    faults: list[FarmError] = []
    for path in paths:
        try:
            outputs = outputs_of(path, out=out, formats=formats)
            placed.append(Placed(looked=look_at(path, limits), outputs=outputs))
        except FarmError as error:
            faults.append(error)
    if not faults:
        faults = _output_faults(placed, force=force, ledger=ledger)
    for fault in faults[:-1]:
        also(str(fault))
    if faults:
        raise faults[-1]
    return placed


def check_room(folder: Path, recordings: Sequence[Looked]) -> None:
    """Raises `StoreFull` unless the disk of `folder` has room for these recordings' chunks and copies."""
    folder = _nearest(folder)
    device = folder.stat().st_dev
    needed = sum(
        # On the same disk a recording is linked, not copied.
        (0 if each.path.stat().st_dev == device else each.size_bytes)
        + int((each.duration_seconds or 0.0) * _CHUNK_BYTES_PER_SECOND)
        for each in recordings
    )
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if found.f_blocks and free < needed + _SPARE_BYTES:
        raise StoreFull(
            f"The disk of {quoted(folder)} has {free / 1e6:,.0f} MB free, and this needs about"
            f" {(needed + _SPARE_BYTES) / 1e6:,.0f} MB; make room ('whisper-farm clean' may help), or set"
            " WHISPER_FARM_HOME to a folder on another disk."
        )


def _output_faults(placed: Sequence[Placed], *, force: bool, ledger: OutputLedger) -> list[FarmError]:
    try:
        check_no_two_alike([each.outputs for each in placed])
        for folder in dict.fromkeys(each.outputs.folder for each in placed):
            check_folder(folder)
    except FarmError as error:
        return [error]
    faults: list[FarmError] = []
    for each in placed:
        try:
            check_free(each.outputs, ledger, force=force, recordings=[other.looked.path for other in placed])
        except FarmError as error:
            faults.append(error)
    return faults


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next((parent for parent in (folder, *folder.parents) if parent.exists()), Path("/"))


def _name_of(path: Path) -> str:
    """The file's name as it may travel: text without control or stray bytes, not too long."""
    text = os.fsencode(path.name).decode("utf-8", errors="replace")
    clean = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
    return clean[-255:]
