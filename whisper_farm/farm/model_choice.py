"""Which model a request gets, and under which name.

On this machine: the one that was named, else the farm's default (`up --model`), else what fits the
hardware; it is on the machine, or is brought there, before anything starts. A model's folder is
remembered by the name it is served under, so that a job can be taken up again by that name.
In a farm elsewhere the weights lie with its workers: the name is all that is needed.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from whisper_farm import keys
from whisper_farm.embedded.choices import read_choices
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.shapes import count_gpus
from whisper_farm.embedded.whole_files import write_whole
from whisper_farm.errors import BadRequest, StackBroken, StoreUnreachable, UnknownModel
from whisper_farm.farm.connection import records
from whisper_farm.farm.queues import only_weights, serving
from whisper_farm.farm.quoting import quoted
from whisper_farm.identity import name_identity, weights_identity
from whisper_farm.models import FarmDefaults
from whisper_farm.request import MODEL_NAME_PATTERN
from whisper_farm.settings import FarmSettings
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document, write_document
from whisper_farm.weights import Weights, fingerprint_of, look_for_weights, resolve_weights

_REMEMBERED = "models.json"
_MOST_REMEMBERED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenModel:
    """A model as a request names it."""

    name: str
    fingerprint: str | None  #: of its weights; None where only its workers know them
    served8: str | None = None  #: the first eight digits of it, as its workers tell them
    weights: Weights | None = None  #: where they are on this machine

    @property
    def identity(self) -> str:
        """What stands for the weights in a job's id."""
        return weights_identity(self.name, fingerprint=self.fingerprint or self.served8)

    @property
    def weights8(self) -> str | None:
        """The first eight digits of the fingerprint; None where nobody knows the weights now."""
        return None if self.identity == name_identity(self.name) else self.identity


def choose_here(settings: FarmSettings, model: str | None, *, must_be: str | None = None) -> ChosenModel:
    """The model for a request to this machine's own stack. `must_be` is the fingerprint it has to have.

    Raises:
        UnknownModel: it can't be had.
    """
    wanted = model or default_here(settings)
    weights = _named_folder(settings, wanted) or resolve_weights(wanted, device=_device())
    if must_be is not None and weights.fingerprint != must_be:
        raise UnknownModel(
            f"The job was begun with other weights ({must_be[:8]}) than '{weights.name}' has"
            f" ({weights.fingerprint[:8]}); name the folder of those with --model."
        )
    return ChosenModel(name=weights.name, fingerprint=weights.fingerprint, weights=weights)


def look_here(settings: FarmSettings, model: str | None) -> Weights | None:
    """As `choose_here`, but never over the network: None where it would have to be downloaded.

    Raises:
        UnknownModel: it can't be a model at all, or its folder is gone.
    """
    wanted = model or default_here(settings)
    return _named_folder(settings, wanted) or look_for_weights(wanted, device=_device())


def choose_for_others(settings: FarmSettings, model: str | None) -> ChosenModel | None:
    """The model of a stack whose workers are all elsewhere: a name is enough, and nothing is downloaded.

    A folder has to be here, because its name follows from what is in it. None: nobody named a model.

    Raises:
        UnknownModel: that is no model's name, or a folder without a model.
    """
    wanted = model or default_here(settings)
    if wanted is None:
        return None
    try:
        weights = look_here(settings, wanted)
    except UnknownModel:
        if is_folder(wanted):
            raise
        weights = None  # of a name that only its workers know
    if weights is not None:
        return ChosenModel(name=weights.name, fingerprint=weights.fingerprint, weights=weights)
    return ChosenModel(name=_checked_name(wanted), fingerprint=None)


async def choose_by_name(client: Client, store: ObjectStore, model: str | None) -> ChosenModel:
    """The model for a request whose weights lie with workers elsewhere: its name is all there is.

    Raises:
        BadRequest: no model was named and the farm has no default, or two workers disagree about it.
        UnknownModel: that is no model's name, or a folder without a model.
    """
    if model is not None and is_folder(model):
        weights = resolve_weights(model)
        name, fingerprint = weights.name, weights.fingerprint
    else:
        name, fingerprint = _checked_name(model or _default_of(store)), None
    served8 = only_weights(await serving(client, name))
    return ChosenModel(name=name, fingerprint=fingerprint, served8=served8)


def _checked_name(name: str) -> str:
    if not MODEL_NAME_PATTERN.fullmatch(name):
        raise UnknownModel(f"{quoted(name)} is no model's name; give one as 'large-v3-turbo', or a folder.")
    return name


def is_folder(model: str) -> bool:
    """Whether `model` is meant as a folder of this machine, rather than as a name."""
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


def make_default(store: ObjectStore, model: str) -> None:
    """Make `model` the one that requests get which name none."""
    write_document(store, keys.FARM_SETTINGS, FarmDefaults(model=model))


def _default_of(store: ObjectStore) -> str:
    defaults = find_document(store, keys.FARM_SETTINGS, FarmDefaults)
    if defaults is None or defaults.model is None:
        raise BadRequest("The farm has no default model; name one with --model.")
    return defaults.model


def default_here(settings: FarmSettings) -> str | None:
    """The default of the stack that runs, else of the last one; None where none was ever set."""
    try:
        defaults = find_document(records(settings), keys.FARM_SETTINGS, FarmDefaults)
    except (StackBroken, StoreUnreachable):
        # Its store may be on its way back, or down with its stack: what was chosen is known all the same.
        return read_choices(HomeLayout(settings.home)).default_model
    return defaults.model if defaults is not None else None


def _device() -> str:
    return "cuda" if count_gpus(os.environ) else "cpu"


def _named_folder(settings: FarmSettings, name: str | None) -> Weights | None:
    """The model that was once given as a folder and is served under `name`, where it is as it was then."""
    folder = _remembered(settings).get(name or "")
    if folder is None or not (folder / "model.bin").is_file():
        return None
    fingerprint = fingerprint_of(folder)
    return Weights(name, folder, fingerprint) if name and name.endswith(f"-{fingerprint[:8]}") else None


def _remembered(settings: FarmSettings) -> dict[str, Path]:
    try:
        said: object = json.loads((settings.home / _REMEMBERED).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: Path(folder) for name, folder in said.items() if isinstance(folder, str)}


def remember(settings: FarmSettings, weights: Weights) -> None:
    """Keep the folder of a model whose name does not lead to it. The data folder is there by then."""
    known = _remembered(settings)
    folder = weights.folder.absolute()
    if not weights.name.endswith(f"-{weights.fingerprint[:8]}") or known.get(weights.name) == folder:
        return
    known.pop(weights.name, None)
    latest = list({**known, weights.name: folder}.items())[-_MOST_REMEMBERED:]
    write_whole(settings.home / _REMEMBERED, json.dumps({name: str(path) for name, path in latest}).encode())
