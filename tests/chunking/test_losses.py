from whisper_farm.audio.decode import DecodeFault
from whisper_farm.audio.timeline import Hole
from whisper_farm.chunking.losses import clock, losses
from whisper_farm.models import SAMPLE_RATE_HZ


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def test_a_recording_that_is_whole_lost_nothing() -> None:
    for duration in (None, 180.0, 181.9, 178.0):
        found = losses(duration_seconds=duration, samples=samples(180.0))
        assert (found.gaps, found.warnings) == ((), ())


def test_a_recording_that_is_cut_short_says_so_and_has_a_gap_to_its_end() -> None:
    found = losses(duration_seconds=183.1, samples=samples(91.5))
    (gap,) = found.gaps
    assert (gap.start, gap.end, gap.fault) == (91.5, 183.1, "recording")
    assert gap.reason == "the recording is cut short: its header says 3:03, only 1:31 could be read"


def test_a_header_is_believed_to_one_in_a_hundred() -> None:
    assert not losses(duration_seconds=36_000.0, samples=samples(35_650.0)).gaps
    assert losses(duration_seconds=36_000.0, samples=samples(35_630.0)).gaps


def test_damage_is_told_with_its_place() -> None:
    found = losses(
        duration_seconds=60.0, samples=samples(60.0), faults=[DecodeFault(31.2, "Invalid data found")]
    )
    assert found.warnings == ("At 0:31 the recording is damaged: Invalid data found.",)
    assert found.gaps == ()


def test_much_damage_is_told_briefly() -> None:
    faults = [DecodeFault(float(second), "Header missing") for second in range(0, 600, 20)]
    found = losses(duration_seconds=600.0, samples=samples(600.0), faults=faults)
    assert len(found.warnings) == 10
    assert found.warnings[-1] == "The recording is damaged at 21 more places."


def test_one_damage_is_told_once() -> None:
    faults = [DecodeFault(60.0, "invalid sync code"), DecodeFault(60.1, "decode_frame() failed")]

    alone = losses(duration_seconds=200.0, samples=samples(200.0), faults=faults)
    assert alone.warnings == ("At 1:00 the recording is damaged: invalid sync code.",)

    holed = losses(
        duration_seconds=200.0,
        samples=samples(200.0),
        faults=faults,
        holes=[Hole(samples(59.0), samples(64.0))],
    )
    assert (len(holed.gaps), holed.warnings) == (1, ())


def test_a_hole_is_a_gap_only_where_something_could_not_be_decoded() -> None:
    holes = [Hole(samples(10.0), samples(12.5)), Hole(samples(300.0), samples(400.0))]
    found = losses(
        duration_seconds=None, samples=samples(600.0), faults=[DecodeFault(20.0, "Invalid data")], holes=holes
    )
    (gap,) = found.gaps
    assert (gap.start, gap.end, gap.fault) == (10.0, 12.5, "recording")
    assert gap.reason == "the recording is damaged: 2.5 s at 0:10 could not be read"


def test_times_read_as_people_write_them() -> None:
    assert [clock(seconds) for seconds in (0.0, 59.9, 91.5, 3_723.0)] == ["0:00", "0:59", "1:31", "1:02:03"]
