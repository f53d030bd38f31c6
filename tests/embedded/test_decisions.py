"""What a stack decides by thinking alone: restarts, patience, shapes of workers."""

import pytest

from whisper_farm.embedded.idle import IdleClock
from whisper_farm.embedded.restarts import (
    LONGEST_PAUSE_SECONDS,
    TRIES_KILLED,
    TRIES_OF_ITS_OWN,
    Deaths,
    is_hopeless,
    pause_seconds,
)
from whisper_farm.embedded.shapes import worker_shapes
from whisper_farm.embedded.state import WorkerShape


def test_a_process_that_lived_well_is_started_again_at_once() -> None:
    deaths = Deaths()
    for _ in range(20):
        deaths = deaths.with_one_more(code=-9, lived_seconds=3600, ever_ready=True)
        assert pause_seconds(deaths) == 0
        assert not is_hopeless(deaths, code=-9, ever_ready=True)


def test_a_crash_loop_slows_down_but_never_past_five_seconds() -> None:
    deaths, pauses = Deaths(), []
    for _ in range(12):
        deaths = deaths.with_one_more(code=1, lived_seconds=0.5, ever_ready=True)
        pauses.append(pause_seconds(deaths))
    assert pauses == sorted(pauses)
    assert pauses[:3] == [0, 0.25, 0.5]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS < 5


@pytest.mark.parametrize(("code", "tries"), [(2, 1), (1, TRIES_OF_ITS_OWN), (-9, TRIES_KILLED)])
def test_a_process_that_never_came_up_is_given_up(code: int, tries: int) -> None:
    deaths = Deaths()
    for number in range(1, tries + 1):
        deaths = deaths.with_one_more(code=code, lived_seconds=1, ever_ready=False)
        assert is_hopeless(deaths, code=code, ever_ready=False) == (number == tries)


def test_a_wrong_setting_ends_nothing_that_was_up_once() -> None:
    deaths = Deaths().with_one_more(code=2, lived_seconds=1, ever_ready=True)
    assert not is_hopeless(deaths, code=2, ever_ready=True)


def test_a_stack_leaves_after_its_patience_and_not_before() -> None:
    clock = IdleClock(patience_seconds=10, needed_at=100)
    assert not clock.ran_out(109.9)
    clock.needed(105)
    assert not clock.ran_out(114.9)
    assert clock.ran_out(115)


def test_on_a_cpu_one_process_serves_with_all_cores_by_default() -> None:
    assert worker_shapes(None, cores=8, gpus=0) == (WorkerShape(),)
    assert worker_shapes(1, cores=8, gpus=0) == (WorkerShape(),)
    assert worker_shapes(0, cores=8, gpus=0) == ()


@pytest.mark.parametrize(("workers", "slots"), [(2, 4), (3, 2), (8, 1), (20, 1)])
def test_several_processes_share_the_cores(workers: int, slots: int) -> None:
    assert worker_shapes(workers, cores=8, gpus=0) == (WorkerShape(slots=slots),) * workers


def test_each_gpu_has_its_process_and_more_are_dealt_out_in_turn() -> None:
    def devices(workers: int | None) -> list[int | None]:
        shapes = worker_shapes(workers, cores=8, gpus=2)
        assert all(shape.device == "cuda" and shape.slots is None for shape in shapes)
        return [shape.device_index for shape in shapes]

    assert devices(None) == [0, 1]
    assert devices(3) == [0, 1, 0]
    assert devices(0) == []
