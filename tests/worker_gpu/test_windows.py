from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_gpu.windows import LONGEST_WINDOW, OVERLAP, Span, Window, borders
from worker_gpu.windows import pack as pack_with

SECOND = 16_000


def middle(start: int, end: int) -> int:
    return (start + end) // 2


def pack(speech: list[Span]) -> list[Window]:
    return pack_with(speech, quietest=middle)


def spans(*seconds: tuple[float, float]) -> list[Span]:
    return [Span(int(start * SECOND), int(end * SECOND)) for start, end in seconds]


@st.composite
def speech(draw: st.DrawFn) -> list[Span]:
    edges = draw(st.lists(st.integers(0, 400 * SECOND), min_size=2, max_size=40, unique=True).map(sorted))
    return [Span(start, end) for start, end in list(pairwise(edges))[::2]]


@given(speech())
def test_windows_hold_all_speech_in_order_and_none_is_too_long(found: list[Span]) -> None:
    windows = pack(found)

    heard = set()
    for window in windows:
        assert window.samples <= LONGEST_WINDOW
        assert all(a.end <= b.start for a, b in pairwise(window.spans))
        heard |= {second for span in window.spans for second in (span.start, span.end - 1)}
    assert {span.start for span in found} | {span.end - 1 for span in found} <= heard
    assert borders(windows) == sorted(borders(windows))


@given(speech())
def test_only_what_lies_around_a_seam_is_heard_twice(found: list[Span]) -> None:
    windows = pack(found)

    twice = 0
    for before, window in pairwise(windows):
        if window.seam is None:
            assert before.end <= window.start
        else:
            assert (before.end, window.start) == (window.seam + OVERLAP, window.seam - OVERLAP)
            twice += 2 * OVERLAP
    assert sum(window.samples for window in windows) == sum(span.samples for span in found) + twice


def test_a_stretch_longer_than_a_window_is_cut_at_its_quietest_point_and_heard_on_both_sides() -> None:
    quietest = 25 * SECOND
    first, second = pack_with(spans((0, 50)), quietest=lambda start, end: min(max(start, quietest), end))

    assert (first.end, second.start, second.seam) == (quietest + OVERLAP, quietest - OVERLAP, quietest)
    assert borders([first, second]) == [quietest]


def test_a_long_stretch_does_not_begin_in_the_last_seconds_of_a_window() -> None:
    windows = pack(spans((0, 25), (26, 60)))

    assert [window.seam is not None for window in windows] == [False, False, True]


def test_a_window_is_filled_before_the_next_one_begins() -> None:
    windows = pack(spans((0, 10), (20, 35), (40, 50), (60, 61)))

    assert [len(window.spans) for window in windows] == [2, 2]


def test_no_speech_makes_no_window() -> None:
    assert pack([]) == []


@pytest.mark.parametrize(
    ("in_window", "in_chunk"),
    [
        ((0.0, 1.0), (5.0, 6.0)),
        ((9.5, 9.9), (14.5, 14.9)),
        ((10.2, 11.0), (30.2, 31.0)),
        ((9.9, 10.3), (29.9, 30.3)),  # more of it in the second stretch
        ((19.0, 21.5), (39.0, 40.0)),  # a second longer than the window is
    ],
)
def test_a_word_is_where_its_stretch_of_speech_was(
    in_window: tuple[float, float], in_chunk: tuple[float, float]
) -> None:
    window = Window(tuple(spans((5, 15), (30, 40))))

    assert window.chunk_seconds(*in_window) == pytest.approx(in_chunk)


@given(speech().filter(bool), st.floats(0, 31), st.floats(0, 2))
def test_no_moment_falls_outside_its_window(found: list[Span], start: float, length: float) -> None:
    window = pack(found)[0]

    begin, end = window.chunk_seconds(start, start + length)

    assert window.spans[0].start / SECOND <= begin <= end <= window.end / SECOND
