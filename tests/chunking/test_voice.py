"""The real detector, on the demo's speech under noises that leave no silence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.chunking.conftest import Pcm
from whisper_farm.audio.flac import decode_flac
from whisper_farm.chunking.planner import Cut, Planner
from whisper_farm.chunking.rules import plan_rules
from whisper_farm.chunking.voice import WINDOW_SAMPLES, Voice, silero
from whisper_farm.models import SAMPLE_RATE_HZ

Said = list[tuple[float, float]]  #: where each word of the demo starts and ends, in seconds


@pytest.fixture(scope="module")
def podcast(demo_recording: Path) -> Pcm:
    return decode_flac(demo_recording.read_bytes(), longest_samples=10 * 60 * SAMPLE_RATE_HZ)


@pytest.fixture(scope="module")
def said(demo_recording: Path) -> Said:
    truth = json.loads(demo_recording.with_suffix(".truth.json").read_text())
    return [(word["start"], word["end"]) for one in truth["segments"] for word in one["words"]]


def under_a_chord(speech: Pcm, *, below_db: float = 12.0) -> Pcm:
    """The speech over a swelling chord, `below_db` under it, which never falls silent."""
    seconds = np.arange(len(speech)) / SAMPLE_RATE_HZ
    notes_hz = np.array([110.0, 164.8, 220.0, 277.2, 329.6])[:, np.newaxis]
    chord = np.sin(2 * np.pi * notes_hz * seconds).sum(axis=0)
    chord *= 1 + 0.3 * np.sin(2 * np.pi * 0.2 * seconds)
    level = np.std(speech[np.abs(speech) > 300]) * 10 ** (-below_db / 20) / np.std(chord)
    return np.asarray((speech + level * chord).clip(-32_768, 32_767), dtype=np.int16)


def in_a_noisy_room(speech: Pcm, *, below_db: float = 12.0) -> Pcm:
    noise = np.random.default_rng(7).standard_normal(len(speech))
    level = np.std(speech[np.abs(speech) > 300]) * 10 ** (-below_db / 20)
    return np.asarray((speech + level * noise).clip(-32_768, 32_767), dtype=np.int16)


def cut(pcm: Pcm, *, block: int = 48_000) -> list[Cut]:
    planner = Planner(plan_rules(duration_seconds=len(pcm) / SAMPLE_RATE_HZ, slots=2))
    cuts = [one for at in range(0, len(pcm), block) for one in planner.feed(pcm[at : at + block])]
    return cuts + planner.finish()


@pytest.mark.parametrize("noise", [under_a_chord, in_a_noisy_room])
def test_under_music_and_noise_the_cuts_lie_in_pauses_of_the_voices(
    podcast: Pcm, said: Said, noise: Callable[[Pcm], Pcm]
) -> None:
    cuts = cut(noise(podcast))
    seams = [one.start / SAMPLE_RATE_HZ for one in cuts[1:]]
    assert len(seams) >= 5
    assert {one.seam for one in cuts} == {"silent"}
    torn = [(start, end) for seam in seams for start, end in said if start < seam < end]
    assert torn == []


def test_cuts_in_music_are_the_same_whatever_the_block_sizes(podcast: Pcm) -> None:
    pcm = under_a_chord(podcast)
    assert cut(pcm) == cut(pcm, block=len(pcm)) == cut(pcm, block=12_345)


def test_the_detector_leaves_the_audio_as_it_is(podcast: Pcm) -> None:
    kept = podcast.copy()
    cut(podcast)
    silero(podcast[: 100 * WINDOW_SAMPLES])
    assert np.array_equal(kept, podcast)


def test_the_detector_finds_the_demos_words_and_its_pauses(podcast: Pcm, said: Said) -> None:
    voice = Voice(silero)
    voice.feed(podcast)
    silent = voice.silent_windows(0, len(podcast) // WINDOW_SAMPLES)
    spoken = np.zeros(len(silent), dtype=np.bool_)
    for start, end in said:
        spoken[
            round(start * SAMPLE_RATE_HZ) // WINDOW_SAMPLES : round(end * SAMPLE_RATE_HZ) // WINDOW_SAMPLES
        ] = True
    assert np.mean(silent[spoken]) < 0.1
    assert np.mean(silent[~spoken]) > 0.5


def test_what_it_says_of_a_stretch_does_not_hang_on_what_was_asked_before(podcast: Pcm) -> None:
    asked, fresh = Voice(silero), Voice(silero)
    for voice in (asked, fresh):
        voice.feed(podcast)
    asked.silent_windows(0, 3_000)
    asked.forget(2_000 * WINDOW_SAMPLES)
    assert np.array_equal(asked.silent_windows(2_100, 4_000), fresh.silent_windows(2_100, 4_000))
