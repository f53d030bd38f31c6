"""Of two hearings of one place, difference by difference, the better one is kept."""

from dataclasses import replace

from tests.worker_gpu.said import said, speech, text
from whisper_farm.merging.placing import Placed, samples
from worker_gpu.choosing import better_of, faults
from worker_gpu.guards import Known
from worker_gpu.windows import Span

PLACE = Span(0, samples(4.0))
KNOWN = Known(speech=speech((0.0, 4.0)), prompt=("whisper", "farm", "with", "anna"))
TRUE = said("thank you for listening and see you next week today")


def better(first: list[Placed], second: list[Placed]) -> str:
    return text(better_of(first, second, KNOWN, PLACE))


def test_the_order_of_faults_is_lost_rushed_leaked_silent_looped_unlikely() -> None:
    lost = faults(TRUE[:4], KNOWN, PLACE)
    rushed = faults([*TRUE, *said("and see you", start=3.0, each=0.0)], KNOWN, PLACE)
    silent = faults([*TRUE, *said("bread", start=9.0)], KNOWN, PLACE)
    unlikely = faults([replace(word, probability=0.6) for word in TRUE], KNOWN, PLACE)
    best = faults(TRUE, KNOWN, PLACE)

    assert best < unlikely < silent < rushed < lost


def test_lost_words_come_back_whichever_hearing_lost_them() -> None:
    halved = [*TRUE[:3], *TRUE[8:]]

    assert better(halved, TRUE) == better(TRUE, halved) == text(TRUE)


def test_two_hearings_that_lost_different_words_make_one_that_lost_none() -> None:
    assert better([*TRUE[:2], *TRUE[5:]], [*TRUE[:6], *TRUE[9:]]) == text(TRUE)


def test_the_collapsed_round_of_a_loop_goes() -> None:
    looped = [*TRUE[:4], *said("thank you for listening", start=1.6, each=0.0), *TRUE[4:]]

    assert better(looped, TRUE) == better(TRUE, looped) == text(TRUE)


def test_what_the_model_believes_more_is_kept() -> None:
    doubted = [*TRUE[:3], replace(TRUE[3], text=" lessons", probability=0.35), *TRUE[4:]]

    assert better(doubted, TRUE) == better(TRUE, doubted) == text(TRUE)


def test_an_extra_word_stays_only_where_it_is_more_likely_right_than_wrong() -> None:
    def with_extra(probability: float) -> list[Placed]:
        return sorted(
            [*TRUE, *said("bread", start=1.9, each=0.1, probability=probability)],
            key=lambda word: word.start,
        )

    assert better(TRUE, with_extra(0.3)) == text(TRUE)
    assert "bread" in better(TRUE, with_extra(0.9))


def test_words_that_are_more_likely_wrong_than_right_cover_no_hole() -> None:
    guessed = said("window apples warm narrow twelve", start=0.0, each=0.8, probability=0.2)

    assert better([], guessed) == ""


def test_two_equal_hearings_leave_everything_as_it_was() -> None:
    later = [replace(word, start=word.start + 160, end=word.end + 160) for word in TRUE]

    assert better_of(TRUE, later, KNOWN, PLACE) == TRUE


def test_an_agreed_word_that_was_stretched_over_a_loss_gets_its_own_times_back() -> None:
    stretched = [*TRUE[:3], replace(TRUE[3], end=samples(3.6)), *TRUE[9:]]

    assert better_of(stretched, TRUE, KNOWN, PLACE) == TRUE


def test_nothing_and_nothing_is_nothing() -> None:
    assert better_of([], [], KNOWN, PLACE) == []
