"""Waits until a stack is up, and says in a sentence why it does not come up."""

import time

from whisper_farm.embedded.channel import Answered, NoSupervisor, is_held, tell
from whisper_farm.embedded.need import Need
from whisper_farm.embedded.state import ProcessState, StackState
from whisper_farm.errors import StackBroken

#: For servers and control worker to come up. Transcription workers get longer: models may be large.
SERVERS_SECONDS = 90.0
WORKERS_SECONDS = 900.0

#: A process that was up once is started again for ever; nobody has to wait for it for ever.
MOST_RESTARTS = 6

_LOOK_SECONDS = 0.04
_SAY_AFTER_SECONDS = 2.0


def wait_until_up(need: Need, lease: Answered) -> StackState:
    """The state once all that is needed is up.

    Raises:
        StackBroken: something of it does not come up.
        NoSupervisor: the stack ended meanwhile, or says nothing for too long.
    """
    state, began, heard_at, told = lease.state, time.monotonic(), time.monotonic(), False
    restarts = {process.name: process.restarts for process in state.processes}
    while True:
        try:
            state, heard_at = tell(state, "state").state, time.monotonic()
        except NoSupervisor:
            if not is_held(lease.connection) or time.monotonic() - heard_at > SERVERS_SECONDS:
                raise
            time.sleep(_LOOK_SECONDS)
            continue
        servers = [process for process in state.processes if process.role != "gpu"]
        workers = state.workers_of(need.weights.name) if need.weights is not None else ()
        lost = next((process for process in (*servers, *workers) if process.trouble), None)
        if lost is not None:
            raise StackBroken(_lost(need, lost, lost.trouble or ""))
        late = next((process for process in (*servers, *workers) if not process.ready), None)
        if late is None:
            return state
        if late.restarts - restarts.setdefault(late.name, late.restarts) >= MOST_RESTARTS:
            raise StackBroken(_lost(need, late, late.last_words))
        waited_seconds = time.monotonic() - began
        if waited_seconds > (WORKERS_SECONDS if late.role == "gpu" else SERVERS_SECONDS):
            need.layout.prepare()  # says so where the disk is full
            raise StackBroken(_lost(need, late, f"it is not up after {waited_seconds:.0f} s"))
        if late.role == "gpu" and not told and waited_seconds > _SAY_AFTER_SECONDS:
            told = True
            need.say(f"Loading the model {late.model}")
        if not is_held(lease.connection):
            raise NoSupervisor("it ended")
        time.sleep(_LOOK_SECONDS)


def _lost(need: Need, process: ProcessState, words: str) -> str:
    names = {
        "temporal": "Temporal's dev server",
        "store": "MinIO",
        "control": "The control worker",
        "gpu": "A transcription worker",
    }
    return (
        f"{names.get(process.role, process.role)} does not start: {words.rstrip('.')}. Its log is"
        f" '{need.layout.log(process.name)}'."
    )


def trouble_of(need: Need, state: StackState) -> str:
    """What is wrong with a broken stack, in a sentence."""
    lost = next((process for process in state.processes if process.trouble), None)
    return _lost(need, lost, lost.trouble or "") if lost is not None else "The stack is broken."
