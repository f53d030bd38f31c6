"""Small recordings of every kind, made from the demo's with the farm's own ffmpeg."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.conftest import DEMO
from whisper_farm.audio.decode import PcmStream, decode
from whisper_farm.audio.program import ffmpeg_path

SPEECH = DEMO / "podcast_3min.flac"
SECONDS = 12

#: Kinds that ffmpeg can decode from a pipe, and how each is made.
STREAMABLE = {
    "a.wav": [],
    "stereo.wav": ["-ar", "44100", "-ac", "2"],
    "a.mp3": ["-b:a", "64k", "-write_id3v1", "1", "-metadata", "title=Talk"],
    "plain.mp3": ["-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0"],
    "a.flac": [],
    "a.opus": ["-c:a", "libopus"],
    "a.ogg": ["-c:a", "libvorbis"],
    "a.aac": ["-c:a", "aac"],
    "a.webm": ["-c:a", "libopus"],
    "a.ts": ["-c:a", "aac"],
    "front.m4a": ["-c:a", "aac", "-movflags", "+faststart"],
}

#: Kinds that need seeking.
SEEKING = {
    "a.m4a": ["-c:a", "aac"],
    "a.aiff": [],
    "a.caf": [],
    "a.wma": [],
}


def ffmpeg(*words: str | Path) -> None:
    """Run ffmpeg, which must succeed."""
    command = [ffmpeg_path(), "-nostdin", "-y", "-v", "error", *map(str, words)]
    subprocess.run(command, check=True, timeout=60)


def make(folder: Path, name: str, *how: str, seconds: float = SECONDS) -> Path:
    """The first seconds of the demo's recording, written as `folder/name`."""
    out = folder / name
    ffmpeg("-t", str(seconds), "-i", SPEECH, *how, out)
    return out


def make_video(folder: Path, name: str, *, sound_starts_at: float | None, seconds: float = 8) -> Path:
    """A small video, whose sound (if any) starts that late."""
    out = folder / name
    picture = ["-f", "lavfi", "-i", f"color=c=gray:s=64x64:r=5:d={seconds + (sound_starts_at or 0)}"]
    if sound_starts_at is None:
        ffmpeg(*picture, "-c:v", "mpeg4", out)
    else:
        late = ["-itsoffset", str(sound_starts_at), "-t", str(seconds), "-i", str(SPEECH)]
        sound = ["-c:a", "aac", "-ac", "2", "-ar", "44100", "-movflags", "+faststart"]
        ffmpeg(*picture, *late, "-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", *sound, out)
    return out


def make_hole(folder: Path, name: str, *, after_seconds: float, of_seconds: float) -> Path:
    """Sound that stops for a while by its timestamps alone, as a muted microphone does."""
    jump = f"asetpts=PTS+if(gt(T\\,{after_seconds})\\,{of_seconds}/TB\\,0)"
    return make(folder, name, "-af", jump, "-c:a", "libopus")


def blocks_of(path: Path, size: int = 10_000) -> Iterator[bytes]:
    """A file's bytes in order, as a store hands them out."""
    with path.open("rb") as file:
        while block := file.read(size):
            yield block


def decoded(source: Path | Iterator[bytes], *, longest_seconds: float = 3600) -> NDArray[np.int16]:
    """All samples of a short recording."""
    return decoded_with_faults(source, longest_seconds=longest_seconds)[0]


def decoded_with_faults(
    source: Path | Iterator[bytes], *, longest_seconds: float = 3600
) -> tuple[NDArray[np.int16], PcmStream]:
    with decode(source, longest_seconds=longest_seconds) as stream:
        return np.concatenate(list(stream)), stream


def bytes_of(path: Path) -> bytes:
    """All of a small file."""
    return path.read_bytes()


def sha256_of(path: Path) -> str:
    """The name its bytes have in a store."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
