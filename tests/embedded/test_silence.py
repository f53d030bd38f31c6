"""A supervisor that lives and does not answer, as on an overloaded machine. Its programs are plain ones."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from whisper_farm.embedded import channel, joining, stack
from whisper_farm.embedded.stack import find, join, up
from whisper_farm.embedded.starting import Supervision
from whisper_farm.embedded.state import StackState
from whisper_farm.errors import StackBroken
from whisper_farm.farm import health
from whisper_farm.farm.connection import records
from whisper_farm.settings import FarmSettings


@contextmanager
def silent(state: StackState) -> Iterator[int]:
    """The supervisor stands still within the block, as one does that gets no processor; its pid."""
    pid = state.supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(stack, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(joining, "OTHERS_SECONDS", 1.0)


@pytest.mark.usefixtures("impatient")
def test_a_supervisor_that_stays_silent_is_not_taken_for_none(
    settings: FarmSettings, plain: Supervision
) -> None:
    state = up(settings, supervision=plain)
    with silent(state):
        with pytest.raises(StackBroken, match=r"runs but does not answer; .*'whisper-farm down'"):
            find(settings)
        with pytest.raises(StackBroken, match="runs but does not answer"):
            records(settings)
        with pytest.raises(StackBroken, match="runs but does not answer"):
            join(settings, supervision=plain)
        *_, finding = health.examine(settings, None)
        assert finding.what == "stack"
        assert finding.mend == "whisper-farm down"
        assert "does not answer" in (finding.note or "")
    found = find(settings)
    assert found is not None
    assert found.processes == state.processes


def test_a_slow_supervisor_is_asked_again(
    settings: FarmSettings, plain: Supervision, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = up(settings, supervision=plain)
    monkeypatch.setattr(channel, "_ANSWER_SECONDS", 0.2)
    with silent(state) as pid:
        waking = threading.Timer(1.0, os.kill, (pid, signal.SIGCONT))
        waking.start()
        found = find(settings)
        waking.join()
    assert found is not None
    assert found.stack == state.stack


def test_one_that_joins_waits_for_a_slow_supervisor_and_starts_nothing_else(
    settings: FarmSettings, plain: Supervision, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = up(settings, supervision=plain)
    monkeypatch.setattr(channel, "_ANSWER_SECONDS", 0.2)
    with silent(state) as pid:
        waking = threading.Timer(1.0, os.kill, (pid, signal.SIGCONT))
        waking.start()
        with join(settings, supervision=plain) as lease:
            waking.join()
            assert lease.state.stack == state.stack
