"""Batch sizes, the choice of cores, and the language vote: pure decisions, as tables."""

import gc
import weakref

import numpy as np
import pytest

from worker_gpu import wide as wide_module
from worker_gpu.language import vote, windows_of
from worker_gpu.machine import default_batch_size, usable_cores
from worker_gpu.memory import GOOD_BATCHES_TO_GROW, BatchSize, is_out_of_memory
from worker_gpu.wide import WideModel, is_faster_wide


def test_a_batch_that_does_not_fit_is_halved_and_the_size_is_remembered() -> None:
    batch = BatchSize(16)

    assert batch.ran_out(16) == 8
    assert batch.ran_out(8) == 4
    assert batch.now == 4


def test_one_window_that_does_not_fit_can_not_be_halved() -> None:
    assert BatchSize(4).ran_out(1) is None


def test_a_batch_size_grows_back_slowly_and_no_further_than_it_was() -> None:
    batch = BatchSize(4)
    batch.ran_out(4)

    sizes = []
    for _ in range(3 * GOOD_BATCHES_TO_GROW):
        batch.went_well()
        sizes.append(batch.now)

    assert sizes.index(4) == GOOD_BATCHES_TO_GROW - 1
    assert max(sizes) == 4


@pytest.mark.parametrize(
    ("error", "so"),
    [
        (RuntimeError("CUDA failed with error out of memory"), True),
        (RuntimeError("CUBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), True),
        (MemoryError(), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("CUDA failed with error unspecified launch failure"), False),
    ],
)
def test_running_out_of_memory_is_known_by_its_words(error: Exception, so: bool) -> None:
    assert is_out_of_memory(error) is so


@pytest.mark.parametrize(("encoder_seconds", "windows"), [(0.05, 8), (0.3, 6), (1.0, 2), (5.0, 1), (60.0, 1)])
def test_a_batch_on_a_core_takes_seconds_only(encoder_seconds: float, windows: int) -> None:
    assert default_batch_size("cpu", encoder_seconds=encoder_seconds) == windows


def test_a_gpu_gets_large_batches() -> None:
    assert default_batch_size("cuda", encoder_seconds=5.0) == 16


def test_there_is_at_least_one_core() -> None:
    assert usable_cores() >= 1


@pytest.mark.parametrize(
    ("windows", "slots", "so"),
    [
        (1, 1, False),
        (1, 2, True),
        (2, 2, False),
        (3, 2, False),
        (1, 16, True),
        (3, 16, True),
        (8, 16, False),
    ],
)
def test_all_cores_go_into_one_window_where_that_is_sooner_done(windows: int, slots: int, so: bool) -> None:
    assert is_faster_wide(windows, slots=slots) is so


def test_a_second_copy_is_loaded_once_and_let_go_when_nobody_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wide_module, "KEPT_SECONDS", 0.0)

    class Copy:
        pass

    copies: list[weakref.ref[Copy]] = []

    def load() -> Copy:
        copy = Copy()
        copies.append(weakref.ref(copy))
        return copy

    wide = WideModel(load)
    with wide.loaded() as first, wide.loaded() as second:
        assert first is second
    del first, second
    assert wide._timer is not None
    wide._timer.join(10)
    gc.collect()

    assert len(copies) == 1
    assert copies[0]() is None


SOUND = np.ones(16_000 * 30, dtype=np.float32)


def test_the_language_that_weighs_most_wins_and_silence_does_not_vote() -> None:
    ballots = iter([{"de": 0.9, "en": 0.1}, {"en": 0.4, "de": 0.3}, {"en": 0.45, "de": 0.3}])
    windows = [SOUND, SOUND, np.zeros(10, dtype=np.float32), SOUND]

    decided = vote(windows, is_silent=lambda window: not window.any(), detect=lambda _: next(ballots))

    assert decided.language == "de"
    assert decided.probability == pytest.approx(0.5)  # the mean over all that voted
    assert decided.votes == {"de": 1, "en": 2}


def test_where_nobody_speaks_nobody_votes() -> None:
    decided = vote([SOUND], is_silent=lambda _: True, detect=lambda _: {"de": 1.0})

    assert (decided.language, decided.probability, decided.votes) == ("en", 0.0, {})


def test_a_sample_is_voted_on_in_windows_of_thirty_seconds() -> None:
    assert [len(window) for window in windows_of(SOUND.repeat(2)[:-5])] == [480_000, 479_995]
