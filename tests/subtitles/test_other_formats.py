"""What is made of a transcript when somebody asks: word times, LRC, `verbose_json`, paragraphs with times."""

import json
import math

import pytest
from pydantic import BaseModel, ConfigDict

from tests.subtitles.checker import (
    LRC_WORD_TIME,
    VTT_WORD_TIME,
    bare,
    check_subtitles,
    read_lrc,
    read_vtt,
    spoken,
)
from tests.subtitles.test_golden import SMALL
from tests.subtitles.transcripts import evenly, rambling, segment, transcript, unspaced
from whisper_farm.models import Gap, Transcript
from whisper_farm.subtitles.formats import Rendering, write
from whisper_farm.subtitles.options import SubtitleOptions

WORD_TIMES = SubtitleOptions(word_times=True)


class VerboseWord(BaseModel):
    """As OpenAI's client reads it."""

    word: str
    start: float
    end: float


class VerboseSegment(BaseModel):
    """As OpenAI's client reads it: each of these must be there; others may be."""

    model_config = ConfigDict(strict=True, extra="allow")

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class Verbose(BaseModel):
    """As OpenAI's client reads it."""

    model_config = ConfigDict(strict=True, extra="allow")

    task: str
    language: str
    duration: float
    text: str
    segments: list[VerboseSegment] | None = None
    words: list[VerboseWord] | None = None


@pytest.mark.parametrize("extension", ["json", "verbose.json"])
def test_readers_of_verbose_json_understand_it(extension: str) -> None:
    read = Verbose.model_validate_json(write(SMALL, extension))

    assert (read.task, read.language, read.duration) == ("transcribe", "en", 3662.5)
    assert read.text == SMALL.text
    assert read.segments is not None
    assert [each.text for each in read.segments] == [each.text for each in SMALL.segments]
    assert [each.seek for each in read.segments] == [50, 400, 1020, 1425, 366100]
    assert read.segments[0].avg_logprob == pytest.approx(math.log(0.98765), abs=1e-4)


def test_verbose_json_has_all_words_in_one_list() -> None:
    read = Verbose.model_validate_json(write(SMALL, "verbose.json"))

    assert read.words is not None
    assert [each.word for each in read.words] == SMALL.text.split()
    assert (read.words[1].start, read.words[1].end) == (0.85, 1.165)


def test_a_loop_shows_in_the_compression_ratio_as_it_does_in_whisper() -> None:
    said = transcript(
        evenly(0, "and then " * 60, start=0), evenly(1, "Nothing is said twice here.", start=50)
    )

    looped, plain = json.loads(write(said, "verbose.json"))["segments"]

    assert looped["compression_ratio"] > 2.4 > plain["compression_ratio"]


def test_what_only_verbose_json_needs_is_not_read_back() -> None:
    text = write(SMALL, "json")

    assert '"no_speech_prob"' in text
    assert write(Transcript.model_validate_json(text), "json") == text


def test_vtt_with_word_times_tells_when_each_word_is_said() -> None:
    said = transcript(evenly(0, "Rivers & bridges <are> what we talk about tonight.", start=1.0))

    text = write(said, "vtt", WORD_TIMES)

    assert text == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:04.115\n"
        "Rivers <00:00:01.350>&amp; <00:00:01.700>bridges <00:00:02.050>&lt;are&gt;\n"
        "<00:00:02.400>what <00:00:02.750>we <00:00:03.100>talk <00:00:03.450>about <00:00:03.800>tonight.\n"
    )
    assert read_vtt(text, word_times=True)[0] == read_vtt(write(said, "vtt"))[0]


@pytest.mark.parametrize("cps", [12.0, 40.0])
def test_word_times_lie_within_their_cue_however_fast_the_speech(cps: float) -> None:
    rendering = Rendering(rambling(400, cps=cps, seed=4), WORD_TIMES)

    check_subtitles(*(rendering.written(form) for form in ("json", "srt", "vtt")), word_times=True)

    assert len(VTT_WORD_TIME.findall(rendering.written("vtt"))) > 250


def test_lrc_has_a_line_for_each_cue_and_an_empty_one_before_a_long_pause() -> None:
    said = transcript(
        evenly(0, "Good evening, all.", start=0.5),
        evenly(1, "It is late.", start=9.0),
        evenly(2, "[1:00] is no time", start=6059.996),
        duration=6070.0,
    )

    assert read_lrc(write(said, "lrc")) == [
        (500, "Good evening, all."),
        (1520, ""),
        (9000, "It is late."),
        (10020, ""),
        (6060000, " [ 1:00] is no time"),
        (6061360, ""),
    ]


def test_lrc_can_tell_when_each_word_is_said() -> None:
    (line, _) = read_lrc(
        write(transcript(evenly(0, "Good evening, <3:10> all.", start=0.5)), "lrc", WORD_TIMES)
    )

    assert line == (500, "<00:00.50>Good <00:00.85>evening, <00:01.20>< 3:10> <00:01.55>all.")


def test_lrc_holds_every_word() -> None:
    said = rambling(500, cps=14, seed=6, pauses=(0.0, 3.0))

    for options in (None, WORD_TIMES):
        lines = read_lrc(write(said, "lrc", options))
        assert bare("".join(LRC_WORD_TIME.sub("", text) for _, text in lines)) == bare(said.text)


def test_paragraphs_may_begin_with_their_times() -> None:
    said = transcript(
        evenly(0, "One.", start=0.2),
        evenly(1, "Two.", start=1),
        evenly(2, "Three.", start=723.9),
        gaps=(Gap(start=900, end=960, reason="broken", fault="recording"),),
    )

    assert write(said, "txt", SubtitleOptions(paragraph_times=True)) == (
        "[00:00:00] One. Two.\n\n[00:12:03] Three.\n\n[no transcript from 15:00 to 16:00: broken]\n"
    )


def test_the_json_says_what_the_subtitles_were_written_by() -> None:
    options = SubtitleOptions(preset="bbc", line_columns=30, characters_per_second=16.5, gap_frames=3)

    report = json.loads(write(SMALL, "json", options))["subtitles"]

    assert report == {
        "preset": "bbc",
        "rules": {
            "line_columns": 30,
            "lines": 2,
            "shortest_ms": 834,
            "longest_ms": 7000,
            "characters_per_second": 16.5,
            "smallest_gap_ms": 120,
            "closed_gap_ms": 1000,
        },
        "word_times": False,
        "paragraph_times": False,
        "cue_count": report["cue_count"],
        "exceptions": [],
    }


def test_a_rendering_without_options_is_in_the_style_that_the_transcript_has() -> None:
    options = SubtitleOptions(preset="bbc", line_columns=20, word_times=True)
    stored = Transcript.model_validate_json(write(SMALL, "json", options))

    for extension in ("json", "srt", "vtt", "lrc"):
        assert Rendering(stored).written(extension) == write(SMALL, extension, options)
    assert Rendering(stored, options).is_as_stored("vtt")
    assert not Rendering(stored, SubtitleOptions()).is_as_stored("vtt")
    assert Rendering(stored, SubtitleOptions()).is_as_stored("tsv")
    assert not Rendering(stored).is_as_stored("lrc")


def test_unspaced_scripts_keep_their_words_together_with_word_times() -> None:
    said = transcript(unspaced(0, "今日はとても良い天気です。", start=1), language="ja")

    shown, _ = read_vtt(write(said, "vtt", WORD_TIMES), word_times=True)

    assert spoken(shown) == said.text
    assert write(transcript(segment(0, ("今日", 1, 2))), "lrc") == "[00:01.00]今日\n[00:02.00]\n"
