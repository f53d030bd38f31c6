"""Ends a stack, whatever state it is in: `whisper-farm down`."""

import os
import signal
import time
from contextlib import suppress

from whisper_farm.embedded.channel import NoSupervisor, ask
from whisper_farm.embedded.layout import HomeLayout, unusable_home
from whisper_farm.embedded.leftovers import end_leftovers
from whisper_farm.embedded.lock import try_lock, unlock
from whisper_farm.embedded.processes import end_at_once, wait_until
from whisper_farm.embedded.state import StackState, read_state
from whisper_farm.errors import StackBroken
from whisper_farm.settings import FarmSettings

#: For a supervisor to leave: its workers' draining, then the servers' own end.
LEAVE_SECONDS = 45.0

#: For a supervisor that is just starting to hear commands.
OTHERS_SECONDS = 30.0


def down(settings: FarmSettings) -> bool:
    """End the stack of this data folder. Returns when all its processes are gone; whether there was a stack.

    One that was killed counts: it would have come back with the next command, had it been asked to stay. Jobs
    that run are kept, and go on when a stack is up again.
    """
    layout, ended = HomeLayout(settings.home), False
    deadline = time.monotonic() + OTHERS_SECONDS
    while layout.root.is_dir() and time.monotonic() < deadline:
        known = read_state(layout.state_file)
        if known is not None and known.alive:
            if ended:  # another command started a new one meanwhile: that one's, not ours to end
                return True
            _end(known)
            ended = True
        elif (lock := take_lock(layout)) is not None:
            return _sweep(layout, lock) or ended
        elif ended:
            return True
        else:  # a supervisor is just starting
            time.sleep(0.05)
    if not layout.root.is_dir():
        return ended
    raise stands_still(layout)


def stands_still(layout: HomeLayout) -> StackBroken:
    """What to say where somebody holds the data folder's lock, and no supervisor is heard of."""
    return StackBroken(
        f"The stack of '{layout.root}' neither starts nor leaves; see '{layout.log('supervisor')}', and end"
        " the process that holds its lock."
    )


def _end(state: StackState) -> None:
    """Tell a supervisor to leave, and wait for its end; end it where it can't be told or does not."""
    marks = [mark for process in state.processes if (mark := process.mark) is not None]
    supervisor = marks[0]
    try:
        ask(state.control_port, state.token, "leave").connection.close()
    except NoSupervisor:
        with suppress(ProcessLookupError):
            os.kill(supervisor.pid, signal.SIGTERM)
    wait_until(lambda: not supervisor.alive, LEAVE_SECONDS)
    end_at_once(marks)


def _sweep(layout: HomeLayout, lock: int) -> bool:
    """With no supervisor there: end what one may have left, and clear up; whether one had been there."""
    try:
        was_there = layout.state_file.exists()
        end_leftovers(layout)
        layout.state_file.unlink(missing_ok=True)
        layout.clear_scratch()
    finally:
        unlock(lock, layout.lock_file)
    return was_there


def take_lock(layout: HomeLayout) -> int | None:
    """An open file that holds the data folder's lock, or None where a supervisor holds it.

    Raises:
        StackBroken: the folder can't be written.
    """
    try:
        return try_lock(layout.lock_file)
    except OSError as error:
        raise unusable_home(layout.root, error) from None
