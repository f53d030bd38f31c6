"""A client's door to the embedded stack: join it (starting it where there is none), hold it, look at it.

Everything here blocks: call it from a thread where an event loop runs. Whoever works with a stack holds a
`StackLease`; while it is held the stack stays, and when its holder dies the lease is gone by itself.
Of any number of clients that come at once exactly one starts a supervisor, and all join it.
"""

import socket
import time
from types import TracebackType
from typing import Self

from whisper_farm.embedded.channel import NobodyListens, NoSupervisor, farewell, is_held, tell, unanswered
from whisper_farm.embedded.commands import MOST_WORKERS
from whisper_farm.embedded.ending import OTHERS_SECONDS, down, stands_still
from whisper_farm.embedded.joining import join_stack
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.lock import is_taken
from whisper_farm.embedded.need import Need
from whisper_farm.embedded.starting import Say, Supervision
from whisper_farm.embedded.state import ServedWeights, StackState, StoreKind, read_state
from whisper_farm.errors import BadRequest, StackBroken
from whisper_farm.settings import FarmSettings

__all__ = ["StackLease", "down", "find", "join", "up"]

#: A supervisor may be killed just when it is asked something.
_TRIES = 3

#: For one that lives and says nothing: on an overloaded machine it may take a while to come to it.
SILENT_SECONDS = 30.0

_LOOK_SECONDS = 0.1


class StackLease:
    """A stack that is up and stays so for as long as this is held. A context manager; made by `join`."""

    def __init__(self, need: Need, state: StackState, connection: socket.socket) -> None:
        self.state = state  #: as it was when the stack was last joined
        self._need = need
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go: the stack may leave, unless it was asked to stay or a job is open."""
        self._connection.close()

    @property
    def is_held(self) -> bool:
        """Whether the supervisor that granted it still lives. Costs next to nothing."""
        return is_held(self._connection)

    def ensure_alive(self) -> bool:
        """Bring the stack back where its supervisor was killed; whether that was needed. Call it now and then
        while waiting: the supervisor sees to everything but itself.

        Raises:
            StackBroken: it can't be brought back, or a person ended it with `down`.
        """
        if self.is_held:
            return False
        why = farewell(self._connection)
        self._connection.close()
        if why is not None:
            raise StackBroken(
                f"The stack is gone: {why}. The job is kept, and the same command takes it up again."
            )
        self.state, self._connection = join_stack(self._need)
        return True

    def stay(self, default_model: str | None) -> None:
        """Ask the stack to stay until `down`. The model, if any, is told in its state as the default."""
        for _ in range(_TRIES):
            try:
                if not tell(self.state, "stay", default_model=default_model).ok:
                    raise StackBroken("The stack is just being ended by another command; run this one again.")
                self.state = tell(self.state, "state").state
                return
            except NoSupervisor:
                self.ensure_alive()
        raise unanswered(self._need.layout.root)


def join(
    settings: FarmSettings,
    *,
    weights: ServedWeights | None = None,
    workers: int | None = None,
    store: StoreKind | None = None,
    temporal_port: int | None = None,
    exactly: bool = False,
    say: Say = lambda _: None,
    supervision: Supervision | None = None,
) -> StackLease:
    """A lease on the stack of this data folder, started where there is none; it is up when this returns.

    Up means: each server answers, the control worker and the model's workers (where `weights` are given) are
    polling. `workers` is how many transcription processes there are to be: at least, or `exactly`; None
    leaves a stack that serves the model as it is. `say` hears in sentences what takes long.

    Raises:
        StackBroken: it can't run, or runs otherwise than asked and is in use.
        ServerMissing: a server program can't be had.
    """
    if workers is not None and not 0 <= workers <= MOST_WORKERS:
        raise BadRequest(f"--workers {workers} can't be started; give a number from 0 to {MOST_WORKERS}.")
    need = Need(
        settings=settings,
        weights=weights,
        workers=workers,
        exactly=exactly,
        store=store,
        temporal_port=temporal_port,
        say=say,
        supervision=supervision or Supervision(),
    )
    state, connection = join_stack(need)
    return StackLease(need, state, connection)


def up(
    settings: FarmSettings,
    *,
    weights: ServedWeights | None = None,
    workers: int | None = None,
    store: StoreKind | None = None,
    temporal_port: int | None = None,
    say: Say = lambda _: None,
    supervision: Supervision | None = None,
) -> StackState:
    """As `join`, and the stack stays until `down`; exactly `workers`, where they are given."""
    with join(
        settings,
        weights=weights,
        workers=workers,
        store=store,
        temporal_port=temporal_port,
        exactly=True,
        say=say,
        supervision=supervision,
    ) as lease:
        lease.stay(weights.name if weights is not None else None)
        return lease.state


def find(settings: FarmSettings) -> StackState | None:
    """The stack of this data folder as it is now, or None where none runs, or the one that did is leaving.

    Raises:
        StackBroken: there is one, and it does not answer.
    """
    layout, began = HomeLayout(settings.home), time.monotonic()
    while True:
        known = read_state(layout.state_file)
        if known is not None and known.alive:
            try:
                answered = tell(known, "state")
                return answered.state if answered.ok else None
            except NobodyListens:
                return None
            except NoSupervisor:
                fault, patience_seconds = unanswered(layout.root), SILENT_SECONDS
        elif is_taken(layout.lock_file):  # one is just starting, or its state was removed
            fault, patience_seconds = stands_still(layout), OTHERS_SECONDS
        else:
            return None
        if time.monotonic() - began >= patience_seconds:
            raise fault
        time.sleep(_LOOK_SECONDS)
