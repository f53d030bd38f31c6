"""The recordings that the farm is measured on: their truth follows every edit, and their levels are as told.

Speech itself comes from espeak-ng, which a machine may lack; a tone stands for it here, and all else is real.
"""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.against_truth.material import materials
from tools.recordings import mixing
from tools.recordings.kinds import Made, Speech, silence_edits
from tools.recordings.music import music_bed
from tools.recordings.pauses import RATE_HZ, Edit, closing_up, edited, shortening, silences
from tools.recordings.truth import TrueSentence, TrueWord, Truth, sentences_of
from tools.recordings.writing import write

Audio = NDArray[np.float32]


def spoken(*pauses: float, word_seconds: float = 0.3) -> tuple[Audio, tuple[TrueSentence, ...]]:
    """A tone for each word, after a silence of that length each; a sentence for each pause above 0.5 s."""
    pieces: list[NDArray[np.float64]] = []
    words: list[TrueWord] = []
    sentences: list[TrueSentence] = []
    at = 0.0
    for number, pause in enumerate([*pauses, 0.0]):
        if words and (pause > 0.5 or number == len(pauses)):
            text = " ".join(word.word for word in words)
            sentences.append(TrueSentence(words[0].start, words[-1].end, text, 0, tuple(words)))
            words = []
        if number == len(pauses):
            break
        pieces += [np.zeros(round(pause * RATE_HZ)), tone(word_seconds)]
        words.append(TrueWord(f"word{number}", at + pause, at + pause + word_seconds))
        at += pause + word_seconds
    return np.concatenate([*pieces, np.zeros(RATE_HZ // 5)]).astype(np.float32), tuple(sentences)


def tone(seconds: float) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def words_of(sentences: tuple[TrueSentence, ...]) -> list[TrueWord]:
    return [word for sentence in sentences for word in sentence.words]


def is_loud_in_each_word(audio: Audio, sentences: tuple[TrueSentence, ...]) -> bool:
    """Whether each word's tone is where its truth says: loud just inside its times, silent just outside."""

    def loudness(seconds: float) -> float:
        at = round(seconds * RATE_HZ)
        return float(np.abs(audio[max(0, at - 40) : at + 40]).max())

    return all(
        loudness(word.start + 0.01) > 0.1
        and loudness(word.end - 0.01) > 0.1
        and loudness(word.start - 0.01) < 0.01
        and loudness(word.end + 0.01) < 0.01
        for word in words_of(sentences)
    )


PAUSES = st.lists(st.integers(4, 200).map(lambda hundredths: hundredths / 100), min_size=1, max_size=8)


@given(PAUSES)
def test_pauses_are_shortened_everywhere_and_the_truth_follows(pauses: list[float]) -> None:
    audio, sentences = spoken(*pauses)
    found = silences(audio, quieter_than=0.01)
    shorter, moved = edited(audio, sentences, shortening(found, longest_seconds=0.10))
    assert is_loud_in_each_word(shorter, moved)
    assert all(after.start - before.end <= 0.15 for before, after in pairwise(words_of(moved)))
    longest = max((end - start for start, end in silences(shorter, quieter_than=0.01)), default=0)
    assert longest <= 0.12 * RATE_HZ


@given(PAUSES)
def test_words_are_closed_up_where_their_times_leave_too_much_between_them(pauses: list[float]) -> None:
    audio, sentences = spoken(*pauses)
    closer, moved = edited(audio, sentences, closing_up(sentences, longest_seconds=0.148))
    assert is_loud_in_each_word(closer, moved)
    gaps = [after.start - before.end for before, after in pairwise(words_of(moved))]
    expected = [min(pause, 0.148) for pause in pauses[1:]]
    assert gaps == pytest.approx(expected, abs=0.002)


@given(PAUSES, st.lists(st.tuples(st.integers(0, 7), st.integers(1, 90_000)), max_size=3))
def test_silence_put_between_words_moves_all_that_comes_after(
    pauses: list[float], wanted: list[tuple[int, int]]
) -> None:
    audio, sentences = spoken(*pauses)
    words = words_of(sentences)
    edits = [
        Edit(round((words[number].start - 0.02) * RATE_HZ), inserted=samples)
        for number, samples in sorted(dict(wanted).items())
        if number < len(words)
    ]
    longer, moved = edited(audio, sentences, edits)
    assert len(longer) == len(audio) + sum(edit.inserted for edit in edits)
    assert is_loud_in_each_word(longer, moved)
    assert [word.word for word in words_of(moved)] == [word.word for word in words]


def test_no_edit_changes_nothing() -> None:
    audio, sentences = spoken(0.4, 0.1, 0.8)
    same, unmoved = edited(audio, sentences, [])
    assert np.array_equal(same, audio)
    assert unmoved == tuple(sentence.moved(lambda seconds: seconds) for sentence in sentences)


def test_edits_that_overlap_are_refused() -> None:
    audio, sentences = spoken(0.4)
    with pytest.raises(ValueError, match="before the end of the one before"):
        edited(audio, sentences, [Edit(100, removed=50), Edit(120)])


def test_a_mostly_silent_recording_has_pauses_of_five_to_forty_seconds_and_a_fifth_of_speech() -> None:
    audio, sentences = spoken(*[0.7] * 100, word_seconds=0.6)
    speech = Speech.of(audio, sentences, own=4)
    silent = speech.edited(silence_edits(speech, seconds=5 * len(audio) / RATE_HZ))
    share = len(audio) / len(silent.audio)
    pauses = [after.start - before.end for before, after in pairwise(words_of(silent.sentences))]
    long_ones = [pause for pause in pauses if pause > 1.0]
    assert 0.18 <= share <= 0.2
    assert len(long_ones) > 3
    assert min(long_ones) >= 5.0
    assert max(long_ones) <= 41.0
    assert is_loud_in_each_word(silent.audio, silent.sentences)


def test_a_bed_lies_as_far_below_the_speech_as_was_asked_for() -> None:
    audio, sentences = spoken(*[0.5] * 20)
    speech = Speech.of(audio, sentences, own=1)
    bed = music_bed(np.random.default_rng(1), len(audio), rate_hz=RATE_HZ)
    added = speech.over(bed, db_below_speech=15).audio - audio
    below = 20 * np.log10(mixing.level(added) / speech.level)
    assert below == pytest.approx(-15, abs=0.1)


def test_the_speechs_level_does_not_depend_on_its_pauses() -> None:
    dense, sparse = spoken(*[0.1] * 10), spoken(*[1.9] * 10)
    levels = [mixing.speech_level(*each, rate_hz=RATE_HZ) for each in (dense, sparse)]
    assert levels[0] == pytest.approx(levels[1], rel=0.01)
    assert levels[0] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_pink_noise_loses_three_decibels_an_octave() -> None:
    noise = mixing.pink_noise(np.random.default_rng(2), 30 * RATE_HZ, rate_hz=RATE_HZ)
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in (100, 200, 400, 800, 1600)]
    falls = [10 * np.log10(upper / lower) for lower, upper in pairwise(octaves)]
    assert mixing.level(noise) == pytest.approx(1.0, rel=0.01)
    assert falls == pytest.approx([-3.0] * 4, abs=0.5)


def test_speakers_stand_at_their_places_and_are_equally_loud_there() -> None:
    audio, sentences = spoken(0.6, 0.6)
    first, second = sentences
    two = (first, TrueSentence(second.start, second.end, second.text, 1, second.words))
    wide = mixing.panned(audio, two, [-1.0, 0.5])

    def levels(sentence: TrueSentence) -> tuple[float, float]:
        part = wide[int(sentence.start * RATE_HZ) : int(sentence.end * RATE_HZ)]
        return mixing.level(part[:, 0]), mixing.level(part[:, 1])

    (left, right), (other_left, other_right) = levels(two[0]), levels(two[1])
    assert right == pytest.approx(0.0, abs=1e-6)
    assert other_left < other_right
    assert np.hypot(left, right) == pytest.approx(np.hypot(other_left, other_right), rel=0.001)


def test_nothing_clips() -> None:
    loud = np.array([0.1, -1.9, 1.2], np.float32)
    quieter = mixing.without_clipping(loud)
    assert np.abs(quieter).max() <= 0.97 + 1e-6
    assert quieter[0] / quieter[1] == pytest.approx(loud[0] / loud[1])
    quiet = np.array([0.1, -0.4], np.float32)
    assert mixing.without_clipping(quiet) is quiet


def test_the_same_seed_makes_the_same_music() -> None:
    one, same, other = (
        music_bed(np.random.default_rng(seed), 3 * RATE_HZ, rate_hz=RATE_HZ) for seed in (5, 5, 6)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert mixing.level(one) > 0.01


@pytest.mark.parametrize("extension", ["flac", "wav", "mp3", "m4a"])
def test_a_recording_and_its_truth_are_written_whole_and_read_again_in_place(
    tmp_path: Path, extension: str
) -> None:
    audio, sentences = spoken(0.6, 0.2, 0.9)
    truth = Truth(kind="clean", seed=7, duration=len(audio) / RATE_HZ, sentences=sentences)
    write(Made(audio=audio, truth=truth, extension=extension, bitrate="64k"), tmp_path, stem="clean-7")
    assert {file.name for file in tmp_path.iterdir()} == {"clean-7.json", f"clean-7.{extension}"}
    assert sentences_of(json.loads((tmp_path / "clean-7.json").read_text())["segments"]) == sentences
    (read,) = materials(tmp_path)
    heard = (read.decoded() / 32768).astype(np.float32)
    assert (read.kind, [word.text for word in read.truth]) == ("clean", ["word0", "word1", "word2"])
    for word in words_of(sentences):
        inside = heard[round((word.start + 0.03) * RATE_HZ) : round((word.end - 0.03) * RATE_HZ)]
        before = heard[round((word.start - 0.12) * RATE_HZ) : round((word.start - 0.04) * RATE_HZ)]
        assert mixing.level(inside) > 20 * mixing.level(before)
