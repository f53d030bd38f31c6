"""What a command may rely on when it joins, holds and ends a stack. The stack's programs are plain ones."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.embedded.conftest import PlainWeights
from whisper_farm.embedded import channel, joining
from whisper_farm.embedded.channel import Answered
from whisper_farm.embedded.processes import ProcessMark, birth_of, wait_until
from whisper_farm.embedded.stack import StackLease, down, find, join, up
from whisper_farm.embedded.starting import Supervision
from whisper_farm.embedded.state import ProcessState, StackState
from whisper_farm.errors import BadRequest, StackBroken
from whisper_farm.settings import FarmSettings

Jobs = Callable[[int], None]


def eventually(true: Callable[[], bool], seconds: float = 5.0) -> None:
    assert wait_until(true, seconds)


def process(state: StackState | None, name: str) -> ProcessState:
    assert state is not None
    return next(one for one in state.processes if one.name == name)


def pids(state: StackState) -> list[int | None]:
    return [one.pid for one in state.processes]


def quick(settings: FarmSettings, idle_seconds: float = 0.3) -> FarmSettings:
    """The same data folder, of a stack that leaves soon."""
    return settings.model_copy(update={"idle_seconds": idle_seconds})


def test_a_stack_is_up_when_it_is_joined_and_tells_who_is_who(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(settings, weights=PlainWeights("good"), workers=2, supervision=plain) as lease:
        roles = [one.role for one in lease.state.processes]
        assert roles == ["supervisor", "temporal", "control", "gpu", "gpu"]
        assert all(one.ready and one.mark is not None and one.mark.alive for one in lease.state.processes)
        found = find(settings)
        assert found is not None
        assert found.processes == lease.state.processes
        assert (settings.home / "stack.json").stat().st_mode & 0o777 == 0o600
        assert settings.home.stat().st_mode & 0o777 == 0o700


def test_down_returns_when_all_its_processes_are_gone(settings: FarmSettings, plain: Supervision) -> None:
    state = up(settings, weights=PlainWeights("good"), supervision=plain)
    assert state.stay
    assert state.default_model == "good"
    assert down(settings)
    assert not any(one.mark is not None and one.mark.alive for one in state.processes)
    assert find(settings) is None
    assert not down(settings)


@pytest.mark.parametrize("name", ["temporal", "control", "gpu-0"])
def test_a_killed_process_is_back_in_a_moment_at_the_same_address(
    settings: FarmSettings, plain: Supervision, name: str
) -> None:
    with join(settings, weights=PlainWeights("good"), supervision=plain) as lease:
        before = process(lease.state, name)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        killed_at = time.monotonic()
        eventually(lambda: process(find(settings), name).pid not in {None, before.pid})
        eventually(lambda: process(find(settings), name).ready)
        assert time.monotonic() - killed_at < 5
        after = find(settings)
        assert after is not None
        assert after.temporal == lease.state.temporal
        assert process(after, name).restarts == 1


def test_what_a_killed_process_had_started_goes_with_it(settings: FarmSettings, plain: Supervision) -> None:
    with join(settings, supervision=plain) as lease:
        pid = process(lease.state, "control").pid
        assert pid is not None
        children = Path(f"/proc/{pid}/task/{pid}/children")
        eventually(lambda: bool(children.read_text().split()))
        offspring = int(children.read_text().split()[0])
        birth = birth_of(offspring)
        assert birth is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not ProcessMark(offspring, birth).alive)


def test_a_stack_leaves_by_itself_once_nobody_needs_it(settings: FarmSettings, plain: Supervision) -> None:
    with join(quick(settings), supervision=plain) as lease:
        mark = lease.state.supervisor.mark
        time.sleep(1)
        assert find(settings) is not None
    assert mark is not None
    eventually(lambda: not mark.alive)
    assert not (settings.home / "stack.json").exists()
    assert not (settings.home / "stack.lock").exists()


def test_an_open_job_keeps_a_stack_that_nobody_holds(
    settings: FarmSettings, plain: Supervision, open_jobs: Jobs
) -> None:
    open_jobs(1)
    with join(quick(settings), supervision=plain):
        pass
    time.sleep(1.5)
    assert find(settings) is not None
    open_jobs(0)
    eventually(lambda: find(settings) is None)


def test_up_keeps_a_stack_and_a_running_one_is_made_to_stay(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(quick(settings), supervision=plain) as lease:
        assert not lease.state.stay
        assert pids(up(settings, supervision=plain)) == pids(lease.state)
    time.sleep(1)
    assert find(settings) is not None


def test_the_lease_of_a_killed_command_drops_by_itself(settings: FarmSettings, tmp_path: Path) -> None:
    holder = tmp_path / "holder.py"
    holder.write_text(
        "import sys, time; from pathlib import Path\n"
        "from tests.embedded.test_stack import hold_a_lease\n"
        "hold_a_lease(Path(sys.argv[1]))\n"
    )
    repository = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(repository), "HOLDER": "1"}
    with subprocess.Popen(
        [sys.executable, str(holder), str(settings.home)],
        stdout=subprocess.PIPE,
        cwd=repository,
        env=environment,
    ) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == b"held\n"
        assert find(settings) is not None
        held.kill()
    eventually(lambda: find(settings) is None)


def hold_a_lease(home: Path) -> None:
    """What the command does that the test above kills."""
    from tests.embedded import plain_stack
    from whisper_farm.embedded.starting import TemporalProgram

    supervision = Supervision(
        command=(sys.executable, str(Path(plain_stack.__file__))),
        temporal=lambda _: TemporalProgram(Path("temporal"), ""),
    )
    with join(FarmSettings(home=home, idle_seconds=0.3), supervision=supervision):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        time.sleep(60)


def test_a_killed_supervisor_takes_everything_along_and_comes_back_at_the_same_port(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(settings, weights=PlainWeights("good"), supervision=plain) as lease:
        before = lease.state
        assert not lease.ensure_alive()
        offspring = process(before, "control").pid
        assert before.supervisor.pid is not None
        os.kill(before.supervisor.pid, signal.SIGKILL)
        eventually(lambda: not before.alive)
        eventually(lambda: not lease.is_held)
        assert lease.ensure_alive()
        assert not any(one.mark is not None and one.mark.alive for one in before.processes)
        assert offspring != process(lease.state, "control").pid
        assert lease.state.temporal == before.temporal
        assert [one.role for one in lease.state.processes] == [one.role for one in before.processes]


def test_a_supervisor_that_is_killed_again_and_again_while_it_is_joined_is_brought_back(
    settings: FarmSettings, plain: Supervision
) -> None:
    with ThreadPoolExecutor(1) as threads:
        joining = threads.submit(join, settings, weights=PlainWeights("slow"), supervision=plain)
        killed: set[int | None] = set()
        for _ in range(2):
            pid = supervisor_but(settings, killed)
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        supervisor_but(settings, killed)
        (settings.home / "loaded").touch()
        with joining.result(60) as lease:
            assert lease.state.supervisor.pid not in killed
            assert all(one.ready for one in lease.state.processes)


def supervisor_but(settings: FarmSettings, others: set[int | None]) -> int:
    """The pid of the supervisor, once one runs that is none of `others` and holds a lease."""

    def is_there() -> bool:
        state = find(settings)
        return state is not None and state.supervisor.pid not in others and state.leases > 0

    eventually(is_there, 30)
    state = find(settings)
    assert state is not None
    assert state.supervisor.pid is not None
    return state.supervisor.pid


def test_a_stack_that_a_person_ends_while_it_is_joined_is_not_brought_back(
    settings: FarmSettings, plain: Supervision
) -> None:
    with ThreadPoolExecutor(1) as threads:
        joining = threads.submit(join, settings, weights=PlainWeights("slow"), supervision=plain)
        supervisor_but(settings, set())
        assert down(settings)
        with pytest.raises(StackBroken, match="ended by 'whisper-farm down'"):
            joining.result(60)
    assert find(settings) is None


def test_a_command_whose_stack_was_ended_by_a_person_does_not_bring_it_back(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(settings, supervision=plain) as lease:
        assert down(settings)
        assert not lease.is_held
        with pytest.raises(StackBroken, match=r"ended by 'whisper-farm down'\. The job is kept"):
            lease.ensure_alive()
    assert find(settings) is None


def test_a_supervisor_that_was_told_to_end_by_a_signal_ends_all_and_is_brought_back(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(settings, supervision=plain) as lease:
        before = lease.state
        assert before.supervisor.pid is not None
        os.kill(before.supervisor.pid, signal.SIGTERM)
        eventually(lambda: not lease.is_held)
        assert lease.ensure_alive()
        assert not any(one.mark is not None and one.mark.alive for one in before.processes)
        assert lease.state.temporal == before.temporal


def test_a_stack_that_was_to_stay_and_was_killed_whole_stays_again(
    settings: FarmSettings, plain: Supervision
) -> None:
    before = up(settings, weights=PlainWeights("good"), workers=2, supervision=plain)
    for one in before.processes:
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
    eventually(lambda: not before.alive)
    with join(settings, supervision=plain) as lease:
        assert lease.state.stay
        assert lease.state.default_model == "good"
        assert len(lease.state.workers_of("good")) == 2


def test_down_clears_up_after_a_killed_supervisor(settings: FarmSettings, plain: Supervision) -> None:
    before = up(settings, supervision=plain)
    assert before.supervisor.pid is not None
    os.kill(before.supervisor.pid, signal.SIGKILL)
    eventually(lambda: not before.alive)
    assert down(settings)
    assert not any(one.mark is not None and one.mark.alive for one in before.processes)


def test_several_commands_at_once_share_one_stack(settings: FarmSettings, plain: Supervision) -> None:
    def come(_: int) -> StackLease:
        return join(settings, weights=PlainWeights("good"), supervision=plain)

    with ThreadPoolExecutor(6) as threads:
        leases = list(threads.map(come, range(6)))
    try:
        assert len({lease.state.supervisor.pid for lease in leases}) == 1
        assert len({process(lease.state, "gpu-0").pid for lease in leases}) == 1
    finally:
        for lease in leases:
            lease.close()


def test_a_command_that_comes_while_the_stack_leaves_starts_a_new_one(
    settings: FarmSettings, plain: Supervision
) -> None:
    first = up(settings, weights=PlainWeights("stubborn"), supervision=plain)
    with ThreadPoolExecutor(1) as threads:
        leaving = threads.submit(down, settings)
        eventually(lambda: find(settings) is None)
        with join(settings, supervision=plain) as lease:
            assert leaving.result()
            assert not first.alive
            assert not lease.ensure_alive()
            assert lease.state.alive


def test_two_data_folders_are_two_stacks(settings: FarmSettings, plain: Supervision, tmp_path: Path) -> None:
    other = settings.model_copy(update={"home": tmp_path / "other"})
    other.home.mkdir()
    (other.home / "open-jobs").write_text("0")
    with join(settings, supervision=plain) as here, join(other, supervision=plain) as there:
        assert here.state.temporal.address != there.state.temporal.address
        assert not set(pids(here.state)) & set(pids(there.state))
    assert down(other)


def test_workers_are_added_and_up_sets_their_number(settings: FarmSettings, plain: Supervision) -> None:
    weights = PlainWeights("good")
    with join(settings, weights=weights, workers=1, supervision=plain) as lease:
        one = lease.state.workers_of("good")
        with join(settings, weights=weights, workers=3, supervision=plain) as more:
            three = more.state.workers_of("good")
            assert [worker.name for worker in three] == ["gpu-0", "gpu-1", "gpu-2"]
            assert three[0].pid == one[0].pid
        with join(settings, weights=weights, supervision=plain) as same:
            assert same.state.workers_of("good") == three
        with join(settings, weights=PlainWeights("other"), workers=1, supervision=plain) as second:
            assert len(second.state.workers_of("other")) == 1
        assert len(up(settings, weights=weights, workers=2, supervision=plain).workers_of("good")) == 2
        eventually(lambda: len([p for p in pids_of_gpus(settings) if p is not None]) == 3)
        assert up(settings, weights=weights, workers=0, supervision=plain).workers_of("good") == ()


def pids_of_gpus(settings: FarmSettings) -> list[int | None]:
    state = find(settings)
    return [one.pid for one in state.processes if one.role == "gpu"] if state is not None else []


def test_a_worker_that_can_not_start_is_told_with_its_own_words(
    settings: FarmSettings, plain: Supervision
) -> None:
    with pytest.raises(StackBroken, match=r"worker does not start: The weights are of no use\. Its log is"):
        join(settings, weights=PlainWeights("broken"), supervision=plain)
    with pytest.raises(StackBroken, match=r"Out of luck\."):
        join(settings, weights=PlainWeights("crashing"), supervision=plain)
    with join(settings, weights=PlainWeights("good"), supervision=plain) as lease:
        assert lease.state.workers_of("good")[0].ready


def test_other_weights_under_one_name_wait_until_they_may_replace_the_first(
    settings: FarmSettings, plain: Supervision
) -> None:
    other = PlainWeights("good", fingerprint="e" * 64)
    with (
        join(settings, weights=PlainWeights("good"), supervision=plain) as lease,
        pytest.raises(StackBroken, match="other weights under the name 'good'"),
    ):
        join(settings, weights=other, supervision=plain)
    first = lease.state.workers_of("good")[0].pid
    with join(settings, weights=other, supervision=plain) as replaced:
        assert replaced.state.workers_of("good")[0].pid != first
        assert replaced.state.models[0].fingerprint == "e" * 64


def test_a_stack_of_another_version_is_restarted_where_it_is_idle(
    settings: FarmSettings, plain: Supervision, open_jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = up(settings, weights=PlainWeights("good"), supervision=plain)
    monkeypatch.setattr(joining, "stack_version", lambda: "another")
    open_jobs(1)
    with pytest.raises(StackBroken, match=r"another version of the program .* has work to do; wait until"):
        join(settings, supervision=plain)
    assert old.alive
    open_jobs(0)
    with join(settings, supervision=plain) as lease:
        assert lease.state.version == "another"
        assert lease.state.supervisor.pid != old.supervisor.pid
        assert lease.state.stay, "a person asked it to stay, and did not ask for less since"
        assert len(lease.state.workers_of("good")) == 1
    assert not old.alive


def test_a_stack_with_another_store_or_port_is_restarted_only_where_it_is_idle(
    settings: FarmSettings, plain: Supervision
) -> None:
    with join(settings, supervision=plain) as lease:
        port = int(lease.state.temporal.address.rpartition(":")[2])
        with pytest.raises(StackBroken, match="another store"):
            join(settings, store="minio", supervision=plain)
        with pytest.raises(StackBroken, match=f"not at port {port + 1}"):
            join(settings, temporal_port=port + 1, supervision=plain)
        join(settings, temporal_port=port, store="local", supervision=plain).close()
    with join(settings, store="minio", supervision=plain) as other:
        assert other.state.store.kind == "minio"
        assert other.state.temporal == lease.state.temporal, "the remembered port is kept"


@pytest.mark.parametrize("meanwhile", ["leaving", "gone"])
def test_two_commands_at_once_restart_an_idle_stack_of_another_version_together(
    settings: FarmSettings, plain: Supervision, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    old = up(settings, supervision=plain)
    monkeypatch.setattr(joining, "stack_version", lambda: "another")
    both_heard, first = threading.Barrier(2), threading.Lock()

    def tell(state: StackState, command: str, **facts: object) -> Answered:
        if command == "leave":
            both_heard.wait(30)  # that it differs and is idle
            if not first.acquire(blocking=False):
                if meanwhile == "leaving":  # what it says in the moment before it closes its door
                    with socket.socket() as closed:
                        return Answered({"ok": False, "why": "leaving"}, closed)
                eventually(lambda: not old.alive)
        return channel.tell(state, command, **facts)

    monkeypatch.setattr(joining, "tell", tell)
    with ThreadPoolExecutor(2) as threads:
        joined = [threads.submit(join, settings, supervision=plain) for _ in range(2)]
        leases = [each.result(60) for each in joined]
    try:
        assert len({lease.state.supervisor.pid for lease in leases} - {old.supervisor.pid}) == 1
        assert {lease.state.version for lease in leases} == {"another"}
    finally:
        for lease in leases:
            lease.close()


@pytest.mark.parametrize(("name", "value"), [("DRAIN_SECONDS", "abc"), ("BUCKET", "Bad_Name!")])
def test_a_wrong_setting_is_said_before_a_supervisor_is_started(
    settings: FarmSettings, plain: Supervision, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"WHISPER_FARM_{name}", value)
    with pytest.raises(BadRequest, match=f"The environment variable WHISPER_FARM_{name} is wrong"):
        join(settings, supervision=plain)
    assert not (settings.home / "logs" / "supervisor.log").exists()


def test_a_port_that_is_taken_is_said_at_once(settings: FarmSettings, plain: Supervision) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackBroken, match=f"port {port} on 127.0.0.1 is taken .* --temporal-port"):
            up(settings, temporal_port=port, supervision=plain)
    assert find(settings) is None
    assert not (settings.home / "stack.lock").exists()
    assert up(settings, temporal_port=port, supervision=plain).temporal.address == f"127.0.0.1:{port}"


def test_a_stack_that_runs_is_not_given_up_for_a_port_that_is_taken(
    settings: FarmSettings, plain: Supervision
) -> None:
    before = up(settings, supervision=plain)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackBroken, match=f"port {port} on 127.0.0.1 is taken"):
            up(settings, temporal_port=port, supervision=plain)
    assert before.alive


def test_weights_that_were_moved_are_served_from_their_new_folder(
    settings: FarmSettings, plain: Supervision, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    with join(settings, weights=PlainWeights("good", folder=old), supervision=plain) as lease:
        first = lease.state.workers_of("good")
        old.rename(new)
        with join(settings, weights=PlainWeights("good", folder=new), supervision=plain) as moved:
            assert moved.state.models[0].folder == str(new)
            assert [one.pid for one in moved.state.workers_of("good")] != [one.pid for one in first]


def test_a_remembered_port_that_is_taken_by_now_gives_way_to_another(
    settings: FarmSettings, plain: Supervision
) -> None:
    port = int(up(settings, supervision=plain).temporal.address.rpartition(":")[2])
    assert down(settings)
    with socket.create_server(("127.0.0.1", port)), join(settings, supervision=plain) as lease:
        assert lease.state.temporal.address != f"127.0.0.1:{port}"


@pytest.mark.parametrize("bad", ["a-file/home", "/proc/home"])
def test_a_data_folder_that_can_not_be_written_is_refused_by_name(
    bad: str, tmp_path: Path, plain: Supervision
) -> None:
    (tmp_path / "a-file").touch()
    home = tmp_path / bad
    with pytest.raises(StackBroken, match=f"The data folder '{home}' can't be written .* WHISPER_FARM_HOME"):
        join(FarmSettings(home=home), supervision=plain)


def test_an_impossible_number_of_workers_is_a_wrong_request(settings: FarmSettings) -> None:
    with pytest.raises(BadRequest, match="--workers -1"):
        join(settings, workers=-1)


def test_a_stack_whose_data_folder_was_removed_leaves(
    settings: FarmSettings, plain: Supervision, tmp_path: Path
) -> None:
    state = up(settings, supervision=plain)
    settings.home.rename(tmp_path / "elsewhere")
    eventually(lambda: not state.alive)
    assert not any(one.mark is not None and one.mark.alive for one in state.processes)
    (tmp_path / "elsewhere").rename(settings.home)


def test_a_recycled_pid_is_never_ended(settings: FarmSettings, plain: Supervision) -> None:
    state = up(settings, supervision=plain)
    assert down(settings)
    with subprocess.Popen(["sleep", "100"]) as innocent:
        stale = replace(process(state, "control"), pid=innocent.pid)
        from whisper_farm.embedded.state import write_state

        write_state(settings.home / "stack.json", replace(state, processes=(state.supervisor, stale)))
        with join(settings, supervision=plain):
            assert innocent.poll() is None
        innocent.kill()
