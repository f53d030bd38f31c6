"""Chunks survive their FLAC to the sample, and nothing else passes for one."""

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.making import SPEECH, decoded
from whisper_farm.audio.flac import decode_flac, encode_flac, pcm_sha256
from whisper_farm.errors import ChunkUnreadable


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(1, 200_000), loudness=st.integers(1, 32_767))
def test_any_samples_come_back_exactly(seed: int, samples: int, loudness: int) -> None:
    pcm = np.random.default_rng(seed).integers(-loudness, loudness, samples, endpoint=True).astype(np.int16)

    assert np.array_equal(decode_flac(encode_flac(pcm), longest_samples=samples), pcm)


def test_the_loudest_samples_come_back_exactly() -> None:
    pcm = np.array([-32_768, 32_767] * 5_000, dtype=np.int16)

    assert np.array_equal(decode_flac(encode_flac(pcm), longest_samples=10_000), pcm)


def test_speech_shrinks_and_a_hash_is_of_samples() -> None:
    pcm = decoded(SPEECH)[:160_000]
    data = encode_flac(pcm)

    assert len(data) < 0.75 * 2 * len(pcm)
    assert pcm_sha256(decode_flac(data, longest_samples=len(pcm))) == pcm_sha256(pcm)
    assert pcm_sha256(pcm[::2]) == pcm_sha256(pcm[::2].copy())
    assert pcm_sha256(pcm) != pcm_sha256(pcm[1:])


def test_a_chunk_longer_than_it_may_be_is_refused() -> None:
    with pytest.raises(ChunkUnreadable, match="more than the 99 samples"):
        decode_flac(encode_flac(np.zeros(100, dtype=np.int16)), longest_samples=99)


@pytest.mark.parametrize(
    "data", [b"", b"fLaC", b"fLaC" + bytes(1000), b"ffconcat version 1.0\nfile x.wav\n", b"RIFF" + bytes(100)]
)
def test_what_is_no_flac_is_refused(data: bytes) -> None:
    with pytest.raises(ChunkUnreadable):
        decode_flac(data, longest_samples=1_000_000)


def test_half_a_chunk_is_refused() -> None:
    data = encode_flac(np.arange(100_000, dtype=np.int32).astype(np.int16))

    with pytest.raises(ChunkUnreadable):
        decode_flac(data[: len(data) // 2], longest_samples=100_000)


def test_flac_of_another_shape_is_refused() -> None:
    written = io.BytesIO()
    with av.open(written, "w", format="flac") as media:
        stream = media.add_stream("flac", rate=44_100, layout="stereo", format="s16")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9216), dtype=np.int16), format="s16", layout="stereo")
        frame.sample_rate = 44_100
        media.mux(stream.encode(frame))
        media.mux(stream.encode(None))

    with pytest.raises(ChunkUnreadable, match="44100 Hz, 2 channels"):
        decode_flac(written.getvalue(), longest_samples=100_000)
