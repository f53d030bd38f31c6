from hypothesis import given, settings
from hypothesis import strategies as st

from tests.subtitles.checker import bare, check_subtitles, read_srt, read_vtt, spoken
from tests.subtitles.transcripts import evenly, segment, transcript
from whisper_farm.breaks import width
from whisper_farm.models import Gap, Segment, Transcript
from whisper_farm.subtitles.clock import clock, interval, milliseconds, srt_time
from whisper_farm.subtitles.cues import cues_of
from whisper_farm.subtitles.formats import Rendering, write

SPEECH = (
    "When the river rose that spring, nobody in the town believed that the old bridge would hold, because"
    " it had been mended so often that hardly one stone was left of the first one, and the mayor, who knew"
    " it, said so."
)


def check_all(said: Transcript) -> None:
    """Every strict reader takes what is written, and finds the transcript's words in it."""
    rendering = Rendering(said)
    check_subtitles(*(rendering.written(extension) for extension in ("json", "srt", "vtt")))
    cues = read_srt(write(said, "srt"))
    shown, notes = read_vtt(write(said, "vtt"))
    assert spoken(cues) == bare(said.text)
    assert [(one.start_ms, one.end_ms) for one in cues] == [(one.start_ms, one.end_ms) for one in shown]
    assert len(notes) == len(said.gaps)
    header, *rows = write(said, "tsv").removesuffix("\n").split("\n")
    assert header == "start\tend\ttext"
    assert [row.split("\t")[:2] for row in rows] == [
        [str(milliseconds(each.start)), str(milliseconds(each.end))] for each in said.segments
    ]
    assert Transcript.model_validate_json(write(said, "json")).text == said.text
    if not said.gaps:
        assert bare(write(said, "txt")) == bare(said.text)


def test_cues_keep_to_two_lines_of_42_and_seven_seconds() -> None:
    said = transcript(evenly(0, SPEECH, start=1.0))
    cues = cues_of(said)
    assert all(len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines) for cue in cues)
    assert all(cue.end_ms - cue.start_ms <= 7000 for cue in cues)
    check_all(said)


def test_cues_break_after_punctuation_where_they_can() -> None:
    cues = cues_of(transcript(evenly(0, SPEECH, start=1.0)))
    assert cues[0].lines[0] == "When the river rose that spring,"
    assert cues[1].lines[-1] == "because it had been mended"
    assert cues[-1].lines[-1].endswith("said so.")


def test_a_short_cue_stays_on_for_five_sixths_of_a_second_or_shares_one() -> None:
    apart = transcript(segment(0, (" Yes.", 1.0, 1.2)), segment(1, (" No.", 3.5, 3.6)), duration=10)
    assert [(cue.start_ms, cue.end_ms) for cue in cues_of(apart)] == [(1000, 1834), (3500, 4334)]
    close = transcript(segment(0, (" Yes.", 1.0, 1.2)), segment(1, (" No.", 1.5, 1.6)), duration=10)
    assert [(cue.start_ms, cue.end_ms, cue.lines) for cue in cues_of(close)] == [(1000, 1834, ("Yes. No.",))]


def test_nothing_is_shown_after_the_end_of_the_recording() -> None:
    at_the_end = transcript(segment(0, (" Yes.", 9.5, 9.7)), duration=10)
    (cue,) = cues_of(at_the_end)
    assert (cue.start_ms, cue.end_ms) == (9500, 10000)
    assert [(fault.rule, fault.reason) for fault in cue.faults] == [
        ("shortest", "only 0.50 s are left, where the recording ends")
    ]


def test_words_without_any_length_share_a_cue_that_is_not_empty() -> None:
    said = transcript(*(segment(n, (f" word{n}.", 2.0, 2.0)) for n in range(5)), duration=2.0)
    assert [(cue.start_ms, cue.end_ms) for cue in cues_of(said)] == [(2000, 2001)]
    check_all(said)


def test_a_segment_without_words_is_shown_in_full() -> None:
    whole = Segment(id=0, start=2, end=28, text=SPEECH, words=())
    chinese = Segment(
        id=1, start=30, end=50, text="今天天气很好、我们去公园散步、然后回家吃饭。" * 3, words=()
    )
    said = transcript(whole, chinese)
    assert all(cue.end_ms - cue.start_ms <= 7000 for cue in cues_of(said))
    assert all(width(line) <= 42 for cue in cues_of(said) for line in cue.lines)
    check_all(said)


def test_scripts_of_the_world_come_through() -> None:
    check_all(
        transcript(
            segment(
                0,
                ("今日", 0, 0.5),
                ("は", 0.5, 0.8),
                ("とても", 0.8, 1.2),
                ("晴れ", 1.2, 1.5),
                ("です。", 1.5, 2),
            ),
            evenly(1, "مرحبا بكم في البرنامج، كيف حالكم؟", start=3),
            evenly(2, "שלום לכולם, וברוכים הבאים.", start=6),
            evenly(3, "Well 👩‍👩‍👧‍👦 done 🎉 e\u0301tude", start=9),
            segment(4, ("สวัสดี", 12, 12.5), ("ครับ", 12.5, 13)),
        )
    )


def test_hostile_text_breaks_no_file() -> None:
    check_all(
        transcript(
            segment(0, (" 00:00:01,000 --> 00:00:02,000", 1, 2), ("\n\n7\n", 2, 3), (" <b>&amp;</b>", 3, 4)),
            segment(
                1, (" a\r\nb\tc\x00d\u2028e\x85f", 5, 6), (" -", 6, 6.1), ("-", 6.1, 6.2), ("> x", 6.2, 6.3)
            ),
            segment(2, (" " + "endless" * 40, 7, 8), (" WEBVTT", 8, 8.2), (" NOTE", 8.2, 8.5)),
            gaps=(Gap(start=9, end=9.5, reason="it said\n\n00:01 --> 00:02 <x>", fault="recording"),),
        )
    )


def test_markup_in_srt_gets_a_blank_and_is_shown() -> None:
    arrow = segment(0, (" a", 1, 2), (" --", 2, 2.5), (">", 2.5, 2.6), (" b", 2.6, 3))
    tags = segment(1, (" <i>", 4, 5), (" {\\an8}", 5, 6), (" 1 < 2 </i>", 6, 7))
    assert write(transcript(arrow, tags), "srt") == (
        "1\n00:00:01,000 --> 00:00:03,000\na -- > b\n\n"
        "2\n00:00:04,000 --> 00:00:07,000\n< i> { \\an8} 1 < 2 < /i>\n"
    )


def test_times_are_rounded_to_the_nearest_millisecond() -> None:
    assert [milliseconds(s) for s in (0, 0.0004, 0.0005, 1.9996, 59.9999)] == [0, 0, 1, 2000, 60000]
    assert srt_time(100 * 3600_000 + 61_001) == "100:01:01,001"
    assert [clock(s) for s in (0, 61.5, 3599.6, 36000)] == ["0:00", "1:01", "59:59", "10:00:00"]
    assert interval(62.1, 62.4) == "1:02.1 to 1:02.4"


def test_paragraphs_begin_at_long_pauses_and_tell_gaps_in_their_place() -> None:
    said = transcript(
        evenly(0, "One.", start=0),
        evenly(1, "Two.", start=1),
        evenly(2, "Three.", start=5),
        evenly(3, "Four.", start=45),
        gaps=(
            Gap(start=6, end=44, reason="broken", fault="recording"),
            Gap(start=50, end=60, reason="cut short", fault="recording"),
        ),
    )
    assert write(said, "txt") == (
        "One. Two.\n\nThree.\n\n[no transcript from 0:06 to 0:44: broken]\n\nFour.\n\n"
        "[no transcript from 0:50 to 1:00: cut short]\n"
    )


def test_endless_speech_is_parted_into_paragraphs() -> None:
    said = transcript(*(evenly(n, SPEECH, start=14.0 * n) for n in range(20)), duration=300)
    paragraphs = write(said, "txt").split("\n\n")
    assert len(paragraphs) == 4
    assert all(len(paragraph) < 1200 for paragraph in paragraphs)


words = st.lists(
    st.tuples(
        st.one_of(
            st.text(min_size=1, max_size=12), st.sampled_from([" the", " end.", " -->", "、", " 東", "京。"])
        ),
        st.integers(0, 900),
        st.integers(0, 900),
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)
@given(st.lists(words, max_size=5))
def test_whatever_is_said_cues_hold_exactly_it_in_order(said: list[list[tuple[str, int, int]]]) -> None:
    at = 0
    segments: list[Segment] = []
    for spans in said:
        timed = []
        for text, pause, length in spans:
            start = at + pause
            at = start + length
            timed.append((text, start / 1000, at / 1000))
        if "".join(text for text, _, _ in timed).strip():
            segments.append(segment(len(segments), *timed))
    check_all(transcript(*segments, duration=at / 1000))
