"""What the fidelity benchmark says of a transcript is checked on transcripts whose faults are known."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.against_truth.coverage import (
    Interval,
    over_silence,
    total_seconds,
    uncovered,
    unreported,
    without,
)
from benchmarks.against_truth.farm import FORCED_MARGIN_SECONDS, forced, planned
from benchmarks.against_truth.loading import load_farm
from benchmarks.against_truth.material import Material, materials, read_material
from benchmarks.against_truth.proofs import Subtitles
from benchmarks.against_truth.result import Result
from benchmarks.against_truth.score import Edit, Score, Transcribed, score, together
from benchmarks.against_truth.sweep import Side, beyond, cause_of, try_seam
from benchmarks.against_truth.tables import tables
from benchmarks.against_truth.words import TimedWord, counted_words
from tools.recordings import making
from whisper_farm.models import SAMPLE_RATE_HZ

SAID = "we saw the old bridge and then the river was dark".split()  # noqa: SIM905 - a sentence reads as one


def timed(words: list[str], *, each_seconds: float = 0.5, shift: float = 0.0) -> tuple[TimedWord, ...]:
    return tuple(
        TimedWord(word, shift + at * each_seconds, shift + (at + 1) * each_seconds)
        for at, word in enumerate(words)
    )


def recording(words: list[str]) -> Material:
    return Material(name="talk", kind="clean", audio=Path("talk.mp3"), truth=timed(words), has_times=True)


def test_a_perfect_transcript_has_no_faults() -> None:
    found, edits = score(recording(SAID), Transcribed(words=timed(SAID), seconds=1.0))
    assert edits == []
    assert (found.words, found.errors, found.rate) == (11, 0, 0.0)
    assert (found.uncovered_seconds, found.unreported_seconds) == (0.0, 0.0)
    assert found.starts_elsewhere == (0.0,) * 11


def test_each_fault_is_counted_as_what_it_is_and_placed_where_it_is() -> None:
    heard = list(timed(SAID))
    heard[3] = TimedWord("cold", heard[3].start, heard[3].end)
    heard.insert(3, TimedWord("the", 1.4, 1.5))
    del heard[9]
    found, edits = score(recording(SAID), Transcribed(words=tuple(heard), seconds=1.0))
    assert (found.lost, found.doubled, found.wrong) == (1, 1, 1)
    assert set(edits) == {
        Edit("doubled", 1.4, "", "the"),
        Edit("wrong", 1.5, "old", "cold"),
        Edit("lost", 4.0, "river", ""),
    }


def test_word_starts_near_a_seam_are_told_apart_from_the_others() -> None:
    words = [f"word{n}" for n in range(40)]
    heard = [
        TimedWord(word.text, word.start + (0.2 if word.start > 10 else 0.1), word.end)
        for word in timed(words)
    ]
    found, _ = score(recording(words), Transcribed(words=tuple(heard), seconds=1.0, seams=(13.0,)))
    assert [round(error, 3) for error in found.starts_at_seams] == [0.2] * 9
    assert len(found.starts_elsewhere) == 31
    assert max(found.starts_elsewhere) == pytest.approx(0.2)
    assert min(found.starts_elsewhere) == pytest.approx(0.1)


def test_a_truth_without_times_gives_mistakes_and_nothing_that_needs_times() -> None:
    truth = tuple(TimedWord(word, 0.0, 0.0) for word in SAID)
    material = Material(name="talk", kind="a", audio=Path("talk.mp3"), truth=truth, has_times=False)
    found, edits = score(material, Transcribed(words=timed(SAID[:5]), seconds=1.0, seams=(2.0,)))
    assert (found.lost, len(edits)) == (6, 6)
    assert (found.uncovered_seconds, found.starts_at_seams, found.starts_elsewhere) == (0.0, (), ())


def test_speech_without_words_is_uncovered_and_only_a_gap_makes_it_reported() -> None:
    truth = timed([f"word{n}" for n in range(20)])
    silent = uncovered(truth, [*truth[:6], *truth[14:]])
    assert [(round(start, 3), round(end, 3)) for start, end in silent] == [(3.3, 6.7)]
    assert total_seconds(unreported(silent, [])) == pytest.approx(3.4)
    assert unreported(silent, [(3.0, 7.0)]) == []
    assert unreported(silent, [(4.5, 7.0)]) == []
    assert total_seconds(unreported(silent, [(5.0, 7.0)])) == pytest.approx(1.7)


def test_a_word_that_is_stretched_over_a_loss_does_not_hide_it() -> None:
    truth = timed([f"word{n}" for n in range(20)])
    stretched = TimedWord("word5", 2.5, 7.0)
    assert total_seconds(uncovered(truth, [*truth[:5], stretched, *truth[14:]])) == pytest.approx(2.4)


def test_a_wrong_word_covers_its_speech_and_a_pause_needs_no_cover() -> None:
    truth = (*timed(["one", "two"]), *timed(["three"], shift=30.0))
    assert uncovered(truth, (*timed(["ten", "too"]), *timed(["free"], shift=30.0))) == []


def test_words_where_nobody_speaks_stand_over_silence() -> None:
    truth = (*timed(["one", "two"]), *timed(["three"], shift=30.0))
    beside = TimedWord("thank", 1.4, 1.8)
    over = (TimedWord("you", 1.6, 1.9), TimedWord("bye", 29.0, 29.4), TimedWord("bye", 31.1, 32.0))
    assert over_silence(truth, [*truth, beside]) == 0
    assert over_silence(truth, [*truth, *over]) == 3
    assert over_silence((), over) == 3


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda at: (at[0], at[0] + at[1])))


@given(SPANS, SPANS)
def test_intervals_are_taken_away_to_the_second(some: list[tuple[int, int]], taken: list[Interval]) -> None:
    apart: list[Interval] = []
    for start, end in sorted(some):
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))

    def seconds(intervals: list[Interval]) -> set[int]:
        return {at for start, end in intervals for at in range(int(start), int(end))}

    assert seconds(without(apart, taken)) == seconds(apart) - seconds(taken)


def test_words_that_are_written_as_one_share_its_time() -> None:
    assert counted_words([(" Twenty-ox,", 1.0, 2.0), (" -", 2.0, 2.1), (" Don\u2019t!", 2.1, 2.6)]) == [
        TimedWord("twenty", 1.0, 1.0 + 6 / 8),
        TimedWord("ox", 1.0 + 6 / 8, 1.0 + 6 / 8 + 2 / 8),
        TimedWord("don't", 2.1, 2.6),
    ]


def test_scores_add_up() -> None:
    shown = Subtitles(cues=3, explained=1, faults=2)
    one = Score(words=5, lost=1, seconds=1.5, starts_elsewhere=(0.1,), subtitles=shown)
    two = Score(words=7, wrong=2, seconds=0.5, starts_elsewhere=(0.2,))
    both = together([one, two])
    assert (both.words, both.errors, both.seconds, both.subtitles) == (12, 3, 2.0, shown)
    assert both.starts_elsewhere == (0.1, 0.2)
    assert together([one, one]).subtitles == Subtitles(cues=6, explained=2, faults=4)
    assert together([two]).subtitles is None


def test_a_seam_answers_only_for_what_goes_well_without_it() -> None:
    lost, also_lost = Edit("lost", 3.0, "river", ""), Edit("lost", 4.0, "dark", "")
    surplus = Edit("doubled", 5.0, "", "the")
    assert beyond([lost, also_lost, surplus], [also_lost]) == [lost, surplus]
    assert beyond([lost, surplus], [Edit("wrong", 3.0, "river", "liver"), surplus]) == []
    assert beyond([surplus, surplus], [Edit("wrong", 5.2, "", "a")]) == [surplus]


def test_a_fault_at_a_seam_is_the_mergings_where_a_side_had_it_right_and_else_the_hearings() -> None:
    lost, surplus = Edit("lost", 20.5, "river", ""), Edit("doubled", 21.0, "", "the")
    deaf_left, deaf_right = Side(0.0, 23.0, (lost,)), Side(17.0, 40.0, (lost, surplus))
    left, right = Side(0.0, 23.0, ()), Side(17.0, 40.0, ())
    assert cause_of(lost, [deaf_left, deaf_right]) == "hearing"
    assert cause_of(lost, [left, deaf_right]) == "merging"
    assert cause_of(replace(lost, at=30.0), [left, right]) == "merging"
    assert cause_of(replace(lost, at=30.0), [left, Side(17.0, 40.0, (replace(lost, at=30.0),))]) == "hearing"
    assert cause_of(surplus, [left, deaf_right]) == "hearing"
    assert cause_of(surplus, [left, right]) == "merging"


@pytest.mark.parametrize("seconds", [3.0, 26.5, 45.0, 151.3])
def test_forced_seams_cover_the_recording_with_margins_inside_it(seconds: float) -> None:
    pcm = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)
    cuts = forced(pcm)
    assert [cuts[0].start, *(cut.end for cut in cuts)] == [*(cut.start for cut in cuts), len(pcm)]
    margin = round(FORCED_MARGIN_SECONDS * SAMPLE_RATE_HZ)
    for before, after in pairwise(cuts):
        assert (before.margin_after, after.margin_before, after.seam) == (margin, margin, "spoken")
        assert before.end + margin <= len(pcm)
    assert (cuts[0].margin_before, cuts[-1].margin_after) == (0, 0)


@pytest.mark.parametrize("target_seconds", [15.0, 30.0, 60.0])
def test_planned_chunks_come_near_their_target_from_the_first_to_the_last_but_one(
    target_seconds: float,
) -> None:
    pips = np.zeros(400 * SAMPLE_RATE_HZ, np.int16)
    pips.reshape(-1, SAMPLE_RATE_HZ)[:, : SAMPLE_RATE_HZ // 2] = np.random.default_rng(1).integers(
        -9000, 9000, SAMPLE_RATE_HZ // 2
    )
    lengths = [(cut.end - cut.start) / SAMPLE_RATE_HZ for cut in planned(pips, target_seconds=target_seconds)]
    assert sum(lengths) == 400
    assert all(0.5 * target_seconds <= length <= 1.5 * target_seconds for length in lengths[:-1])


def test_a_recording_goes_with_the_truth_of_its_name_with_times_or_without(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()
    (tmp_path / "a.txt").write_text("Well, twenty-two.")
    (tmp_path / "b.wav").touch()
    (tmp_path / "b.json").write_text(
        '{"kind": "dense", "segments": [{"words": [{"word": "Hi", "start": 0.5, "end": 0.9}]}]}'
    )
    (tmp_path / "c.flac").touch()
    with_times, without_times = materials(tmp_path)
    assert (with_times.kind, with_times.truth) == ("dense", (TimedWord("hi", 0.5, 0.9),))
    assert (without_times.kind, without_times.has_times) == ("recordings", False)
    assert [word.text for word in without_times.truth] == ["well", "twenty", "two"]


def test_a_folder_without_any_truth_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.flac").touch()
    with pytest.raises(SystemExit, match=r"no recording with a \.json or \.txt"):
        materials(tmp_path)


def test_the_tables_tell_where_the_farm_is_worse_than_a_single_pass() -> None:
    def result(system: str, kind: str, lost: int) -> Result:
        return Result(system, f"{kind}-1", kind, 60.0, Score(words=200, lost=lost, seconds=1.0), [])

    heard = [
        *(result("batched", "clean", 2), result("batched", "dense", 8)),
        *(result("farm, 60 s", "clean", 3), result("farm, 60 s", "dense", 1)),
    ]
    clean, dense, everything, goals = tables(heard)
    assert "**clean**: 1 recordings, 1.0 min, 200 words" in clean
    assert "| farm, 60 s | 1.50 % | 3 | 0 | 0 |" in clean
    assert "| farm, 60 s | 0.50 % | 1 | 0 | 0 |" in dense
    assert "2 recordings, 2.0 min, 400 words" in everything
    assert "| farm, 60 s | 1.00 % | 4 of 10 = 0.40 | clean (+0.50 points) |" in goals


def test_the_farm_in_one_process_hears_the_demo_with_a_seam_forced_on_it(
    demo_recording: Path, demo_truth: Path, demo_model: Path
) -> None:
    demo = read_material(demo_recording, demo_truth)
    pcm = demo.decoded()[: 40 * SAMPLE_RATE_HZ]
    truth = tuple(word for word in demo.truth if word.start < 40)
    farm = load_farm(str(demo_model), language="en")
    heard = farm.transcribe(pcm, forced)
    found, _ = score(replace(demo, truth=truth), heard)
    assert heard.seams == (20.0,)
    assert found.starts_at_seams
    assert found.rate < 0.1
    step = try_seam(farm, pcm, truth, seam=20.0)
    assert step.words > 10
    assert step.mistakes <= 3


def test_making_recordings_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(making, "SPEECH_LIBRARY", "libnobody-speaks.so.1")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    with pytest.raises(SystemExit, match=r"needs libnobody-speaks\.so\.1, which is not here"):
        making.make_recordings(tmp_path, seconds=1.0, seeds=[1])
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="needs scipy"):
        making.make_recordings(tmp_path, seconds=1.0, seeds=[1])
