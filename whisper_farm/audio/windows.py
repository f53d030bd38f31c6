"""A few spaced windows of a recording, from which its language is decided before anything is cut.

Reached by seeking, so that ten hours cost as little as ten minutes. Formats that can be entered
anywhere are entered at evenly spaced bytes: seeking by time in them means reading from the start.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from whisper_farm.audio.formats import SELF_SYNCING, format_name
from whisper_farm.audio.media import media_errors, open_media
from whisper_farm.audio.sealed import Sealed
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ

_MOST_BYTES = 512 << 20  #: read in all, where a format's index is missing and seeking means reading
_WINDOW_BYTES = 16 << 20  #: read at most for one window of a format that is entered by bytes
_MOST_FAILURES = 200  #: packets of one window that may be broken

Pcm = NDArray[np.int16]


def sample_windows(
    source: Path | BinaryIO, *, duration_seconds: float | None, count: int = 8, window_seconds: float = 30.0
) -> Pcm:
    """At most `count` windows of at most `window_seconds` each, in order, laid end to end: mono, 16 kHz.

    A recording shorter than all of them gives fewer; what can't be decoded is left out.

    Raises:
        RecordingUnusable: not one sample could be decoded.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return sample_windows(
                file, duration_seconds=duration_seconds, count=count, window_seconds=window_seconds
            )
    wanted = round(window_seconds * SAMPLE_RATE_HZ)
    with media_errors("The recording"):
        source.seek(0)
        with open_media(Sealed(source, most_bytes=_MOST_BYTES)) as media:
            container = format_name(media.format.name)
            windows = [] if container in SELF_SYNCING else _by_time(media, duration_seconds, count, wanted)
        if container in SELF_SYNCING:
            windows = [_by_bytes(source, container, part, count, wanted) for part in range(count)]
    if not any(len(window) for window in windows):
        raise RecordingUnusable("The recording holds no sound from which a language could be told.")
    return np.concatenate(windows)


def _by_time(media: InputContainer, duration_seconds: float | None, count: int, wanted: int) -> list[Pcm]:
    """Windows with even gaps around them; of a recording of unknown length, its beginning."""
    if not duration_seconds:
        return [_decoded(media, wanted * max(1, count // 2))]
    window_seconds = wanted / SAMPLE_RATE_HZ
    count = max(1, min(count, int(duration_seconds / window_seconds)))
    gap_seconds = max(0.0, duration_seconds - count * window_seconds) / (count + 1)
    origin = media.start_time or 0
    windows = []
    for index in range(count):
        start_seconds = gap_seconds + index * (gap_seconds + window_seconds)
        try:
            if start_seconds > 0:
                media.seek(origin + int(start_seconds * av.time_base))
        except av.error.FFmpegError:
            break  # it can't be sought: what came so far must do
        windows.append(_decoded(media, wanted))
    return windows if any(len(window) for window in windows) else [_decoded(media, wanted)]


def _by_bytes(source: BinaryIO, container: str, part: int, count: int, wanted: int) -> Pcm:
    """The window at the beginning of one of `count` equal parts of the file, not longer than its part."""
    size = source.seek(0, 2)
    start, end = size * part // count, size * (part + 1) // count
    try:
        piece = Sealed(source, start=start, end=min(end, start + _WINDOW_BYTES), most_bytes=4 * _WINDOW_BYTES)
        with open_media(piece, only=container) as media:
            return _decoded(media, wanted)
    except (av.error.FFmpegError, LookupError, ValueError):
        return np.zeros(0, dtype=np.int16)  # no frame in this part


def _decoded(media: InputContainer, wanted: int) -> Pcm:
    """At most `wanted` samples from where the container stands."""
    if not media.streams.audio:
        return np.zeros(0, dtype=np.int16)
    blocks: list[Pcm] = []
    have = 0
    for block in _resampled(media):
        blocks.append(block)
        have += len(block)
        if have >= wanted:
            break
    return np.concatenate(blocks)[:wanted] if blocks else np.zeros(0, dtype=np.int16)


def _resampled(media: InputContainer) -> Iterator[Pcm]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    failures = 0
    packets = media.demux(media.streams.audio[0])
    while failures < _MOST_FAILURES:
        try:
            packet = next(packets)
            for frame in packet.decode():
                frame.pts = None
                for piece in resampler.resample(frame):
                    yield piece.to_ndarray()[0]
        except StopIteration:
            return
        except (av.error.FFmpegError, ValueError):
            failures += 1
