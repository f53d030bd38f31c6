"""What the client that starts a supervisor tells it: everything that costs time or talk to find out."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from whisper_farm.embedded.commands import read_model
from whisper_farm.embedded.state import ModelServed, StoreKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOrder:
    """A stack to be started. Travels as JSON through the supervisor's stdin."""

    version: str
    home: str
    idle_seconds: float
    temporal_cli: str
    temporal_version: str
    temporal_port: int | None  #: as a person asked for it
    store: StoreKind
    store_folder: str | None  #: of a local store, where it is not in the data folder
    minio: str | None  #: the program, for a store of this kind
    bucket: str
    region: str
    stay: bool
    default_model: str | None
    models: tuple[ModelServed, ...]
    lock: int  #: the open file that holds the data folder's lock
    report: int  #: the open pipe for one line that says how it went


def write_order(order: StackOrder) -> bytes:
    """The order as JSON."""
    return json.dumps(dataclasses.asdict(order)).encode()


def read_order(data: bytes) -> StackOrder:
    """The order in `data`. It comes from this program: only its models are checked."""
    said: dict[str, object] = json.loads(data)
    models = said.pop("models")
    assert isinstance(models, list)
    served = tuple(read_model(model) for model in models if isinstance(model, Mapping))
    return StackOrder(**said, models=served)  # type: ignore[arg-type]  # as `write_order` wrote it
