import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.chunking.conftest import Pcm, moody, nobody_speaks, someone_speaks, spoken
from whisper_farm.chunking import planner as planning
from whisper_farm.chunking.planner import Cut, Planner
from whisper_farm.chunking.rules import plan_rules
from whisper_farm.chunking.tape import Tape
from whisper_farm.chunking.voice import Detector, Probabilities
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, PlanRules

ONE_FRAME = 320


Made = tuple[Pcm, PlanRules, Detector]


def cut(
    pcm: Pcm,
    rules: PlanRules,
    detect: Detector = someone_speaks,
    *,
    blocks: Iterable[int] = (16_000,),
    settled: Sequence[Chunk] = (),
    beyond: Sequence[Chunk] = (),
) -> list[Cut]:
    """The cuts of `pcm`, fed in blocks of these sizes over and over."""
    planner = Planner(rules, settled, {chunk.index: chunk for chunk in beyond}, detect=detect)
    cuts, position = list[Cut](), 0
    for size in itertools.cycle(blocks):
        if position >= len(pcm):
            return cuts + planner.finish()
        cuts += planner.feed(pcm[position : position + size])
        position += size
    raise AssertionError("cycle ends never")


def stored(cuts: Iterable[Cut]) -> list[Chunk]:
    return [
        Chunk(
            index=one.index,
            start=one.start,
            end=one.end,
            margin_before=one.margin_before,
            margin_after=one.margin_after,
            seam=one.seam,
            pcm_sha256="0" * 64,
        )
        for one in cuts
    ]


@st.composite
def recordings(draw: st.DrawFn) -> Made:
    """Up to four minutes of speech, steady noise, digital silence, or pauses too short to cut in."""
    seconds = draw(st.floats(0.01, 240.0))
    seed = draw(st.integers(0, 2**32 - 1))
    match draw(st.sampled_from(["speech", "dense", "noise", "silence"])):
        case "speech":
            pcm = spoken(seconds, seed=seed, room_db=draw(st.sampled_from([-80.0, -50.0, -30.0])))
        case "dense":
            pcm = spoken(seconds, seed=seed, pauses=(0.05, 0.15))
        case "noise":
            pcm = spoken(seconds, seed=seed, room_db=-12.0)
        case _:
            pcm = np.zeros(max(1, round(seconds * SAMPLE_RATE_HZ)), dtype=np.int16)
    declared = draw(st.sampled_from([None, seconds, seconds / 3, seconds * 3]))
    rules = plan_rules(duration_seconds=declared, slots=draw(st.sampled_from([1, 2, 4, 64])))
    return pcm, rules, draw(st.sampled_from([someone_speaks, moody, nobody_speaks]))


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_chunks_cover_the_recording_to_the_sample_in_order_and_within_bounds(made: Made) -> None:
    pcm, rules, detect = made
    cuts = cut(pcm, rules, detect)
    assert [one.index for one in cuts] == list(range(len(cuts)))
    assert [one.start for one in cuts] == [0, *(one.end for one in cuts[:-1])]
    assert cuts[-1].end == len(pcm)
    lengths = [(one.end - one.start) / SAMPLE_RATE_HZ for one in cuts]
    assert max(lengths) <= rules.longest
    assert min(lengths) >= min(rules.least, len(pcm) / SAMPLE_RATE_HZ)


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_spoken_seams_have_margins_of_two_to_five_seconds_on_both_sides_and_silent_ones_none(
    made: Made,
) -> None:
    cuts = cut(*made)
    for before, after in itertools.pairwise(cuts):
        margins = [before.margin_after / SAMPLE_RATE_HZ, after.margin_before / SAMPLE_RATE_HZ]
        assert margins == [0, 0] if after.seam == "silent" else all(2 <= margin <= 5 for margin in margins)
    assert (cuts[0].seam, cuts[0].margin_before, cuts[-1].margin_after) == ("silent", 0, 0)


@settings(max_examples=40, deadline=None)
@given(recordings(), st.lists(st.integers(1, 100_000), max_size=4).map(lambda sizes: [*sizes, 5_000]))
def test_the_same_recording_is_cut_alike_whatever_the_block_sizes(made: Made, blocks: list[int]) -> None:
    assert cut(*made, blocks=blocks) == cut(*made, blocks=[len(made[0])])


@settings(max_examples=40, deadline=None)
@given(recordings(), st.data())
def test_a_resumed_planner_goes_on_as_an_uninterrupted_one(made: Made, data: st.DataObject) -> None:
    whole = cut(*made)
    kept = data.draw(st.integers(0, len(whole)))
    assert cut(*made, settled=stored(whole[:kept])) == whole[kept:]


@settings(max_examples=40, deadline=None)
@given(recordings(), st.data(), st.sampled_from([someone_speaks, nobody_speaks, moody]))
def test_a_chunk_that_is_missing_is_cut_as_it_was_even_where_another_detector_decides(
    made: Made, data: st.DataObject, detect: Detector
) -> None:
    pcm, rules, _ = made
    whole = cut(*made)
    assume(len(whole) > 1)
    missing = data.draw(st.integers(0, len(whole) - 2))
    kept = stored(whole[:missing]), stored(whole[missing + 1 :])
    assert cut(pcm, rules, detect, settled=kept[0], beyond=kept[1]) == whole[missing:]


@settings(max_examples=40, deadline=None)
@given(recordings(), st.data(), st.integers(4_000, 100_000))
def test_the_tape_holds_what_each_chunk_needs_and_lets_go_of_the_rest(
    made: Made, data: st.DataObject, block: int
) -> None:
    pcm, rules, detect = made
    whole = cut(*made)
    kept = data.draw(st.integers(0, len(whole)))
    planner, tape = Planner(rules, stored(whole[:kept]), detect=detect), Tape()
    for position in range(0, len(pcm) + block, block):
        piece = pcm[position : position + block]
        tape.append(piece)
        for one in planner.feed(piece) if len(piece) else planner.finish():
            start, end = one.start - one.margin_before, one.end + one.margin_after
            assert np.array_equal(tape.between(start, end), pcm[start:end])
        tape.forget(planner.first_needed)


@settings(max_examples=40, deadline=None)
@given(recordings(), st.integers(1, 4_000_000), st.sampled_from([0, 40_000]))
def test_stored_cuts_bind_wherever_they_lie(made: Made, end: int, margin: int) -> None:
    pcm, rules, detect = made
    foreign = [Chunk(index=0, start=0, end=end, margin_after=margin, pcm_sha256="0" * 64)]
    cuts = cut(pcm, rules, detect, settled=foreign)
    if cuts:
        assert cuts[0].seam == ("spoken" if margin else "silent")
        assert 0 <= cuts[0].margin_before <= end
        assert (cuts[0].margin_before > 0) == (margin > 0)
    assert [one.index for one in cuts] == list(range(1, len(cuts) + 1))
    assert [one.start for one in cuts] == [end, *(one.end for one in cuts[:-1])][: len(cuts)]
    assert (cuts[-1].end if cuts else max(end, len(pcm))) == max(end, len(pcm))
    lengths = [one.end - one.start for one in cuts]
    rest = len(pcm) - end
    assert min(lengths, default=10**9) >= min(rules.least * SAMPLE_RATE_HZ - ONE_FRAME, max(rest, 0))


def test_a_cut_lies_in_the_middle_of_the_longest_silence_of_its_window() -> None:
    pcm = spoken(40.0, seed=1, pauses=(0.05, 0.1))
    pcm[22 * SAMPLE_RATE_HZ : round(22.4 * SAMPLE_RATE_HZ)] = 0
    pcm[25 * SAMPLE_RATE_HZ : 26 * SAMPLE_RATE_HZ] = 0  # the longest within reach
    pcm[30 * SAMPLE_RATE_HZ : 33 * SAMPLE_RATE_HZ] = 0  # longer, but too late
    first, second = cut(np.concatenate([pcm, pcm]), plan_rules(duration_seconds=80.0, slots=8))[:2]
    assert first.end == pytest.approx(25.5 * SAMPLE_RATE_HZ, abs=ONE_FRAME)
    assert (first.seam, second.seam) == ("silent", "silent")


def test_where_the_window_has_no_silence_a_later_one_is_better_than_a_cut_in_speech() -> None:
    pcm = spoken(80.0, seed=2, pauses=(0.05, 0.1))
    pcm[36 * SAMPLE_RATE_HZ : 37 * SAMPLE_RATE_HZ] = 0
    first, second = cut(pcm, plan_rules(duration_seconds=80.0, slots=8))[:2]
    assert first.end == pytest.approx(36.5 * SAMPLE_RATE_HZ, abs=ONE_FRAME)
    assert second.seam == "silent"


def test_where_there_is_no_silence_at_all_the_cut_lies_at_the_quietest_point_and_is_marked_spoken() -> None:
    pcm = spoken(80.0, seed=3, pauses=(0.05, 0.1))
    for at in (19.5, 23.0, 26.5):
        pcm[round(at * SAMPLE_RATE_HZ) : round((at + 0.2) * SAMPLE_RATE_HZ)] = 0
    first, second = cut(pcm, plan_rules(duration_seconds=80.0, slots=8))[:2]
    assert first.end == pytest.approx(23.1 * SAMPLE_RATE_HZ, abs=2 * ONE_FRAME)
    assert second.seam == "spoken"
    assert first.end + first.margin_after == pytest.approx(26.6 * SAMPLE_RATE_HZ, abs=2 * ONE_FRAME)
    assert second.start - second.margin_before == pytest.approx(19.6 * SAMPLE_RATE_HZ, abs=2 * ONE_FRAME)
    assert (first.margin_before, second.start) == (0, first.end)


def test_silence_is_judged_against_the_noise_of_the_room() -> None:
    for room_db in (-80.0, -60.0, -50.0):
        pcm = spoken(300.0, seed=4, room_db=room_db)
        cuts = cut(pcm, plan_rules(duration_seconds=300.0, slots=2), unasked)
        assert {one.seam for one in cuts} == {"silent"}, room_db


def unasked(_: Pcm) -> Probabilities:
    raise AssertionError("energy was enough")


def test_where_the_room_is_nearly_as_loud_as_the_voices_their_detector_decides() -> None:
    pcm, rules = spoken(300.0, seed=4, room_db=-28.0), plan_rules(duration_seconds=300.0, slots=2)
    assert {one.seam for one in cut(pcm, rules, nobody_speaks)} == {"silent"}
    assert {one.seam for one in cut(pcm, rules, someone_speaks)[1:]} == {"spoken"}


def test_a_clip_of_thirty_seconds_is_one_chunk() -> None:
    for seconds in (0.01, 20.0, 30.0, 30.1):
        pcm = spoken(seconds, seed=5)
        assert len(cut(pcm, plan_rules(duration_seconds=seconds, slots=4))) == 1


def test_pure_silence_is_cut_as_any_other_recording() -> None:
    pcm = np.zeros(200 * SAMPLE_RATE_HZ, dtype=np.int16)
    cuts = cut(pcm, plan_rules(duration_seconds=200.0, slots=2))
    assert len(cuts) == 8
    assert {one.seam for one in cuts} == {"silent"}


def test_an_empty_recording_makes_no_chunk() -> None:
    assert cut(np.empty(0, dtype=np.int16), plan_rules(duration_seconds=None, slots=1)) == []


def test_a_recording_that_makes_too_many_chunks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_CHUNKS", 3)
    with pytest.raises(RecordingUnusable, match="is too long: 0 hours of it make 3 chunks"):
        cut(spoken(400.0, seed=6), plan_rules(duration_seconds=None, slots=4))
