"""Where somebody speaks, and where it is quiet."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from faster_whisper.vad import VadOptions, get_speech_timestamps
from hypothesis import given
from hypothesis import strategies as st

from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.request import Decoding
from worker_gpu.voice import FRAME, Quiet, listen, pad, stretches_of, voice_in
from worker_gpu.windows import TRUSTED_SILENCE, Span, connected

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm

SECOND = SAMPLE_RATE_HZ


def test_speech_is_found_where_faster_whisper_finds_it(podcast: "Pcm") -> None:
    """Its rule, told again: without a longest stretch both must agree to the sample."""
    audio = podcast.astype(np.float32) / np.float32(32768)
    theirs = get_speech_timestamps(audio, VadOptions(min_silence_duration_ms=160, speech_pad_ms=0))

    ours = voice_in(listen(audio), len(audio), Decoding()).stretches

    assert [(span.start, span.end) for span in ours] == [(each["start"], each["end"]) for each in theirs]


def test_the_audio_stays_as_it_is(podcast: "Pcm") -> None:
    audio = podcast[: 100 * FRAME].astype(np.float32) / np.float32(32768)
    before = audio.copy()

    listen(audio)

    assert np.array_equal(audio, before)


def stretches(*probabilities: float, silence: int = 2) -> list[tuple[int, int]]:
    found = stretches_of(
        probabilities, FRAME * len(probabilities), threshold=0.5, shortest_silence=silence * FRAME
    )
    return [(span.start // FRAME, span.end // FRAME) for span in found]


def test_a_voice_that_trembles_below_the_threshold_goes_on() -> None:
    assert stretches(0.1, 0.6, 0.4, 0.4, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1) == [(1, 7)]
    assert stretches(0.1, 0.4, 0.4, 0.4) == []


def test_a_short_silence_ends_no_stretch() -> None:
    assert stretches(0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.9) == [(0, 4), (7, 8)]


def test_options_of_a_request_decide_what_is_speech() -> None:
    probabilities = np.repeat(np.array([0.0, 0.6, 0.0, 0.6, 0.0], dtype=np.float32), 10)

    def found(decoding: Decoding) -> list[tuple[int, int]]:
        voice = voice_in(probabilities, FRAME * 50, decoding)
        return [(span.start // FRAME, span.end // FRAME) for span in voice.padded()]

    assert found(Decoding(vad_padding_ms=0)) == [(10, 20), (30, 40)]
    assert found(Decoding(vad_padding_ms=0, vad_threshold=0.7)) == []
    assert found(Decoding(vad_padding_ms=0, vad_min_silence_ms=500)) == [(10, 50)]
    assert found(Decoding(vad_padding_ms=64)) == [(8, 22), (28, 42)]


@given(st.lists(st.integers(0, 100), min_size=2, max_size=20, unique=True).map(sorted), st.integers(0, 20))
def test_padded_stretches_hold_the_bare_ones_and_never_overlap(edges: list[int], padding: int) -> None:
    bare = [Span(start, end) for start, end in list(pairwise(edges))[::2]]

    padded = pad(bare, 100, padding=padding)

    assert all(p.start <= b.start and b.end <= p.end for p, b in zip(padded, bare, strict=True))
    assert all(one.end <= two.start for one, two in pairwise(padded))
    assert all(span.start >= 0 and span.end <= 100 for span in padded)


def test_a_silence_that_is_not_trusted_connects_what_it_parts() -> None:
    first, second = Span(0, SECOND), Span(SECOND + TRUSTED_SILENCE - 1, 3 * SECOND)

    assert connected([first, second]) == [Span(0, 3 * SECOND)]
    assert connected([first, Span(SECOND + TRUSTED_SILENCE, 3 * SECOND)]) == [
        first,
        Span(SECOND + TRUSTED_SILENCE, 3 * SECOND),
    ]


def noise(level: float, seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    samples = np.random.default_rng(1).standard_normal(int(seconds * SECOND))
    return (level * samples).astype(np.float32)


def test_the_quietest_point_is_between_two_words() -> None:
    audio = np.concatenate([noise(0.1, 2.0), noise(0.001, 0.1), noise(0.1, 2.0)])
    quiet = Quiet(audio, np.ones(len(audio) // FRAME + 1, dtype=np.float32))

    assert quiet.quietest(0, len(audio)) == pytest.approx(2.05 * SECOND, abs=0.05 * SECOND)


def test_over_music_the_quietest_point_is_where_nobody_speaks() -> None:
    audio = noise(0.1, 4.0)
    speech = np.ones(len(audio) // FRAME + 1, dtype=np.float32)
    speech[60:70] = 0.05
    quiet = Quiet(audio, speech)

    assert 60 * FRAME <= quiet.quietest(0, len(audio)) <= 70 * FRAME


def test_of_no_audio_the_quietest_point_is_the_middle() -> None:
    quiet = Quiet(noise(0.1, 1.0), np.ones(32, dtype=np.float32))

    assert quiet.quietest(5 * SECOND, 7 * SECOND) == 6 * SECOND
    assert 0 <= quiet.quietest(-2 * SECOND, SECOND // 2) <= SECOND // 2
