"""Subtitles keep to the rules that their JSON states, or it says of each cue that does not why.

A judge that shares no code with the writer reads the files and finds what is broken: `checker.py`.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.subtitles.checker import Violation, check_subtitles, read_lrc
from tests.subtitles.transcripts import evenly, rambling, segment, transcript, true_transcript, unspaced
from whisper_farm.models import Segment, Transcript
from whisper_farm.subtitles.cues import Cue, cues_of
from whisper_farm.subtitles.formats import Rendering, with_subtitle_report
from whisper_farm.subtitles.options import Preset, SubtitleOptions, rules_of

PRESETS: tuple[Preset, ...] = ("netflix", "bbc", "plain")
PAUSES = (0.0, 0.1, 0.3, 0.6, 2.5)


def judged(said: Transcript, options: SubtitleOptions | None = None) -> list[Violation]:
    """What the judge finds in the files, all of it explained."""
    rendering = Rendering(said, options)
    document, srt, vtt = (rendering.written(extension) for extension in ("json", "srt", "vtt"))
    return check_subtitles(document, srt, vtt, word_times=rendering.style.word_times)


def lines_of(said: Transcript, options: SubtitleOptions | None = None) -> list[str]:
    return [line for cue in cues_of(said, rules_of(options or SubtitleOptions())) for line in cue.lines]


def shown(cue: Cue) -> tuple[int, int, tuple[str, ...]]:
    return cue.start_ms, cue.end_ms, cue.lines


@pytest.mark.parametrize("preset", PRESETS)
def test_the_demo_keeps_to_every_rule(demo_truth: Path, preset: Preset) -> None:
    assert judged(true_transcript(demo_truth), SubtitleOptions(preset=preset)) == []


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("cps", [9, 12, 15])
def test_speech_at_a_usual_pace_keeps_to_every_rule(preset: Preset, cps: float) -> None:
    assert judged(rambling(800, cps=cps, seed=int(cps), pauses=PAUSES), SubtitleOptions(preset=preset)) == []
    assert judged(rambling(800, cps=cps, seed=int(cps)), SubtitleOptions(preset=preset)) == []


@pytest.mark.parametrize("cps", [17, 18])
def test_quick_speech_has_few_exceptions(cps: float) -> None:
    said = rambling(1500, cps=cps, seed=3, pauses=PAUSES)

    assert len(judged(said)) <= 0.03 * len(cues_of(said))


def test_speech_that_nobody_can_read_so_fast_is_shown_and_explained() -> None:
    said = rambling(300, cps=30, seed=1)

    broken = judged(said)

    assert {each.rule for each in broken} <= {"reading speed", "shortest"}
    report = with_subtitle_report(said).subtitles
    assert report is not None
    assert len(report.exceptions) == 2 * len(broken) > 20
    assert report.exceptions[0].format == "srt"
    assert report.exceptions[0].reason.startswith("speech faster than the limit: ")
    assert "characters a second, where the next words begin" in report.exceptions[0].reason


def test_a_monologue_without_punctuation_or_pause_keeps_to_every_rule() -> None:
    words = [
        "we",
        "went",
        "on",
        "and",
        "on",
        "about",
        "rivers",
        "and",
        "bridges",
        "until",
        "nobody",
        "listened",
    ]

    assert judged(rambling(3000, cps=14, seed=5, words=words)) == []


def test_single_words_between_silences_stay_for_the_shortest_time() -> None:
    said = transcript(*(segment(n, (" Yes.", 3.0 * n, 3.0 * n + 0.2)) for n in range(9)))

    assert judged(said) == []
    assert {cue.end_ms - cue.start_ms for cue in cues_of(said)} == {834}


def test_a_word_that_lasts_for_half_a_minute_is_shown_for_seven_seconds() -> None:
    said = transcript(segment(0, (" Oh", 1, 31), (" well.", 31.2, 31.5)))

    assert judged(said) == []
    assert shown(cues_of(said)[0]) == (1000, 8000, ("Oh",))


def test_an_endless_word_leaves_a_whole_gap_or_none() -> None:
    said = transcript(segment(0, (" Oh", 1, 8.2), (" well.", 8.3, 9.5)))

    assert judged(said) == []
    assert shown(cues_of(said)[0]) == (1000, 7800, ("Oh",))


def test_a_word_wider_than_a_line_stands_alone_and_is_explained() -> None:
    url = "https://example.org/a/very/long/path/that/no/line/of/a/subtitle/can/hold"
    said = transcript(
        segment(
            0,
            (" See", 1, 1.5),
            (f" {url}", 1.6, 7),
            (" whenever", 7.5, 8),
            (" you", 8, 8.3),
            (" like.", 8.3, 9),
        )
    )

    assert [each for each in judged(said) if each.cue == 2] == [Violation(2, "columns")]
    assert cues_of(said)[1].lines == (url,)


def test_gaps_under_half_a_second_are_closed_to_two_frames_and_longer_ones_stay() -> None:
    first = evenly(0, "Here is a sentence of its own.", start=1)
    end = first.end
    told = "And here the very next one follows."

    close = cues_of(transcript(first, evenly(1, told, start=end + 0.49)))
    apart = cues_of(transcript(first, evenly(1, told, start=end + 0.51)))

    assert close[1].start_ms - close[0].end_ms == 84
    assert apart[1].start_ms - apart[0].end_ms == 510
    assert apart[0].end_ms == round(end * 1000)


@pytest.mark.parametrize(
    ("frames", "fps", "gap_ms"), [(2, 24.0, 84), (2, 25.0, 80), (2, 23.976, 84), (1, 50.0, 20), (0, 24.0, 0)]
)
def test_the_smallest_gap_is_counted_in_frames(frames: int, fps: float, gap_ms: int) -> None:
    options = SubtitleOptions(gap_frames=frames, frames_per_second=fps)
    said = rambling(200, cps=12, seed=2)

    cues = cues_of(said, rules_of(options))

    assert judged(said, options) == []
    assert {b.start_ms - a.end_ms for a, b in pairwise(cues)} == {gap_ms}


def test_a_cue_stays_until_it_can_be_read() -> None:
    quick = "Quickly said things need more time than their saying took."
    said = transcript(evenly(0, quick, start=1, step=0.15))

    (cue,) = cues_of(said)

    assert cue.end_ms == 1000 + len(quick) * 50


LANGUAGES = {
    "en": "He put the letter on the table beside the window and left a note for an old captain.",
    "de": "Er legte den Brief auf den Tisch neben dem Fenster und ließ eine Nachricht für einen Kapitän da.",
    "fr": "Il posa la lettre sur la table près de la fenêtre et laissa un mot pour le vieux capitaine.",
    "es": "Puso la carta en la mesa junto a la ventana y dejó una nota para el viejo capitán del puerto.",
    "it": "Mise la lettera sul tavolo vicino alla finestra e lasciò un biglietto per il vecchio capitano.",
    "pt": "Pôs a carta na mesa junto à janela e deixou um bilhete para o velho capitão do porto.",
    "nl": "Hij legde de brief op de tafel naast het raam en liet een briefje achter voor een oude kapitein.",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("columns", range(16, 43, 3))
def test_no_line_ends_between_an_article_and_its_noun(language: str, columns: int) -> None:
    said = transcript(
        *(evenly(n, LANGUAGES[language], start=1 + 9 * n, step=0.4) for n in range(2)), language=language
    )

    broken = judged(said, SubtitleOptions(line_columns=columns, characters_per_second=0))

    assert [each.rule for each in broken if each.rule == "article"] == []


def test_an_article_whose_noun_comes_much_later_is_explained() -> None:
    soon = transcript(segment(0, (" the", 1, 1.2), (" bridge.", 3.1, 3.5)))
    late = transcript(segment(0, (" the", 1, 1.2), (" bridge.", 3.2, 3.6)))

    assert judged(soon) == []
    assert judged(late) == [Violation(1, "article")]


def test_lines_break_after_punctuation_and_before_conjunctions_and_prepositions() -> None:
    def only(text: str) -> list[str]:
        return lines_of(transcript(evenly(0, text, start=1, step=0.4)))

    assert only("The captain knew it, the mayor of the town knew it.")[0] == "The captain knew it,"
    assert only("He would have told them all because nobody had asked him") == [
        "He would have told them all",
        "because nobody had asked him",
    ]
    assert only("They walked the whole long way beside the narrow river") == [
        "They walked the whole long way",
        "beside the narrow river",
    ]


def test_translated_speech_follows_the_rules_of_english() -> None:
    said = transcript(evenly(0, LANGUAGES["en"], start=1, step=0.4), language="de")
    translated = said.model_copy(update={"decoding": {"task": "translate"}})
    english = said.model_copy(update={"language": "en"})

    assert lines_of(translated) == lines_of(english)


CHINESE = "今天天气很好，我们去公园散步，然后回家吃饭。晚上大家一起看了一部很长的电影，讨论到很晚才睡觉。"  # noqa: RUF001
JAPANESE = "今日はとても良い天気なので、公園を散歩してから、家に帰ってご飯を食べました。ちょっと疲れました。"


@pytest.mark.parametrize(("language", "text", "columns"), [("zh", CHINESE, 32), ("ja", JAPANESE, 26)])
def test_wide_characters_take_two_columns(language: str, text: str, columns: int) -> None:
    said = transcript(unspaced(0, text, start=1), language=language)

    assert judged(said) == []
    lines = [line for cue in Rendering(said).cues for line in cue.lines]
    assert columns // 2 - 4 <= max(len(line) for line in lines) <= columns // 2
    assert not [line for line in lines if line[0] in "，。、っゃゅょー"], "nothing hangs over into a line"  # noqa: RUF001


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "ar",
            "ذهب القبطان إلى السوق القديم قرب النهر، ثم كتب رسالة طويلة إلى أخيه وعاد إلى بيته في المساء. "
            * 3,
        ),
        ("he", "הקברניט הלך לשוק הישן ליד הנהר, ואחר כך כתב מכתב ארוך לאחיו וחזר לביתו בערב. " * 3),
        ("hi", "कप्तान नदी के पास पुराने बाज़ार गया, फिर उसने अपने भाई को एक लंबी चिट्ठी लिखी। " * 3),
        ("ru", "Капитан пошёл на старый рынок у реки, а потом написал длинное письмо своему брату. " * 3),  # noqa: RUF001
        ("en", "👩‍👩‍👧‍👦 family 🇩🇪 flag ❤️ heart 👍🏽 thumb 東京 tower e\u0301tude " * 8),
    ],
)
def test_scripts_of_the_world_keep_to_every_rule(language: str, text: str) -> None:
    assert judged(transcript(evenly(0, text, start=1, step=0.5), language=language)) == []


def test_thai_is_never_parted_before_a_mark_or_after_a_leading_vowel() -> None:
    said = transcript(unspaced(0, "สวัสดีครับวันนี้เราจะไปเที่ยวตลาดน้ำแล้วก็กลับบ้านตอนเย็น" * 3, start=1, step=0.12))

    assert judged(said) == []
    for line in lines_of(said):
        assert line[0] not in "ะาำิีึืุู็่้๊๋์ๆ"
        assert line[-1] not in "เแโใไ"


def test_right_to_left_words_keep_their_order_and_get_no_marks() -> None:
    text = "שלום לכולם, וברוכים הבאים לתוכנית."
    (cue,) = cues_of(transcript(evenly(0, text, start=1), language="he"))

    assert " ".join(cue.lines) == text


pieces = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        [" the", " a", " end.", " and", " -->", "、", " 東", "京。", " " + "x" * 60, " 👍🏽", " <b>"]
    ),
    st.sampled_from(["ก", "า", "เ", " wait", " for", " it,", "-known", " (the", " the-"]),
)
timed = st.tuples(pieces, st.integers(0, 3000), st.integers(0, 1500))
spans = st.lists(st.lists(timed, min_size=1, max_size=30), max_size=6)
asked = st.builds(
    SubtitleOptions,
    preset=st.sampled_from(PRESETS),
    line_columns=st.none() | st.integers(10, 60),
    lines=st.none() | st.integers(1, 4),
    shortest_seconds=st.none() | st.floats(0.1, 1.9),
    longest_seconds=st.none() | st.floats(6, 20),
    gap_frames=st.none() | st.integers(0, 8),
    closed_gap_seconds=st.none() | st.just(0.0) | st.floats(0.4, 2.0),
    word_times=st.booleans(),
)


def told(spans: list[list[tuple[str, int, int]]]) -> Transcript:
    """Words after one another, with those pauses before them and those lengths in milliseconds."""
    at = 0
    segments: list[Segment] = []
    for span in spans:
        words = []
        for text, pause, length in span:
            start = at + pause
            at = start + length
            words.append((text, start / 1000, at / 1000))
        if "".join(text for text, _, _ in words).strip():
            segments.append(segment(len(segments), *words))
    return transcript(*segments, duration=at / 1000)


@settings(deadline=None, max_examples=150)
@given(spans, asked)
def test_whatever_is_said_every_broken_rule_is_explained(
    said: list[list[tuple[str, int, int]]], options: SubtitleOptions
) -> None:
    judged(told(said), options)
    read_lrc(Rendering(told(said), options).written("lrc"))


@settings(deadline=None, max_examples=50)
@given(spans)
def test_a_transcript_that_is_read_back_has_the_same_subtitles(
    said: list[list[tuple[str, int, int]]],
) -> None:
    first = Rendering(told(said))

    again = Rendering(Transcript.model_validate_json(first.written("json")))

    assert again.written("srt") == first.written("srt")
    assert again.written("json") == first.written("json")
