"""What may be asked of a supervisor, read from JSON with nothing taken on trust.

The wire's words, and the few facts they carry. `ValueError` is all that a wrong command gets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from whisper_farm.embedded.state import ModelServed, StoreKind, WorkerShape

MOST_WORKERS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a command needs of the stack that it joins. None: anything will do."""

    version: str
    store: StoreKind | None = None
    temporal_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """See to it that a model is served."""

    model: ModelServed  #: its `shapes` are those to start where there are none yet
    #: `default`: leave what is there; `at_least`: add what is missing; `exactly`: have these and no others
    count: Literal["default", "at_least", "exactly"]


def read_wish(said: Mapping[str, object]) -> Wish:
    """The wish of a `lease`. Raises `ValueError`."""
    store = said.get("store")
    if store not in {None, "local", "minio"}:
        raise ValueError("store")
    return Wish(
        version=_text(said, "version"),
        store=store,
        temporal_port=_number(said, "temporal_port", 1, 65_535),
    )


def read_serve(said: Mapping[str, object]) -> Serve:
    """What a `serve` asks for. Raises `ValueError`."""
    count = said.get("count")
    if count not in {"default", "at_least", "exactly"}:
        raise ValueError("count")
    model = said.get("model")
    if not isinstance(model, dict):
        raise ValueError("model")
    return Serve(model=read_model(model), count=count)


def read_model(said: Mapping[str, object]) -> ModelServed:
    """A model and its processes. Raises `ValueError`."""
    shapes = said.get("shapes")
    if not isinstance(shapes, list) or len(shapes) > MOST_WORKERS:
        raise ValueError("shapes")
    return ModelServed(
        name=_text(said, "name"),
        folder=_text(said, "folder"),
        fingerprint=_text(said, "fingerprint"),
        shapes=tuple(_read_shape(shape) for shape in shapes),
    )


def _read_shape(said: object) -> WorkerShape:
    if not isinstance(said, dict):
        raise ValueError("shape")
    device = said.get("device")
    if device not in {None, "cpu", "cuda"}:
        raise ValueError("device")
    return WorkerShape(
        device=device,
        device_index=_number(said, "device_index", 0, 1024),
        slots=_number(said, "slots", 1, 64),
    )


def _text(said: Mapping[str, object], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(name)
    return value


def _number(said: Mapping[str, object], name: str, least: int, most: int) -> int | None:
    value = said.get(name)
    if value is not None and not (type(value) is int and least <= value <= most):
        raise ValueError(name)
    return value
