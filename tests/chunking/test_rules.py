import math

import pytest

from whisper_farm.chunking.rules import LEAST_SECONDS, MOST_CHUNKS, plan_rules, target_seconds, window
from whisper_farm.models import PlanRules

HOUR = 3600.0


def lengths(
    duration: float, slots: int, *, declared: float | None = None, share: float = 0.925
) -> list[float]:
    """The chunks of a recording whose silences lie `share` of the target from each chunk's start."""
    rules = plan_rules(duration_seconds=declared, slots=slots)
    start, found = 0.0, list[float]()
    while True:
        reach = window(rules, start_seconds=start, index=len(found))
        if duration - start <= reach.alone:
            return [*found, duration - start]
        target = target_seconds(rules, start_seconds=start, index=len(found))
        length = min(max(share * target, reach.earliest), duration - start - LEAST_SECONDS)
        found.append(length)
        start += length


@pytest.mark.parametrize(
    ("duration", "slots", "expected"),
    [
        (20.0, 1, 1), (20.0, 2, 1), (20.0, 4, 1), (20.0, 64, 1),
        (30.0, 1, 1), (30.0, 2, 1), (30.0, 4, 1), (30.0, 64, 1),
        (180.0, 1, 6), (180.0, 2, 7), (180.0, 4, 7), (180.0, 64, 7),
        (HOUR, 1, 39), (HOUR, 2, 43), (HOUR, 4, 51), (HOUR, 64, 139),
        (10 * HOUR, 1, 352), (10 * HOUR, 2, 356), (10 * HOUR, 4, 364), (10 * HOUR, 64, 601),
        (100 * HOUR, 1, 1988), (100 * HOUR, 2, 1988), (100 * HOUR, 4, 1988), (100 * HOUR, 64, 1988),
    ],
)  # fmt: skip
def test_a_recording_makes_so_many_chunks(duration: float, slots: int, expected: int) -> None:
    assert len(lengths(duration, slots, declared=duration)) == expected


@pytest.mark.parametrize("slots", [0, 1, 64, 100_000])
@pytest.mark.parametrize("hours", [0.01, 1, 10, 15.4, 15.6, 50, 100, 1_000, 100_000])
def test_no_declared_length_makes_more_chunks_than_a_job_may_have(hours: float, slots: int) -> None:
    assert len(lengths(hours * HOUR, slots, declared=hours * HOUR, share=0.0)) <= MOST_CHUNKS


@pytest.mark.parametrize("declared", [None, 1.0, 180.0, HOUR, 10 * HOUR])
def test_a_recording_much_longer_than_its_header_says_stays_within_the_bound(declared: float | None) -> None:
    assert len(lengths(100 * HOUR, 4, declared=declared, share=0.0)) <= MOST_CHUNKS


@pytest.mark.parametrize("slots", [2, 4, 8, 64])
@pytest.mark.parametrize("duration", [180.0, 600.0, HOUR, 10 * HOUR])
def test_the_last_chunks_are_not_the_longest(duration: float, slots: int) -> None:
    found = lengths(duration, slots, declared=duration)
    assert max(found[-slots:]) <= 1.5 * min(found)
    assert duration < HOUR or slots == 64 or max(found[-slots:]) < 0.5 * max(found)


@pytest.mark.parametrize("slots", [2, 3, 4])
def test_a_short_recording_is_spread_over_all_slots(slots: int) -> None:
    assert len(lengths(180.0, slots, declared=180.0)) >= slots + slots // 2
    assert len(lengths(120.0, slots, declared=120.0)) >= slots


def test_the_first_chunk_is_short_whatever_the_length_and_the_next_ones_double() -> None:
    for duration in (HOUR, 100 * HOUR, None):
        rules = plan_rules(duration_seconds=duration, slots=2)
        targets = [target_seconds(rules, start_seconds=0.0, index=index) for index in range(3)]
        assert targets == [28.0, 56.0, 112.0]


def test_targets_are_whole_windows() -> None:
    rules = plan_rules(duration_seconds=5 * HOUR, slots=3)
    for start in range(0, 8 * 3600, 97):
        assert target_seconds(rules, start_seconds=float(start), index=50) % 28.0 == 0.0


def test_where_no_worker_is_alive_yet_a_small_machine_is_assumed() -> None:
    assert plan_rules(duration_seconds=HOUR, slots=0) == plan_rules(duration_seconds=HOUR, slots=4)


@pytest.mark.parametrize("duration", [None, 1.0, HOUR, 100 * HOUR, 1_000 * HOUR])
def test_windows_are_in_order_and_within_the_bounds(duration: float | None) -> None:
    rules = plan_rules(duration_seconds=duration, slots=4)
    for start in [0.0, 1.0, 1e3, 1e5, 1e7]:
        for index in (0, 1, 5, 2_000):
            reach = window(rules, start_seconds=start, index=index)
            assert rules.least <= reach.earliest < reach.latest < reach.alone < reach.longest <= rules.longest


def test_rules_survive_being_stored() -> None:
    rules = plan_rules(duration_seconds=math.pi * HOUR, slots=7)
    assert PlanRules.model_validate_json(rules.model_dump_json()) == rules
