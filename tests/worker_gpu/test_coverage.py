"""The look at what words cover: speech without words is noticed."""

from tests.worker_gpu.said import said, speech
from whisper_farm.merging.placing import Placed, samples
from whisper_farm.models import SAMPLE_RATE_HZ
from worker_gpu.coverage import LONGEST_UNCOVERED, holes
from worker_gpu.windows import Span


def lost(words: list[Placed], *seconds: tuple[float, float]) -> list[tuple[float, float]]:
    found = holes(words, speech(*seconds), longer_than=LONGEST_UNCOVERED)
    return [(round(hole.start / SAMPLE_RATE_HZ, 2), round(hole.end / SAMPLE_RATE_HZ, 2)) for hole in found]


def test_speech_that_words_cover_has_no_hole() -> None:
    assert lost(said("nine friends in the camera"), (0.0, 2.0)) == []


def test_a_lost_sentence_is_a_hole() -> None:
    assert lost(said("nine friends"), (0.0, 0.8), (2.0, 5.0)) == [(2.0, 5.0)]


def test_a_loss_in_the_middle_of_a_stretch_is_a_hole() -> None:
    words = [*said("nine friends"), *said("in the camera", start=5.0)]

    assert lost(words, (0.0, 6.2)) == [(0.95, 4.85)]


def test_a_word_that_is_stretched_over_lost_ones_does_not_cover_them() -> None:
    stretched = Placed(samples(0.4), samples(4.0), " friends", 0.99)

    assert lost([*said("nine"), stretched, *said("camera", start=4.0)], (0.0, 4.4)) == [(1.75, 3.85)]


def test_a_short_word_covers_less_than_a_long_one() -> None:
    def only(word: str) -> list[Placed]:
        return [Placed(0, samples(2.0), f" {word}", 0.99)]

    assert lost(only("a"), (0.0, 2.0)) == [(0.55, 2.0)]
    assert lost(only("neighborhood"), (0.0, 2.0)) == []


def test_where_nothing_was_heard_all_speech_is_a_hole() -> None:
    assert lost([], (2.0, 7.0), (8.0, 8.5)) == [(2.0, 7.0)]


def test_a_breath_at_the_end_of_a_stretch_is_no_hole() -> None:
    assert lost(said("nine friends"), (0.0, 1.5)) == []


def test_a_text_without_word_times_covers_its_interval() -> None:
    assert (
        holes([Placed(0, samples(9.0), "nine friends", None)], [Span(0, samples(9.0))], longer_than=0) == []
    )
