"""One small transcript in every format, byte for byte. A change here changes what everybody reads."""

import json
from pathlib import Path

import pytest

from tests.subtitles.checker import bare, read_srt, read_vtt, spoken
from tests.subtitles.transcripts import evenly, transcript
from whisper_farm.errors import BadRequest
from whisper_farm.models import ChunkProvenance, Gap, Transcript
from whisper_farm.subtitles.formats import FORMATS, write

GOLDEN = Path(__file__).parent / "golden"

SMALL = transcript(
    evenly(0, "Good evening, and welcome to the show.", start=0.5),
    evenly(
        1,
        "Tonight we talk about rivers & bridges, about the people who built them, and <why> they fell.",
        start=4.0,
    ),
    evenly(2, "Who paid?", start=10.2),
    evenly(3, "Nobody did.", start=14.25),
    evenly(4, "That is all.", start=3661.0),
    duration=3662.5,
    gaps=(
        Gap(start=20.0, end=50.5, reason="the recording is broken here", fault="recording"),
        Gap(start=3000.0, end=3600.0, reason="the engine failed", fault="farm"),
    ),
    warnings=("The recording is broken here; 0:20 to 0:50 is missing.",),
).model_copy(
    update={
        "chunks": (
            ChunkProvenance(
                index=0,
                start=0.0,
                end=3662.5,
                seam="silent",
                result="results/aa/bb.json",
                worker="w1",
                attempts=1,
            ),
        )
    }
)


@pytest.mark.parametrize("extension", FORMATS)
def test_a_small_transcript_is_written_as_it_was(extension: str) -> None:
    golden = GOLDEN / f"small.{extension}"
    assert write(SMALL, extension).encode() == golden.read_bytes()


def test_the_strict_readers_agree() -> None:
    cues = read_srt(write(SMALL, "srt"))
    assert spoken(cues) == bare(SMALL.text)
    shown, notes = read_vtt(write(SMALL, "vtt"))
    assert spoken(shown) == bare(SMALL.text)
    assert [(one.start_ms, one.end_ms) for one in shown] == [(one.start_ms, one.end_ms) for one in cues]
    assert notes == [
        "no transcript from 0:20 to 0:50: the recording is broken here",
        "no transcript from 50:00 to 1:00:00: the engine failed",
    ]


def test_the_json_reads_back_as_the_transcript() -> None:
    text = write(SMALL, "json")
    assert Transcript.model_validate_json(text).text == SMALL.text
    parsed = json.loads(text)
    assert parsed["segments"][0]["words"][1] == {
        "word": " evening,",
        "start": 0.85,
        "end": 1.165,
        "probability": 0.9877,
    }
    assert parsed["decoding"] == SMALL.decoding
    assert list(parsed)[3:7] == ["text", "language", "duration", "segments"]


def test_a_silent_recording_has_empty_files_in_every_format() -> None:
    silent = transcript()
    assert (write(silent, "srt"), write(silent, "txt")) == ("", "")
    assert (write(silent, "vtt"), write(silent, "tsv")) == ("WEBVTT\n", "start\tend\ttext\n")
    assert json.loads(write(silent, "json"))["segments"] == []
    assert (read_srt(""), read_vtt("WEBVTT\n")) == ([], ([], []))


def test_an_unknown_format_is_refused_by_name() -> None:
    known = r"json, srt, vtt, txt, tsv, lrc, verbose\.json\."
    with pytest.raises(BadRequest, match=rf"no format 'docx'; take one of {known}"):
        write(SMALL, "docx")
