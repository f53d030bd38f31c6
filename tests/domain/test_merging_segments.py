import pytest

from tests.domain.hearing import chunk, heard, spoken_evenly, window
from whisper_farm.breaks import ends_clause, ends_sentence, may_part, width
from whisper_farm.merging.merge import merge
from whisper_farm.merging.segmenting import LONGEST_SEGMENT, WIDEST_SEGMENT
from whisper_farm.models import SAMPLE_RATE_HZ, HeardSegment


def segment_texts(*windows: HeardSegment) -> list[str]:
    here = chunk(0, 0, 600)
    return [segment.text for segment in merge([(here, heard(here, *windows))], duration_seconds=600)]


def test_a_window_becomes_one_segment_for_each_sentence() -> None:
    said = spoken_evenly("Is it far? Dr. J. Smith asked. About 3.5 miles! He left.")
    assert segment_texts(window(*said)) == [
        "Is it far?",
        "Dr. J. Smith asked.",
        "About 3.5 miles!",
        "He left.",
    ]


def test_a_long_pause_ends_a_segment_and_a_short_one_does_not() -> None:
    said = [(" one", 0.0, 0.5), (" two", 1.4, 1.9), (" three", 3.0, 3.5)]
    assert segment_texts(window(*said)) == ["one two", "three"]


def test_a_sentence_goes_on_across_the_edges_of_windows() -> None:
    one, two = spoken_evenly("the sentence begins"), spoken_evenly("and ends here.", start=1.3)
    assert segment_texts(window(*one), window(*two)) == ["the sentence begins and ends here."]


def test_a_window_that_begins_without_a_blank_is_not_glued_to_the_last_word() -> None:
    assert segment_texts(window((" foo", 0, 0.5)), window(("bar", 0.6, 1.0))) == ["foo", "bar"]
    assert segment_texts(window(("東京", 0, 0.5)), window(("です", 0.6, 1.0))) == ["東京です"]


def test_chinese_and_japanese_sentences_end_too() -> None:
    said = [("今日", 0, 0.3), ("は", 0.3, 0.5), ("晴れ。", 0.5, 0.9), ("明日", 1.0, 1.3), ("は。", 1.3, 1.6)]
    assert segment_texts(window(*said)) == ["今日は晴れ。", "明日は。"]


def test_a_segment_without_words_keeps_its_text() -> None:
    here = chunk(0, 0, 60)
    (first, second, third) = merge(
        [
            (
                here,
                heard(
                    here,
                    window((" before", 0, 0.5)),
                    window(text=" all of it.", span=(1, 9)),
                    window((" after", 9, 9.5)),
                ),
            )
        ],
        duration_seconds=60,
    )
    assert (first.text, third.text) == ("before", "after")
    assert (second.text, second.words, second.start, second.end) == ("all of it.", (), 1.0, 9.0)


def test_endless_speech_is_parted_at_commas_into_bounded_segments() -> None:
    said = spoken_evenly(" ".join(["and then we went on, because"] * 60), step=0.3)
    here = chunk(0, 0, 600)
    segments = merge([(here, heard(here, window(*said)))], duration_seconds=600)
    for segment in segments:
        assert segment.end - segment.start <= LONGEST_SEGMENT / SAMPLE_RATE_HZ
        assert width(segment.text) <= WIDEST_SEGMENT
    assert all(segment.text.endswith("on,") for segment in segments[:-1])


@pytest.mark.parametrize(
    "word", [" end.", " what?!", ' said."', "。", "です。", " done.)", " 5.", " I.", " no.", " ؟", " है।"]
)
def test_sentences_end_here(word: str) -> None:
    assert ends_sentence(word)


@pytest.mark.parametrize(
    "word", [" Mr.", " e.g.", " U.S.", " J.", " etc.", " so...", " well…", " 3.5", "", " ", " word", ' "St.']
)
def test_sentences_do_not_end_here(word: str) -> None:
    assert not ends_sentence(word)


def test_clauses_end_at_commas_and_three_dots() -> None:
    assert all(ends_clause(word) for word in (" well,", " so...", " here:", "、", " and,”"))
    assert not any(ends_clause(word) for word in (" well", "", " end."))


def test_lines_break_at_blanks_and_in_unspaced_scripts_only() -> None:
    assert may_part(" one", " two")
    assert may_part("東", "京")
    assert not may_part("東", "。")
    assert not may_part("「", "東")
    assert not may_part(" well", "-known")
    assert not may_part("한", "국")


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert [width(text) for text in ("abc", "東京", "e\u0301", "한국")] == [3, 4, 1, 4]
