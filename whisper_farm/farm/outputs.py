"""Transcripts on a person's disk: which files they will be, whether they may be, and writing them whole.

Everything that can be known beforehand is checked before a job starts: two recordings that would write
one file, a folder that can't be written, a file that somebody else wrote. A file appears whole or not at
all: it is written beside its place, flushed to the disk and renamed.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from whisper_farm.errors import BadRequest, OutputExists, StoreFull
from whisper_farm.farm.ledger import OutputLedger, file_sha256
from whisper_farm.farm.quoting import quoted
from whisper_farm.models import Transcript
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import read_document
from whisper_farm.subtitles.formats import FORMATS, STORED_FORMATS, Rendering
from whisper_farm.subtitles.options import SubtitleOptions

_LONGEST_NAME_BYTES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The files that one recording's transcript becomes."""

    recording: str  #: its name or path, for people
    folder: Path
    paths: dict[str, Path]  #: format to file


def read_formats(asked: str | None) -> tuple[str, ...]:
    """The formats in `asked` (`json,srt`), each once, in the order of `FORMATS`; `all` are those always kept.

    Raises:
        BadRequest: names the one that is not known.
    """
    if asked is None:
        return STORED_FORMATS
    names = [name.strip().lower() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in FORMATS and name != "all"]
    if unknown or not names:
        wrong = quoted(unknown[0]) if unknown else "an empty list"
        raise BadRequest(f"--format does not know {wrong}; choose among {', '.join(FORMATS)}, or 'all'.")
    if "all" in names:
        names += STORED_FORMATS
    return tuple(name for name in FORMATS if name in names)


def outputs_of(recording: Path, *, out: Path | None, formats: Iterable[str]) -> Outputs:
    """Where the transcript of `recording` goes: into `out`, or beside the recording."""
    outputs = named_outputs(
        recording.name, folder=out if out is not None else recording.parent, formats=formats
    )
    return replace(outputs, recording=str(recording))  # two of one name are told apart by their folders


def named_outputs(name: str, *, folder: Path, formats: Iterable[str]) -> Outputs:
    """As `outputs_of`, for a recording of which only the file name is known."""
    stem = Path(name.replace("\0", "")).stem or "transcript"
    paths = {extension: folder / f"{stem}.{extension}" for extension in formats}
    for path in paths.values():
        if len(os.fsencode(path.name)) > _LONGEST_NAME_BYTES:
            raise BadRequest(
                f"The name of {quoted(name)} is too long for a transcript's; give it a shorter one."
            )
    return Outputs(recording=name, folder=folder, paths=paths)


def check_no_two_alike(outputs: Sequence[Outputs]) -> None:
    """Raises `BadRequest` where two recordings would write the same file."""
    owners: dict[str, str] = {}
    for each in outputs:
        folder = os.path.realpath(each.folder)
        for path in each.paths.values():
            place = os.path.join(folder, path.name)  # noqa: PTH118 - realpath gives a string
            if place in owners:
                raise BadRequest(
                    f"{quoted(owners[place])} and {quoted(each.recording)} would both write {quoted(path)};"
                    " transcribe them in two calls with different --out folders, or rename one."
                )
            owners[place] = each.recording


def check_folder(folder: Path) -> None:
    """Raises `BadRequest` unless files can be made in `folder`, which need not exist yet. Leaves nothing."""
    made: list[Path] = []
    try:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir()
            made.append(parent)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFull(f"No room is left in the output folder {quoted(folder)}; make some.") from error
        raise BadRequest(
            f"The output folder {quoted(folder)} can't be written ({error.strerror}); choose another with"
            " --out."
        ) from error
    finally:
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()


def check_free(
    outputs: Outputs,
    ledger: OutputLedger,
    *,
    force: bool,
    recordings: Iterable[Path] = (),
    known: Mapping[str, str] | None = None,
) -> None:
    """Raises unless each output may be written: nothing is there, or what is there is the farm's.

    `recordings` are never overwritten, whatever `force` says. `known` gives, for some formats, the hash of
    what would be written: a file of just that content is no conflict.

    Raises:
        OutputExists: names the file.
        BadRequest: a folder stands there, or the recording itself.
    """
    for extension, path in outputs.paths.items():
        if not os.path.lexists(path):
            continue
        if path.is_dir():
            raise BadRequest(
                f"A folder stands where the transcript should go: {quoted(path)}; move it, or use --out."
            )
        if any(path.exists() and recording.exists() and path.samefile(recording) for recording in recordings):
            raise BadRequest(
                f"The transcript would overwrite the recording {quoted(path)}; choose another folder with"
                " --out."
            )
        if force:
            continue
        sha256 = _hash_of(path)
        if not ledger.knows(sha256) and (known or {}).get(extension) != sha256:
            raise OutputExists(
                f"{quoted(path)} is there already and the farm did not write it; use --force to overwrite it,"
                " or --out for another folder."
            )


def write_outputs(
    store: ObjectStore,
    stored: Mapping[str, str],
    outputs: Outputs,
    ledger: OutputLedger,
    *,
    force: bool,
    subtitles: SubtitleOptions | None = None,
) -> dict[str, Path]:
    """Write what lies under the `stored` keys (by format) to the outputs; the files, by format.

    A format that is not stored, or was written by other options than `subtitles` (None: whatever they were),
    is made from the stored JSON.

    Raises:
        OutputExists: somebody else wrote a file there meanwhile.
        StoreFull: the disk is full. BadRequest: the folder can't be written.
    """
    waiting: dict[str, tuple[Path, str]] = {}  # format to the scratch file and its hash
    try:
        try:
            outputs.folder.mkdir(parents=True, exist_ok=True)
            made = _made_anew(store, stored, outputs.paths, subtitles)
            for extension in outputs.paths:
                if extension in made:
                    waiting[extension] = _placed([made[extension].encode()], outputs.folder)
                else:
                    with store.open(stored[extension]) as blocks:
                        waiting[extension] = _placed(blocks, outputs.folder)
            check_free(
                outputs, ledger, force=force, known={name: sha256 for name, (_, sha256) in waiting.items()}
            )
            for extension, (scratch, sha256) in waiting.items():
                ledger.enter(sha256)
                scratch.replace(outputs.paths[extension])
        finally:
            for scratch, _ in waiting.values():
                scratch.unlink(missing_ok=True)
        _flush_folder(outputs.folder)
    except OSError as error:
        where = f"the transcript of {quoted(outputs.recording)} can't be written to {quoted(outputs.folder)}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreFull(f"No room is left: {where}; make some, the transcript is kept.") from error
        raise BadRequest(f"The folder does not take it: {where} ({error.strerror}); use --out.") from error
    return dict(outputs.paths)


def _hash_of(path: Path) -> str:
    """Of the file's content; empty where it can't be told, which is never a hash of ours."""
    try:
        return file_sha256(path) if path.is_file() else ""
    except OSError:
        return ""


def _made_anew(
    store: ObjectStore,
    stored: Mapping[str, str],
    formats: Iterable[str],
    subtitles: SubtitleOptions | None,
) -> dict[str, str]:
    """The text of each format that does not lie in the store as it is wanted."""
    if subtitles is None and all(extension in stored for extension in formats):
        return {}
    rendering = Rendering(read_document(store, stored["json"], Transcript), subtitles)
    return {
        extension: rendering.written(extension)
        for extension in formats
        if extension not in stored or not rendering.is_as_stored(extension)
    }


def _placed(blocks: Iterable[bytes], folder: Path) -> tuple[Path, str]:
    """The content as a new file in `folder`, flushed to the disk, and its hash."""
    digest = hashlib.sha256()
    # Not tempfile's: its files are for nobody else's eyes, a transcript follows the person's umask.
    scratch = folder / f".whisper-farm-{os.getpid()}-{os.urandom(6).hex()}"
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch, digest.hexdigest()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
