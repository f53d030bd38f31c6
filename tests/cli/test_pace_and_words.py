import pytest

from whisper_farm.cli import words
from whisper_farm.cli.pace import Pace, told
from whisper_farm.messages import Progress


def progress(**known: object) -> Progress:
    nothing: dict[str, object] = {
        "job": "j",
        "stage": "transcribing",
        "state": "running",
        "name": "talk.mp3",
        "model": "small",
        "queue": "q",
        "language": "en",
        "duration_seconds": 600.0,
        "cut_seconds": 300.0,
        "heard_seconds": 0.0,
        "chunks_cut": 14,
        "chunks_heard": 3,
        "chunks_failed": 0,
        "chunks_running": 2,
        "all_cut": False,
        "started_at": "2026-11-24T10:00:00+00:00",
        "fan_out_at": None,
    }
    return Progress.model_validate(nothing | known)


def test_what_was_stored_before_does_not_count_as_speed() -> None:
    pace = Pace()

    pace.saw(100.0, 500.0)
    pace.saw(110.0, 600.0)

    assert pace.realtime() == pytest.approx(10.0)
    assert pace.seconds_left(700.0, 110.0) == pytest.approx(10.0)


def test_nothing_is_promised_before_anything_was_heard() -> None:
    pace = Pace()
    pace.saw(0.0, 0.0)

    assert pace.realtime() is None
    assert pace.seconds_left(600.0, 5.0) is None


def test_the_time_left_runs_down_between_two_chunks() -> None:
    pace = Pace()
    pace.saw(0.0, 0.0)
    pace.saw(10.0, 100.0)

    assert pace.seconds_left(200.0, 14.0) == pytest.approx(6.0)
    assert pace.seconds_left(200.0, 99.0) == 0.0


def test_progress_is_told_in_a_few_words() -> None:
    pace = Pace()
    pace.saw(0.0, 0.0)
    pace.saw(10.0, 410.0)

    assert told(progress(), pace, 10.0) == "14 chunks cut, 3 done, 41x realtime, 0:05 left"
    assert told(progress(all_cut=True, chunks_failed=1), Pace(), 0.0) == "3 of 14 chunks done, 1 failed"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.length(183.1), "3:03"),
        (words.length(3723), "1:02:03"),
        (words.length(None), "?"),
        (words.took(0.84), "0.8 s"),
        (words.took(200), "3 min 20 s"),
        (words.took(7500), "2 h 5 min"),
        (words.size(512), "512 B"),
        (words.size(12_440_000), "12.4 MB"),
        (words.bytes_rate(12_440_000), "12.4 MB/s"),
        (words.realtime(41.3), "41x realtime"),
        (words.realtime(1.26), "1.3x realtime"),
        (words.realtime(0.05), "0.05x realtime"),
        (words.count(1, "chunk"), "1 chunk"),
        (words.count(1204, "chunk"), "1,204 chunks"),
    ],
)
def test_numbers_carry_their_units(said: str, expected: str) -> None:
    assert said == expected
