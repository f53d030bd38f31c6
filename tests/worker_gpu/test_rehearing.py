"""Suspect places are heard again: who, how often, and what is kept and told."""

from collections.abc import Sequence

from tests.worker_gpu.said import said, speech, text
from whisper_farm.merging.placing import Placed, samples
from worker_gpu.guards import Heard, Known
from worker_gpu.hearing import Manner
from worker_gpu.rehearing import DETERMINISTIC, Mended, Mending, Reading, stages
from worker_gpu.windows import Span, Window

TRUTH = said(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
)
SPEECH = speech((0.0, 6.4))
FIRST = Manner(language="en", initial_prompt="a glossary", hotwords="names")


def middle(start: int, end: int) -> int:
    return (start + end) // 2


class Ear:
    """Hears what was said, except in the first so many hearings, and remembers how it was asked."""

    def __init__(self, *, deaf: int = 0, avg_logprob: float = -0.1, truth: Sequence[Placed] = TRUTH) -> None:
        self.asked: list[tuple[Sequence[Window], Manner]] = []
        self._deaf = deaf
        self._avg_logprob = avg_logprob
        self._truth = truth

    def __call__(self, windows: Sequence[Window], manner: Manner) -> list[Reading]:
        self.asked.append((windows, manner))
        deaf = len(self.asked) <= self._deaf
        return [
            Reading(
                tuple(w for w in self._truth if w.start >= window.start and w.end <= window.end and not deaf),
                Heard(
                    start=window.start,
                    end=window.end,
                    avg_logprob=self._avg_logprob,
                    temperature=manner.temperature,
                ),
            )
            for window in windows
        ]


def mend(
    words: Sequence[Placed],
    ear: Ear,
    *,
    avg_logprob: float = -0.1,
    spoken: Sequence[Span] = SPEECH,
    windows: int = 1,
) -> Mended:
    end = spoken[-1].end
    return Mending(
        words,
        [
            Heard(start=end * n // windows, end=end * (n + 1) // windows, avg_logprob=avg_logprob)
            for n in range(windows)
        ],
        known=Known(speech=spoken),
        padded=lambda _: list(spoken),
        quietest=middle,
        hear=ear,
    ).through(stages((0.0, 0.2, 0.4)), FIRST)


LOST = [*TRUTH[:5], *TRUTH[10:]]


def test_where_nothing_is_suspect_nothing_is_heard_again() -> None:
    ear = Ear()

    assert mend(TRUTH, ear) == Mended(TRUTH, [Heard(start=0, end=samples(6.4), avg_logprob=-0.1)], [])
    assert ear.asked == []


def test_lost_words_are_found_and_the_search_ends_with_the_first_good_hearing() -> None:
    ear = Ear()

    mended = mend(LOST, ear)

    assert text(mended.words) == text(TRUTH)
    assert len(ear.asked) == 1
    (rerun,) = mended.reruns
    assert (rerun.how, rerun.kept, rerun.sampled) == ("other windows", True, False)
    assert rerun.reason == "speech without words for 1.7 s"
    assert (rerun.start, rerun.end) == (2.15, 3.85)


def test_what_one_stage_does_not_find_the_next_one_may_and_only_the_last_are_sampled() -> None:
    ear = Ear(deaf=3)

    mended = mend(LOST, ear)

    assert text(mended.words) == text(TRUTH)
    assert [manner.temperature for _, manner in ear.asked] == [0.0, 0.0, 0.0, 0.2]
    assert [(each.how, each.kept, each.sampled) for each in mended.reruns] == [("sampled at 0.2", True, True)]
    assert mended.windows[0].temperature == 0.2


def test_the_last_stage_that_can_be_had_again_has_a_wider_beam_and_no_prompt() -> None:
    ear = Ear(deaf=99)

    mend(LOST, ear)

    asked = [(manner.beam_size, manner.initial_prompt, manner.hotwords) for _, manner in ear.asked]
    assert asked[: len(DETERMINISTIC)] == [
        (5, "a glossary", "names"),
        (5, "a glossary", "names"),
        (10, "", ""),
    ]


def test_what_no_hearing_mends_is_told_and_stays_as_it_was() -> None:
    mended = mend(LOST, Ear(deaf=99))

    assert mended.words == LOST
    assert [(each.how, each.kept, each.sampled) for each in mended.reruns] == [
        ("sampled at 0.4", False, False)
    ]


def test_a_hearing_the_model_is_unsure_of_is_not_kept() -> None:
    assert mend(LOST, Ear(avg_logprob=-1.5)).words == LOST


def test_a_window_that_is_only_guessed_at_is_not_heard_again() -> None:
    ear = Ear()

    assert mend([], ear, avg_logprob=-9.0).reruns == []
    assert ear.asked == []


def test_a_phrase_that_was_really_said_twice_is_heard_again_once_and_stays() -> None:
    twice = said("see you next week see you next week and now the news of today from here")
    ear = Ear(truth=twice)

    mended = mend(twice, ear)

    assert mended.words == twice
    assert len(ear.asked) == 1
    assert [each.kept for each in mended.reruns] == [False]


def test_all_suspects_of_a_chunk_are_heard_as_one_batch() -> None:
    words = said(" ".join(f"{n * 7919 % 9973:x}" for n in range(1, 161)))
    lost = [*words[:20], *words[26:90], *words[96:]]
    ear = Ear(truth=words)

    mended = mend(lost, ear, spoken=[Span(0, words[-1].end)], windows=3)

    assert text(mended.words) == text(words)
    assert [len(windows) for windows, _ in ear.asked] == [2]
    assert [each.kept for each in mended.reruns] == [True, True]


def test_audio_that_fails_everywhere_costs_a_bounded_number_of_hearings() -> None:
    spoken = [Span(samples(20.0 * n), samples(20.0 * n + 5.0)) for n in range(30)]
    ear = Ear(deaf=99)

    mend([], ear, spoken=spoken, windows=6)

    assert len(ear.asked[0][0]) == 30  # each place once
    assert sum(len(windows) for windows, _ in ear.asked[1:]) <= 8
