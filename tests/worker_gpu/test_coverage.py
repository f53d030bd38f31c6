"""The look at what a window gave: speech without words is noticed."""

from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment, Word
from worker_gpu.coverage import halves, is_beyond_help, of_window, uncovered_seconds
from worker_gpu.windows import Span, Window


def window(*spans: tuple[float, float]) -> Window:
    return Window(tuple(Span(int(start * SAMPLE_RATE_HZ), int(end * SAMPLE_RATE_HZ)) for start, end in spans))


def heard(*words: tuple[float, float]) -> HeardSegment:
    said = tuple(Word(start=start, end=end, word=" word", probability=1.0) for start, end in words)
    return HeardSegment(
        start=said[0].start, end=said[-1].end, text="word", words=said,
        avg_logprob=0.0, compression_ratio=1.0, no_speech_prob=0.0, temperature=0.0,
    )  # fmt: skip


def test_speech_that_words_cover_leaves_nothing() -> None:
    assert uncovered_seconds(window((0, 4)), [heard((0.5, 1.5), (1.6, 2.4), (2.5, 3.6))]) < 0.5


def test_a_lost_sentence_is_seen() -> None:
    lost = uncovered_seconds(window((0, 4), (5, 10)), [heard((0.5, 1.5), (1.6, 2.4), (2.5, 3.6))])

    assert 4.0 < lost < 4.5


def test_a_loss_in_the_middle_is_seen() -> None:
    assert uncovered_seconds(window((0, 9)), [heard((0.5, 2.0), (7.0, 8.5))]) > 4.0


def test_a_word_that_is_stretched_over_lost_ones_does_not_cover_them() -> None:
    assert uncovered_seconds(window((0, 9)), [heard((0.5, 1.5), (1.6, 8.5))]) > 4.0


def test_a_window_in_which_nothing_was_heard_lost_all_of_its_speech() -> None:
    assert uncovered_seconds(window((2, 7)), []) > 4.0


def test_halves_hold_the_same_speech() -> None:
    whole = window((0, 4), (5, 9), (10, 12), (13, 20))

    left, right = halves(whole)

    assert left.spans + right.spans == whole.spans
    assert abs(left.samples - right.samples) <= 4 * SAMPLE_RATE_HZ


def test_what_a_model_only_guesses_at_is_not_heard_twice() -> None:
    unsure = heard((0.5, 1.5)).model_copy(update={"avg_logprob": -1.6})
    guessed = heard((0.5, 1.5)).model_copy(update={"avg_logprob": -8.5})

    assert not is_beyond_help([])
    assert not is_beyond_help([unsure])
    assert is_beyond_help([guessed])


def test_one_stretch_has_no_halves() -> None:
    assert halves(window((0, 20))) == [window((0, 20))]


def test_each_segment_belongs_to_the_window_it_was_heard_in() -> None:
    early, late = heard((1.0, 2.0)), heard((31.0, 32.0))

    assert of_window(window((0, 20)), [early, late]) == [early]
    assert of_window(window((30, 50)), [early, late]) == [late]
