"""Each guard finds what it is there for, and leaves ordinary speech alone."""

from dataclasses import replace

import pytest

from tests.worker_gpu.said import said, speech
from whisper_farm.merging.placing import Placed, samples
from worker_gpu.guards import Finding, Heard, Known, findings, is_beyond_help, is_foreign

SENTENCE = "the doctor and a farmer walked slowly across the old bridge in the morning"
SPEECH = speech((0.0, 30.0))


def window(*, avg_logprob: float = -0.1) -> Heard:
    return Heard(start=0, end=samples(30.0), avg_logprob=avg_logprob)


def found(
    words: list[Placed], known: Known | None = None, *, heard: Heard | None = None, covered: bool = True
) -> list[str]:
    """The guards that say something. `covered`: leave out that nothing was heard in the rest."""
    everything: list[Finding] = findings(words, [heard or window()], known or Known(speech=SPEECH))
    return [each.guard for each in everything if not (covered and each.guard == "uncovered")]


def test_ordinary_speech_is_not_suspect() -> None:
    assert found(said(SENTENCE)) == []


def test_ordinary_words_said_twice_are_not_suspect() -> None:
    assert found(said("no no no it was very very cold and very very late")) == []


def test_speech_without_words_is_found() -> None:
    place = findings(said(SENTENCE), [window()], Known(speech=SPEECH))

    assert [each.guard for each in place] == ["uncovered"]
    assert place[0].reason == "speech without words for 24.2 s"


@pytest.mark.parametrize(
    "looped",
    [
        "bread bread bread bread",
        "of the of the of the",
        "see you next week see you next week",
        f"{SENTENCE} {SENTENCE}",
    ],
)
def test_a_phrase_in_rounds_is_found(looped: str) -> None:
    assert found(said(f"Anna said {looped} to Peter")) == ["loop"]


def test_text_that_compresses_too_well_is_found_in_its_window() -> None:
    words = said(" ".join(f"we saw the river and the bridge {n}" for n in "abcdefghij"), each=0.35)

    assert "window" in found(words)


def test_a_window_the_model_is_unsure_of_is_found() -> None:
    assert found(said(SENTENCE), heard=window(avg_logprob=-1.2)) == ["window"]


def test_a_window_the_model_only_guesses_at_is_left_alone() -> None:
    guessed = window(avg_logprob=-8.5)

    assert is_beyond_help(guessed)
    assert found(said("see you next week see you next week", each=0.01), heard=guessed, covered=False) == []


def test_words_faster_than_anybody_speaks_are_found() -> None:
    assert found(said("one two three four five six seven eight", each=0.13)) == ["rushed"]
    assert found(said("one two three four five six seven eight", each=0.16)) == []


def test_words_without_length_are_found() -> None:
    words = [*said("thank you for"), *said("listening and see", start=1.2, each=0.0), *said("you", start=1.2)]

    assert found(words) == ["rushed"]


def test_words_where_nobody_speaks_are_found() -> None:
    known = Known(speech=speech((0.0, 2.0)))

    assert found([*said("good morning"), *said("thank you", start=5.0)], known) == ["silence"]
    assert found([*said("good morning"), *said("thanks", start=2.1)], known) == []


def test_two_unlikely_words_beside_each_other_are_found_and_one_is_not() -> None:
    def with_unlikely(*numbers: int) -> list[Placed]:
        return [
            replace(word, probability=0.2) if n in numbers else word for n, word in enumerate(said(SENTENCE))
        ]

    assert found(with_unlikely(2)) == []
    assert found(with_unlikely(2, 5)) == ["guesses"]
    assert found(with_unlikely(0, 13)) == []


PROMPT = ("whisper", "farm", "with", "anna", "and", "peter")


def test_a_glossary_that_is_spoken_is_no_leak() -> None:
    assert (
        found(said("today Whisper Farm with Anna and then David"), Known(speech=SPEECH, prompt=PROMPT)) == []
    )


def test_a_prompt_read_back_whole_is_found() -> None:
    words = said("Whisper Farm with Anna and Peter.")

    assert found(words, Known(speech=SPEECH, prompt=PROMPT)) == ["leak"]


def test_a_part_of_a_prompt_that_the_model_is_unsure_of_or_that_stands_over_silence_is_found() -> None:
    doubted = said("Whisper Farm with Anna", probability=0.4)
    silent = Known(speech=speech((10.0, 12.0)), prompt=PROMPT)

    assert found(doubted, Known(speech=SPEECH, prompt=PROMPT)) == ["leak"]
    assert "leak" in found(said("farm with Anna and"), silent)


@pytest.mark.parametrize(
    ("text", "language", "foreign"),
    [
        ("Good morning and welcome", "en", False),
        ("Доброе утро и добро пожаловать", "en", True),
        ("Доброе утро, Whisper Farm", "ru", False),
        ("早上好欢迎收听今天的节目", "zh", False),
        ("おはようございます、今日の番組へようこそ", "ja", False),
        ("Good morning and welcome", "ja", True),
        ("안녕하세요 오늘 방송에 오신", "ko", False),
        ("Да", "en", False),  # too short to judge
        ("Dobar dan i добар дан", "sr", False),
    ],
)
def test_a_text_in_another_script_than_its_language_is_found(text: str, language: str, foreign: bool) -> None:
    assert is_foreign(text, language) is foreign
    assert ("window" in found(said(text), Known(speech=SPEECH, language=language))) is foreign


def test_any_script_will_do_where_a_recording_changes_its_language() -> None:
    assert found(said("Доброе утро и добро пожаловать"), Known(speech=SPEECH, language=None)) == []
