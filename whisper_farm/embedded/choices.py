"""What a person chose for a data folder with `up`. It holds also while no stack runs that could tell it.

The store keeps the farm's default model, too; but a store in the stack's own MinIO can't be asked while the
stack is down, and somebody has to know that it is a MinIO. `choices.json` is written by supervisors alone,
one at a time, because each holds the folder's lock.
"""

import dataclasses
import json
from dataclasses import dataclass

from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.state import StackState, StoreKind
from whisper_farm.embedded.whole_files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """None: nothing was chosen yet."""

    store: StoreKind | None = None
    default_model: str | None = None


def read_choices(layout: HomeLayout) -> Choices:
    """What was chosen last. Nonsense in the file is as no file."""
    try:
        said = json.loads(layout.choices_file.read_bytes())
        store, model = said.get("store"), said.get("default_model")
    except (OSError, ValueError, AttributeError):
        return Choices()
    return Choices(
        store=store if store in {"local", "minio"} else None,
        default_model=model if isinstance(model, str) else None,
    )


def keep_choices(layout: HomeLayout, *, store: StoreKind, default_model: str | None) -> None:
    """Write down what was chosen; without a model, the one before stays the default.

    Raises:
        OSError: the data folder can't be written.
    """
    before = read_choices(layout)
    chosen = Choices(store=store, default_model=default_model or before.default_model)
    if chosen != before:
        write_whole(layout.choices_file, json.dumps(dataclasses.asdict(chosen)).encode())


def store_kind(layout: HomeLayout, last: StackState | None) -> StoreKind:
    """The kind of store that a stack of this folder has where nobody says another: the one before, else
    `local`. `last` is the latest stack, where its state is known.
    """
    if last is not None and last.stay:
        return last.store.kind
    chosen = read_choices(layout).store
    if chosen is not None:
        return chosen
    if last is not None:
        return last.store.kind
    # The folder of a version that wrote no choices down.
    return "minio" if layout.minio.exists() and not layout.store.exists() else "local"
