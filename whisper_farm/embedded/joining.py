"""How a client comes to hold a lease on a stack that is up and fits its need, whoever starts it."""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.embedded.awaiting import trouble_of, wait_until_up
from whisper_farm.embedded.channel import (
    Answered,
    NobodyListens,
    NoSupervisor,
    ask,
    farewell,
    tell,
    unanswered,
)
from whisper_farm.embedded.choices import store_kind
from whisper_farm.embedded.ending import LEAVE_SECONDS, take_lock
from whisper_farm.embedded.lock import unlock
from whisper_farm.embedded.need import Need
from whisper_farm.embedded.order import StackOrder
from whisper_farm.embedded.ports import refuse_unusable
from whisper_farm.embedded.processes import wait_until
from whisper_farm.embedded.starting import TemporalProgram, start_supervisor
from whisper_farm.embedded.state import ModelServed, StackState, StoreKind, read_state
from whisper_farm.embedded.supervisor import OTHER_WEIGHTS
from whisper_farm.embedded.version import stack_version
from whisper_farm.errors import StackBroken
from whisper_farm.settings import StoreSettings, check_settings, load

#: For another command's stack to finish starting or leaving.
OTHERS_SECONDS = 60.0

_LOOK_SECONDS = 0.04

#: A supervisor may be killed just when it is joined, and again; it is not brought back for ever.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Programs:
    """The servers to run, which may have had to be built first."""

    store: StoreKind
    temporal: TemporalProgram
    minio: Path | None


def join_stack(need: Need) -> tuple[StackState, socket.socket]:
    """The stack once it is up, and the connection that is a lease on it for as long as it stays open.

    Raises:
        StackBroken: it can't run, or runs otherwise than is needed and is in use.
        ServerMissing: a server program can't be had.
        BadRequest: it would have to be started, with settings that are wrong.
    """
    for _ in range(_TRIES):
        lease = _take_lease(need)
        try:
            if need.model is not None:
                _serve(lease.state, need.model, need)
            return wait_until_up(need, lease), lease.connection
        except NoSupervisor:
            # Killed meanwhile, which the next try mends; or ended by a person, who is not to be overruled.
            why = farewell(lease.connection)
            lease.connection.close()
            if why is not None:
                raise StackBroken(
                    f"The stack is gone: {why}. Run the command again to start it anew."
                ) from None
        except BaseException:
            lease.connection.close()
            raise
    last = read_state(need.layout.state_file)
    if last is not None and last.alive:
        raise unanswered(need.layout.root)
    raise StackBroken(
        f"The stack ended each time while it was being joined; see '{need.layout.log('supervisor')}'."
    )


def _take_lease(need: Need) -> Answered:
    """A lease on a stack that fits the need, whoever starts it."""
    layout, deadline = need.layout, time.monotonic() + OTHERS_SECONDS
    layout.prepare()
    programs: _Programs | None = None
    replaced: StackState | None = None
    is_silent = False
    while time.monotonic() < deadline:
        known = read_state(layout.state_file)
        if known is not None and known.alive:
            try:
                answered = _ask_for_lease(need, known)
            except NoSupervisor as error:
                is_silent = not isinstance(error, NobodyListens)
                time.sleep(_LOOK_SECONDS)
                continue
            is_silent = False
            if answered.ok:
                return answered
            if answered.said.get("why") == "differs":
                replaced = answered.state
                _make_way(need, answered)
            else:
                time.sleep(_LOOK_SECONDS)
            continue
        earlier, is_silent = replaced or known, False
        if programs is None:
            check_settings()
            programs = _get_programs(need, earlier)
            deadline = time.monotonic() + OTHERS_SECONDS
        lock = take_lock(layout)
        if lock is None:
            time.sleep(_LOOK_SECONDS)
            continue
        try:
            _start(need, lock, programs, earlier)
        except BaseException:
            unlock(lock, layout.lock_file)
            raise
        os.close(lock)
    if is_silent:
        raise unanswered(layout.root)
    raise StackBroken(
        f"The stack of '{layout.root}' neither starts nor leaves; end it with 'whisper-farm down', and see"
        f" '{layout.log('supervisor')}'."
    )


def _ask_for_lease(need: Need, known: StackState) -> Answered:
    answered = ask(
        known.control_port,
        known.token,
        "lease",
        version=stack_version(),
        store=need.store,
        temporal_port=need.temporal_port,
    )
    if not answered.ok:
        answered.connection.close()
    return answered


def _make_way(need: Need, refusal: Answered) -> None:
    """End a stack that is not what is needed, where nobody uses it.

    Raises:
        StackBroken: somebody does, or the port that is asked for can't be had anyhow.
    """
    state = refusal.state
    if need.temporal_port is not None:
        refuse_unusable(need.layout.ports_file, need.temporal_port)
    if not refusal.said.get("idle") or not _leaves(state):
        raise StackBroken(_why_not(need, state, refusal.said.get("differs")))
    need.say("Restarting the stack: it ran otherwise than is needed now.")
    mark = state.supervisor.mark
    wait_until(lambda: mark is None or not mark.alive, LEAVE_SECONDS)


def _leaves(state: StackState) -> bool:
    """Whether an idle stack makes way, now that it is told to; another command may have told it before."""
    try:
        answered = tell(state, "leave", only_if_idle=True)
    except NoSupervisor:
        return True
    return answered.ok or answered.said.get("why") == "leaving"


def _why_not(need: Need, state: StackState, differs: object) -> str:
    mend = "wait until its jobs are done, or end it with 'whisper-farm down' (jobs are kept)"
    match differs:
        case ["version", *_]:
            return (
                f"The stack that runs in '{need.layout.root}' is of another version of the program"
                f" ({state.version}, this is {stack_version()}) and has work to do; {mend}."
            )
        case ["store", *_]:
            return (
                f"The stack that runs in '{need.layout.root}' keeps its objects in another store"
                f" ({state.store.kind}) and has work to do; {mend}."
            )
        case ["temporal_port", *_]:
            return (
                f"The stack that runs in '{need.layout.root}' has its Temporal at {state.temporal.address},"
                f" not at port {need.temporal_port}, and has work to do; {mend}."
            )
        case _:
            return f"{trouble_of(need, state)} {mend.capitalize()}."


def _get_programs(need: Need, earlier: StackState | None) -> _Programs:
    """Before the lock is taken: a build takes minutes, and nobody else should have to wait for the lock."""
    store: StoreKind = need.store or store_kind(need.layout, earlier)
    return _Programs(
        store=store,
        temporal=need.supervision.temporal(need.say),
        minio=need.supervision.minio(need.say) if store == "minio" else None,
    )


def _start(need: Need, lock: int, programs: _Programs, earlier: StackState | None) -> None:
    """Start a supervisor. An `earlier` stack that was asked to stay, and was lost, comes back by this one."""
    need.say(f"Starting the stack in {need.layout.root}")
    kept = earlier if earlier is not None and earlier.stay else None
    models = {model.name: model for model in kept.models} if kept is not None else {}
    if need.model is not None and need.model.name not in models:
        models[need.model.name] = need.model
    stores = load(StoreSettings)

    def order(report: int) -> StackOrder:
        return StackOrder(
            version=stack_version(),
            home=str(need.layout.root),
            idle_seconds=need.settings.idle_seconds,
            temporal_cli=str(programs.temporal.path),
            temporal_version=programs.temporal.version,
            temporal_port=need.temporal_port,
            store=programs.store,
            store_folder=str(stores.store_folder) if stores.store_folder else None,
            minio=str(programs.minio) if programs.minio is not None else None,
            bucket=stores.bucket,
            region=stores.s3_region,
            stay=kept is not None,
            default_model=kept.default_model if kept is not None else None,
            models=tuple(models.values()),
            lock=lock,
            report=report,
        )

    start_supervisor(need.supervision.command, need.layout, need.environ, order)


def _serve(state: StackState, model: ModelServed, need: Need) -> None:
    answered = tell(state, "serve", model=model, count=need.count)
    if answered.said.get("why") == OTHER_WEIGHTS:
        raise StackBroken(
            f"The stack serves other weights under the name '{model.name}' and has work to do with them; wait"
            " until its jobs are done, or end it with 'whisper-farm down' (jobs are kept)."
        )
    if not answered.ok:
        raise NoSupervisor("it leaves")
