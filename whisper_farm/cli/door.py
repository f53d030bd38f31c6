"""How a command gets at a farm: the one elsewhere, or this machine's own stack, started where it is down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from whisper_farm.cli.waiting import wait_for
from whisper_farm.embedded import stack
from whisper_farm.embedded.stack import StackLease
from whisper_farm.errors import BadRequest, UnknownModel
from whisper_farm.farm.connection import Farm, connect, is_remote, reach
from whisper_farm.farm.model_choice import (
    ChosenModel,
    choose_by_name,
    choose_here,
    default_here,
    is_folder,
    look_here,
    remember,
)
from whisper_farm.farm.queues import nobody_serves, serving
from whisper_farm.farm.quoting import quoted
from whisper_farm.farm.store_patience import PATIENCE_SECONDS, StorePatience
from whisper_farm.request import Decoding
from whisper_farm.settings import FarmSettings
from whisper_farm.storage.disk import DiskStore
from whisper_farm.weights import knows_only_english

Say = Callable[[str], None]


@dataclass(slots=True)
class OpenDoor:
    """A farm that answers, and what keeps it there."""

    farm: Farm
    model: ChosenModel
    lease: StackLease | None  #: on this machine's own stack

    def keep_alive(self) -> None:
        """Bring our own stack back where all of it was ended. Call it now and then."""
        if self.lease is not None:
            self.lease.ensure_alive()

    def patience(self, told: Say) -> StorePatience:
        """For steps that need the store. A server may be back soon; a folder that fails will fail again."""
        if isinstance(self.farm.store, DiskStore):
            return StorePatience(told=told, patience_seconds=0.0)
        return StorePatience(told=told, tick=self.keep_alive)

    def warning(self) -> str | None:
        """What stands in the way of a job for the model now, in a sentence, or None."""
        found = wait_for(serving(self.farm.client, self.model.name))
        return found.trouble or (None if found.workers else nobody_serves(self.model.name))


def is_up(settings: FarmSettings) -> bool:
    """Whether there is a farm to be asked now: one elsewhere, or this data folder's stack."""
    return is_remote() or stack.find(settings) is not None


def model_here(
    settings: FarmSettings, model: str | None, *, must_be: str | None = None, may_wait: bool = False
) -> ChosenModel | None:
    """The model, brought to this machine before anything starts. None: only a name, for workers elsewhere.

    It is only a name in a farm elsewhere; and in our own where it is not on this machine and workers from
    elsewhere serve it or are to, or where it can't be had and one (`may_wait`) may come to serve it.

    Raises:
        UnknownModel: it can't be had.
    """
    if is_remote():
        return None
    name = model or default_here(settings)
    try:
        if name is not None and look_here(settings, name) is None and _is_for_others(settings, name):
            return None
        return choose_here(settings, name, must_be=must_be)
    except UnknownModel:
        if name is None or is_folder(name) or not (may_wait or _is_for_others(settings, name)):
            raise
        return None


def check_knows(decoding: Decoding, model: str | None, chosen: ChosenModel | None) -> None:
    """Raises `BadRequest` where the model can't do what is asked: translate, and it knows English only.

    A language that it does not know is heard as English, and the transcript says so.
    `chosen` is what `model_here` gave for `model`. Of a name for workers elsewhere only the name tells.
    """
    if decoding.task != "translate":
        return
    name = chosen.name if chosen is not None else model
    folder = chosen.weights.folder if chosen is not None and chosen.weights is not None else None
    if (folder is not None and knows_only_english(folder)) or (name or "").endswith(".en"):
        raise BadRequest(
            f"The model {quoted(name or '')} knows only English, so it can't translate into it; name one that"
            " knows more languages with --model, or leave --task translate out."
        )


@contextmanager
def open_door(
    settings: FarmSettings,
    model: str | None,
    *,
    chosen: ChosenModel | None = None,
    workers: int | None = None,
    say: Say = lambda sentence: None,
) -> Iterator[OpenDoor]:
    """The farm, for as long as the block lasts. `chosen` is what `model_here` gave.

    Raises:
        UnknownModel, FarmUnreachable, StoreUnreachable, StackBroken, ServerMissing: as they say.
    """
    if is_remote():
        farm = wait_for(reach(settings))
        yield OpenDoor(farm, wait_for(choose_by_name(farm.client, farm.store, model)), None)
        return
    weights = chosen.weights if chosen is not None else None
    with stack.join(settings, weights=weights, workers=workers, say=say) as lease:
        seconds = PATIENCE_SECONDS if lease.state.store.kind == "minio" else 0.0
        patience = StorePatience(told=say, tick=lease.ensure_alive, patience_seconds=seconds)
        farm = patience.patiently(lambda: wait_for(reach(settings, running=lease.state)))
        if weights is not None:
            remember(settings, weights)
        if chosen is None:
            chosen = patience.patiently(lambda: wait_for(choose_by_name(farm.client, farm.store, model)))
        yield OpenDoor(farm, chosen, lease)


def _is_for_others(settings: FarmSettings, model: str) -> bool:
    """Whether workers from elsewhere serve it in the stack that runs, or are to: `up --workers 0` says so."""
    running = stack.find(settings)
    if running is None:
        return False
    if running.default_model == model and all(each.name != model for each in running.models):
        return True
    client = wait_for(connect(running.temporal))
    return bool(wait_for(serving(client, model)).workers)
