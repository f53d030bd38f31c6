import pytest

from activities.heartbeats import interval_seconds
from activities.pace import SHORTEST_PATIENCE_SECONDS, Pace, patience_seconds

STEP = 30.0


@pytest.mark.parametrize(
    ("pace", "allowed"),
    [
        (500.0, 60.0),
        (100.0, 60.0),
        (3.0, 60.0),
        (1.0, 180.0),
        (0.1, 1_800.0),
        (0.05, 3_600.0),
        (0.02, 9_000.0),
        (None, 9_000.0),
    ],
)
def test_patience_follows_from_audio_and_pace(pace: float | None, allowed: float) -> None:
    assert patience_seconds(STEP, pace) == pytest.approx(allowed)


@pytest.mark.parametrize("pace", [500.0, 10.0, 1.0, 0.05, 0.02])
def test_a_steady_engine_raises_no_alarm_at_any_pace(pace: float) -> None:
    """Not before its first step, not after it, and not in a window that takes four times as long."""
    measured = Pace(step_audio_seconds=STEP)
    step_takes = STEP / pace

    assert measured.patience_seconds() > step_takes
    for _ in range(200):
        measured.step_took(step_takes)
        assert measured.patience_seconds() > 4 * step_takes


def test_patience_goes_by_the_slowest_of_the_last_steps() -> None:
    pace = Pace(step_audio_seconds=STEP)
    pace.step_took(300.0)
    for _ in range(20):
        pace.step_took(1.0)

    assert pace.slowest == pytest.approx(0.1)


def test_an_estimate_is_taken_with_a_grain_of_salt() -> None:
    assert Pace(step_audio_seconds=STEP, estimate=1.0).patience_seconds() == pytest.approx(1_800.0)
    assert Pace(step_audio_seconds=STEP, estimate=500.0).patience_seconds() == SHORTEST_PATIENCE_SECONDS


def test_several_steps_in_one_are_given_the_time_of_several() -> None:
    pace = Pace(step_audio_seconds=STEP, estimate=1.0)

    assert pace.patience_seconds(4) == pytest.approx(4 * pace.patience_seconds())


def test_how_long_a_chunk_takes_is_told_by_the_slowest_chunk_of_late() -> None:
    pace = Pace(step_audio_seconds=STEP)
    assert pace.seconds_for(60.0) is None

    pace.heard(60.0, 2.0)
    pace.heard(60.0, 6.0)

    assert pace.seconds_for(120.0) == pytest.approx(12.0)


@pytest.mark.parametrize(("timeout", "interval"), [(None, 2.0), (60.0, 2.0), (4.0, 1.0), (0.2, 0.05)])
def test_beats_come_several_times_within_their_timeout(timeout: float | None, interval: float) -> None:
    assert interval_seconds(timeout) == pytest.approx(interval)
