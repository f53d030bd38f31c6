"""Puts a made recording on disk: the audio, and its truth beside it. Each appears whole or not at all."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tools.recordings.kinds import Made
from whisper_farm.audio.program import ffmpeg_path


def write(made: Made, folder: Path, *, stem: str) -> Path:
    """Write `<stem>.<ext>` and then `<stem>.json` into `folder`; the audio's path.

    Raises:
        RuntimeError: ffmpeg could not write it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{stem}.{made.extension}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as scratch:
        audio, truth = Path(scratch) / out.name, Path(scratch) / f"{stem}.json"
        _encode(made, audio)
        truth.write_text(made.truth.as_json())
        audio.replace(out)
        truth.replace(folder / truth.name)
    return out


def _encode(made: Made, out: Path) -> None:
    pcm = np.round(made.audio * 32767).astype("<i2")
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error", "-y"]
    command += ["-f", "s16le", "-ar", str(made.rate_hz), "-ac", str(channels), "-i", "pipe:0"]
    # No names and dates of the encoder in the file: the same recording is the same bytes.
    command += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    command += ["-b:a", made.bitrate] if made.bitrate else []
    done = subprocess.run([*command, str(out)], input=pcm.tobytes(), capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ffmpeg could not write {out.name}: {done.stderr.decode(errors='replace')[:300]}")
