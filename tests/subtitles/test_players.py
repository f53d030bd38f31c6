"""Real ffmpeg opens what is written, without a warning, and finds every cue in it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.subtitles.checker import read_srt
from tests.subtitles.transcripts import evenly, rambling, transcript, unspaced
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.models import Gap, Transcript
from whisper_farm.subtitles.formats import write
from whisper_farm.subtitles.options import SubtitleOptions

SAID = {
    "english": rambling(400, cps=14, seed=8, pauses=(0.0, 0.4, 3.0)),
    "fast": rambling(200, cps=35, seed=9),
    "markup": transcript(
        evenly(
            0, "a <b> & 00:00:01,000 --> 00:00:02,000 {\\an8} <i>it</i> [00:01.00] end.", start=1, step=0.6
        ),
        gaps=(Gap(start=30, end=40, reason="broken --> here", fault="recording"),),
    ),
    "scripts": transcript(
        unspaced(0, "今天天气很好，我们去公园散步，然后回家吃饭。", start=1),  # noqa: RUF001
        evenly(1, "مرحبا بكم في البرنامج، كيف حالكم؟", start=20),
        evenly(2, "שלום לכולם 👩‍👩‍👧‍👦 done 🎉 e\u0301tude", start=30),
    ),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
@pytest.mark.parametrize(
    ("extension", "options"),
    [
        ("srt", None),
        ("vtt", None),
        ("vtt", SubtitleOptions(word_times=True)),
        ("srt", SubtitleOptions(preset="bbc")),
    ],
    ids=["srt", "vtt", "vtt with word times", "bbc"],
)
def test_ffmpeg_reads_every_cue_without_a_warning(
    tmp_path: Path, said: Transcript, extension: str, options: SubtitleOptions | None
) -> None:
    path = tmp_path / f"said.{extension}"
    path.write_text(write(said, extension, options), encoding="utf-8")

    told, again = _through_ffmpeg(path)

    assert told == ""
    times = re.findall(r"^\d.* --> .*$", again, re.MULTILINE)
    assert len(times) == len(read_srt(write(said, "srt", options)))


def _through_ffmpeg(path: Path) -> tuple[str, str]:
    """What ffmpeg warns of, and the subtitles as it writes them."""
    done = subprocess.run(
        [ffmpeg_path(), "-nostdin", "-v", "warning", "-i", str(path), "-f", "srt", "-"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stderr, done.stdout


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_ffmpeg_opens_lrc_without_a_warning(tmp_path: Path, said: Transcript) -> None:
    path = tmp_path / "said.lrc"
    path.write_text(write(said, "lrc"), encoding="utf-8")

    told, _ = _through_ffmpeg(path)

    assert told == ""
