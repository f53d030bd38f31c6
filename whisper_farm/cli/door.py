"""How a command gets at a farm: the one elsewhere, or this machine's own stack, started where it is down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from whisper_farm.cli.waiting import wait_for
from whisper_farm.embedded import stack
from whisper_farm.embedded.stack import StackLease
from whisper_farm.farm.connection import Farm, is_remote, reach
from whisper_farm.farm.model_choice import ChosenModel, choose_elsewhere, choose_here, remember
from whisper_farm.farm.queues import nobody_serves
from whisper_farm.settings import FarmSettings

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

    @property
    def warning(self) -> str | None:
        """What stands in the way of a job for the model, in a sentence, or None."""
        found = self.model.serving
        if self.lease is not None or found is None:
            return None
        return found.trouble or (None if found.workers else nobody_serves(self.model.name))


def is_up(settings: FarmSettings) -> bool:
    """Whether there is a farm to be asked now: one elsewhere, or this data folder's stack."""
    return is_remote() or stack.find(settings) is not None


def model_here(
    settings: FarmSettings, model: str | None, *, must_be: str | None = None
) -> ChosenModel | None:
    """The model for this machine's own stack, had before anything starts; None for a farm elsewhere."""
    return None if is_remote() else choose_here(settings, model, must_be=must_be)


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
    if chosen is None or chosen.weights is None:
        farm = wait_for(reach(settings))
        yield OpenDoor(farm, wait_for(choose_elsewhere(farm.client, farm.store, model)), None)
        return
    with stack.join(settings, weights=chosen.weights, workers=workers, say=say) as lease:
        remember(settings, chosen.weights)
        yield OpenDoor(wait_for(reach(settings, running=lease.state)), chosen, lease)
