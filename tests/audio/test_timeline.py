"""Taking SMJPEG's wrapping off: however its bytes come, the samples and their places are the same."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_farm.audio.timeline import BLOCK_SAMPLES, Hole, Timeline, Unwrapped

HEADER = b"\x00\nSMJPEG" + bytes(8) + b"_TXT" + struct.pack(">I", 3) + b"a=b"
HEADER += b"_SND" + struct.pack(">I", 8) + bytes(8) + b"HEND"


def _wrapped(*packets: tuple[int, np.ndarray]) -> bytes:
    body = b"".join(
        struct.pack(">4sII", b"sndD", milliseconds, 2 * len(pcm)) + pcm.astype("<i2").tobytes()
        for milliseconds, pcm in packets
    )
    return HEADER + body + b"DONE"


def _tone(samples: int, value: int = 7) -> np.ndarray:
    return np.full(samples, value, dtype=np.int16)


def _taken(data: bytes, *cuts: int, longest: int = 10**9) -> tuple[np.ndarray, Timeline]:
    timeline = Timeline(longest_samples=longest)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    blocks = list(timeline.take(pieces))
    return np.concatenate([np.zeros(0, dtype=np.int16), *blocks]), timeline


@given(cuts=st.lists(st.integers(0, 4000), max_size=20))
def test_the_pieces_that_bytes_come_in_change_nothing(cuts: list[int]) -> None:
    data = _wrapped((0, _tone(800, 1)), (50, _tone(800, 2)), (250, _tone(160, 3)))

    pcm, timeline = _taken(data, *cuts)

    assert np.array_equal(pcm, np.concatenate([_tone(800, 1), _tone(800, 2), _tone(2400, 0), _tone(160, 3)]))
    assert timeline.holes == [Hole(1600, 4000)]


def test_jitter_and_steps_back_change_nothing() -> None:
    pcm, timeline = _taken(
        _wrapped((3, _tone(1600)), (90, _tone(1600)), (0, _tone(1600)), (350, _tone(1600)))
    )

    assert len(pcm) == 6400
    assert timeline.holes == []


def test_a_long_hole_is_given_in_small_blocks() -> None:
    timeline = Timeline(longest_samples=10**9)
    longest_block = max(len(block) for block in timeline.take([_wrapped((600_000, _tone(160)))]))

    assert longest_block <= BLOCK_SAMPLES
    assert timeline.samples == 600 * 16_000 + 160


def test_no_more_than_the_longest_comes_out() -> None:
    pcm, timeline = _taken(_wrapped((0, _tone(1000)), (4_000_000_000, _tone(1000))), longest=5000)

    assert len(pcm) == timeline.samples == 5000
    assert timeline.was_cut


def test_exactly_the_longest_is_not_cut() -> None:
    _, timeline = _taken(_wrapped((0, _tone(1000))), longest=1000)

    assert not timeline.was_cut


@pytest.mark.parametrize(
    "data", [b"hello, world", HEADER + b"sndX" + bytes(20), HEADER + b"sndD\0\0\0\0\0\0\0\x03abc"]
)
def test_other_bytes_are_told_from_it(data: bytes) -> None:
    with pytest.raises(Unwrapped):
        _taken(data)


def test_no_packets_are_no_samples() -> None:
    assert len(_taken(_wrapped())[0]) == 0
    assert len(_taken(b"")[0]) == 0
