"""Makes a recording of any length, with its truth, out of the demo's three minutes.

Every sentence of the demo is cut out by its true times and said again in another order, with pauses of
other lengths: no two minutes are the same, the truth is exact, and nothing but this repository is
needed. The same seed gives the same samples.

    python tools/long_recording.py --minutes 60 --seed 7 --out talk.mp3 --truth talk.json
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whisper_farm.audio.flac import decode_flac
from whisper_farm.audio.program import ffmpeg_path

DEMO = Path(__file__).parents[1] / "demo"
RATE_HZ = 16_000

#: Kept around a sentence, so that no word's edge is cut; the truth's pauses are longer.
MARGIN_SECONDS = 0.12

Pcm = NDArray[np.int16]


def main() -> int:
    """Write the recording, and its truth where asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="its extension says the format")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--bitrate", default="64k")
    asked = parser.parse_args()
    write_recording(
        asked.out, minutes=asked.minutes, seed=asked.seed, bitrate=asked.bitrate, truth_out=asked.truth
    )
    return 0


def write_recording(
    out: Path, *, minutes: float, seed: int, bitrate: str = "64k", truth_out: Path | None = None
) -> None:
    """Encode the recording as `out`'s extension says; memory stays constant whatever the length."""
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error", "-y"]
    command += ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "pipe:0", "-b:a", bitrate, str(out)]
    spoken: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for pcm in _sentences(minutes * 60.0, random.Random(seed), spoken):
            encoder.stdin.write(pcm.tobytes())
        encoder.stdin.close()
    if encoder.returncode != 0:
        raise SystemExit(f"ffmpeg could not write {out}")
    if truth_out is not None:
        truth_out.write_text(json.dumps({"segments": spoken}))


def _sentences(seconds: float, order: random.Random, spoken: list[dict[str, Any]]) -> Iterator[Pcm]:
    """Pause, sentence, pause, ... until `seconds` are full; what was said goes into `spoken`."""
    demo: Pcm = decode_flac((DEMO / "podcast_3min.flac").read_bytes(), longest_samples=600 * RATE_HZ)
    truth = json.loads((DEMO / "podcast_3min.truth.json").read_text())["segments"]
    noise = np.random.default_rng(order.randrange(2**32))
    at, deck = 0, list[dict[str, Any]]()
    while at < seconds * RATE_HZ:
        if not deck:
            deck = order.sample(truth, len(truth))
        sentence = deck.pop()
        pause = noise.normal(0.0, 3.0, int(order.uniform(0.2, 1.4) * RATE_HZ)).astype(np.int16)
        begin = max(0, int((sentence["start"] - MARGIN_SECONDS) * RATE_HZ))
        voice = demo[begin : int((sentence["end"] + MARGIN_SECONDS) * RATE_HZ)]
        start = (at + len(pause)) / RATE_HZ + sentence["start"] - begin / RATE_HZ
        spoken.append(
            {"start": round(start, 3), "end": round(start + sentence["end"] - sentence["start"], 3)}
            | {"text": sentence["text"]}
        )
        at += len(pause) + len(voice)
        yield pause
        yield voice


if __name__ == "__main__":
    sys.exit(main())
