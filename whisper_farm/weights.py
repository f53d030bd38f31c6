"""Where a model's files are, what they are called in the farm, and what makes them the same.

A model is named in one of three ways: a size that faster-whisper knows (`small`, `large-v3-turbo`), a
hub id (`org/name`), or a folder. A folder is served under its base name and eight hex digits of its
fingerprint, so two folders that happen to be called `model` never meet on one queue. The fingerprint
covers every file that decides what is heard.

Import-light: whoever only wants to know whether a model can be had loads no engine.
"""

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from whisper_farm.errors import UnknownModel
from whisper_farm.request import MODEL_NAME_PATTERN

#: The files of a CTranslate2 Whisper; `vocabulary.json` or `vocabulary.txt`, as its converter wrote it.
_NEEDED = ("model.bin", "config.json")
_TOKENS = ("tokenizer.json", "vocabulary.json", "vocabulary.txt")
_COUNTED = (*_NEEDED, *_TOKENS, "preprocessor_config.json")

_MULTILINGUAL_TOKENS = 51_865

_HUB_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*")

#: A hub that does not answer in this time counts as out of reach: a person waits for the sentence.
HUB_PATIENCE_SECONDS = 4.0

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that is on this machine."""

    name: str  #: what it is served under
    folder: Path
    fingerprint: str  #: SHA-256 over its files, hex


def detect_device() -> Device:
    """`cuda` where ctranslate2 finds a GPU that it can use, else `cpu`."""
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"


def default_model(device: str) -> str:
    """The model that this hardware serves where nobody named one."""
    return "large-v3-turbo" if device == "cuda" else "small"


def resolve_weights(model: str | None, *, name: str | None = None, device: str = "cpu") -> Weights:
    """The model's files on this machine, downloaded from the hub where they are not here yet.

    `name`: what to serve it under, in place of the name that follows from `model`.

    Raises:
        UnknownModel: no such folder, no model in it, no such size, or a hub that can't be reached.
    """
    wanted = (model or default_model(device)).strip()
    if _is_folder(wanted):
        folder = Path(wanted).expanduser().resolve()
        _check_folder(folder)
        fingerprint = fingerprint_of(folder)
        return Weights(_checked(name) if name else _name_for(folder, fingerprint), folder, fingerprint)
    _check_known(wanted)
    served_as = _checked(name or wanted)
    folder = _in_the_cache(wanted) or _download(wanted)
    return Weights(served_as, folder, fingerprint_of(folder))


def look_for_weights(model: str | None, *, name: str | None = None, device: str = "cpu") -> Weights | None:
    """As `resolve_weights`, but never over the network: None where it would have to be downloaded.

    Raises:
        UnknownModel: it can't be a model at all.
    """
    wanted = (model or default_model(device)).strip()
    if not _is_folder(wanted):
        _check_known(wanted)
        if _in_the_cache(wanted) is None:
            return None
    return resolve_weights(wanted, name=name, device=device)


def knows_only_english(folder: Path) -> bool | None:
    """Whether the model in `folder` knows no other language; None where its files don't tell.

    By the rule of the engine (CTranslate2): multilingual vocabularies have 51,865 tokens or more.
    """
    try:
        if (folder / "vocabulary.json").is_file():
            return len(json.loads((folder / "vocabulary.json").read_bytes())) < _MULTILINGUAL_TOKENS
        with (folder / "vocabulary.txt").open("rb") as lines:
            return sum(1 for _ in lines) < _MULTILINGUAL_TOKENS
    except (OSError, ValueError, TypeError):
        return None


def fingerprint_of(folder: Path) -> str:
    """SHA-256 over the names and contents of the model's files.

    Hashing 3 GB takes seconds, so the answer is kept in the user's cache for files of the same path,
    size and time of change.
    """
    files = sorted(path for name in _COUNTED if (path := folder / name).is_file())
    stamp = hashlib.sha256()
    for path in files:
        found = path.stat()
        stamp.update(f"{path.resolve()}\0{path.name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    kept = platformdirs.user_cache_path("whisper-farm") / "fingerprints" / stamp.hexdigest()
    try:
        known = kept.read_text().strip()
        if re.fullmatch(r"[0-9a-f]{64}", known):
            return known
    except (OSError, UnicodeDecodeError):
        pass
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.name} {content}\n".encode())
    _keep(kept, whole.hexdigest())
    return whole.hexdigest()


def _keep(path: Path, text: str) -> None:
    """A cache that can't be written costs time only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(scratch).replace(path)
    except OSError:
        pass


def _is_folder(model: str) -> bool:
    """Whether `model` means a folder. A size's bare name never does: write `./small` for such a folder."""
    if "/" not in model and "\\" not in model:
        return model.startswith((".", "~")) or (model not in _sizes() and Path(model).is_dir())
    return _HUB_ID.fullmatch(model) is None or Path(model).is_dir()


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UnknownModel(f"There is no folder '{folder}'; give one that holds model.bin and config.json.")
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _TOKENS):
        missing.append("tokenizer.json")
    if missing:
        raise UnknownModel(
            f"The folder '{folder}' is no CTranslate2 Whisper model: it lacks {' and '.join(missing)};"
            " convert one with ct2-transformers-converter, or give another folder."
        )


def _name_for(folder: Path, fingerprint: str) -> str:
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-.")[:80]
    return f"{base or 'model'}-{fingerprint[:8]}"


def _checked(name: str) -> str:
    if not MODEL_NAME_PATTERN.fullmatch(name):
        raise UnknownModel(
            f"No model can be served under the name {name!r}; letters, digits and '._-' make one."
        )
    return name


def _sizes() -> list[str]:
    from faster_whisper.utils import available_models

    names: list[str] = available_models()
    return names


def _check_known(model: str) -> None:
    if _HUB_ID.fullmatch(model) is None and model not in _sizes():
        raise UnknownModel(
            f"Nobody knows the model '{model}'; take one of {', '.join(_sizes())}, a hub id as 'org/name', or"
            " a folder."
        )


def _in_the_cache(model: str) -> Path | None:
    """The folder of a model that was downloaded whole before, else None."""
    from faster_whisper.utils import download_model

    try:
        folder = Path(download_model(model, local_files_only=True))
        _check_folder(folder)
    except (OSError, ValueError, UnknownModel):
        return None
    return folder


def _download(model: str) -> Path:
    why = _why_no_hub()
    if why is not None:
        raise UnknownModel(
            f"The model '{model}' is not on this machine, and the hub can't be reached ({why}); give a folder"
            " with --model FOLDER."
        )
    from faster_whisper.utils import download_model

    try:
        folder = Path(download_model(model))
        _check_folder(folder)
    except UnknownModel:
        raise UnknownModel(
            f"'{model}' on the hub is no CTranslate2 Whisper model; take one that was converted to it."
        ) from None
    except Exception as error:  # the hub's client raises its own, httpx's and the system's errors
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise UnknownModel(
            f"The model '{model}' is not on this machine and could not be downloaded ({reason}); give a"
            " folder with --model FOLDER."
        ) from None
    return folder


def _why_no_hub() -> str | None:
    """None where the hub answers, else why it does not. Its own client would try for minutes."""
    import httpx
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        answer = httpx.head(constants.ENDPOINT, timeout=HUB_PATIENCE_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, OSError, ValueError) as error:
        return (str(error).strip() or type(error).__name__).rstrip(".")
    return None if answer.status_code < 400 else f"it answered {answer.status_code}"
