"""What a recording is, before anything is done with it: its format, length, sound, title and chapters.

PyAV reads it under the same whitelist as ffmpeg, from a file object without a name: neither the name
nor a protocol has a say. A first piece of sound is decoded, so that a locked or hollow file is refused
here and not an hour later. Whatever is wrong is one `RecordingUnusable` sentence that names the recording.
"""

import os
import stat
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import av
import av.error
from av.container import InputContainer

from whisper_farm.audio import wav_header
from whisper_farm.audio.formats import GUESSED_LENGTH, format_name, shown
from whisper_farm.audio.media import media_errors, open_media
from whisper_farm.audio.mp3_frames import says_its_length
from whisper_farm.audio.sealed import Sealed
from whisper_farm.audio.streaming import can_stream
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import Chapter
from whisper_farm.settings import IntakeSettings

_MOST_CHAPTERS = 1_000
_TITLE_CHARS = 500
_PACKETS_TRIED = 400  #: how many may fail before the sound counts as unreadable
_LOCKED = frozenset({"drms", "enca"})  #: tags of encrypted sound, which decodes to noise
_BYTES_TRIED = 256 << 20  #: sound that starts later than this in a file is taken on trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What probing found. `duration_seconds` is None where the recording itself does not say."""

    container: str  #: demuxer's name, as `mov,mp4,m4a,3gp,3g2,mj2`
    codec: str
    channels: int
    sample_rate_hz: int
    duration_seconds: float | None
    streamable: bool  #: whether it can be decoded from a pipe
    title: str | None
    chapters: tuple[Chapter, ...]


def probe(source: Path | BinaryIO, *, name: str, limits: IntakeSettings) -> Probed:
    """Look at `source`, a file or something seekable that reads as one; `name` is for sentences only.

    Raises:
        RecordingUnusable: it can't be transcribed; the sentence says why.
        FarmError: whatever reading a `source` that is no file raises.
    """
    if isinstance(source, Path):
        check_file(source, name=name, limits=limits)
        try:
            with source.open("rb") as file:
                return _probe(file, name, limits)
        except OSError as error:
            raise RecordingUnusable(f"The recording {shown(name)} can't be read: {error.strerror}.") from None
    return _probe(source, name, limits)


def check_file(path: Path, *, name: str, limits: IntakeSettings) -> os.stat_result:
    """What is known of `path`, a file of a size that the farm takes; raises `RecordingUnusable` else."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise RecordingUnusable(f"There is no file {shown(name)}; check its name.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise RecordingUnusable(f"The recording {shown(name)} can't be read: {why}.") from None
    if stat.S_ISDIR(found.st_mode):
        raise RecordingUnusable(f"{shown(name)} is a folder; name the recordings in it.")
    if not stat.S_ISREG(found.st_mode):
        raise RecordingUnusable(f"{shown(name)} is not an ordinary file; save the recording as one first.")
    check_size(found.st_size, name=name, limits=limits)
    return found


def check_size(size_bytes: int, *, name: str, limits: IntakeSettings) -> None:
    """Does nothing where the size is one that the farm takes; raises `RecordingUnusable` else."""
    if size_bytes == 0:
        raise RecordingUnusable(f"The recording {shown(name)} is empty.")
    if size_bytes > limits.largest_recording_bytes:
        raise RecordingUnusable(
            f"The recording {shown(name)} is too large: {size_bytes:,} bytes, where the farm takes"
            f" {limits.largest_recording_bytes:,}; raise WHISPER_FARM_LARGEST_RECORDING_BYTES or send less."
        )


def _probe(source: BinaryIO, name: str, limits: IntakeSettings) -> Probed:
    check_size(source.seek(0, 2), name=name, limits=limits)
    streamable = can_stream(source)
    sealed = Sealed(source, most_bytes=_BYTES_TRIED)
    with media_errors(f"The recording {shown(name)}"), open_media(sealed) as media:
        codec = _codec_of_sound(media, name)
        duration_seconds = _duration_seconds(media)
        sealed.allow_more()
        _check_sound(media, name, sealed)
        found = Probed(
            container=media.format.name,
            codec=codec.codec.canonical_name,
            channels=codec.channels,
            sample_rate_hz=codec.sample_rate,
            duration_seconds=_told_seconds(source, format_name(media.format.name), duration_seconds),
            streamable=streamable,
            title=_clean(media.metadata.get("title", "")) or None,
            chapters=_chapters(media),
        )
    if found.duration_seconds and found.duration_seconds > limits.longest_recording_seconds:
        raise RecordingUnusable(
            f"The recording {shown(name)} is too long: {found.duration_seconds / 3600:.1f} hours, where the"
            f" farm takes {limits.longest_recording_seconds / 3600:g}; cut it, or raise"
            " WHISPER_FARM_LONGEST_RECORDING_SECONDS."
        )
    return found


def _codec_of_sound(media: InputContainer, name: str) -> av.AudioCodecContext:
    """The decoder of the first audio stream, if there is one that can be used."""
    if not media.streams.audio:
        if media.streams.video:
            raise RecordingUnusable(f"The recording {shown(name)} has video but no sound.")
        raise RecordingUnusable(f"There is no sound in the recording {shown(name)}.")
    codec = cast("av.AudioCodecContext | None", media.streams.audio[0].codec_context)
    if codec is None or codec.codec_tag in _LOCKED or not codec.sample_rate or not codec.channels:
        raise RecordingUnusable(
            f"The sound in the recording {shown(name)} is locked, or in an encoding that the farm does not"
            " know; convert it to one as mp3, flac, m4a or wav."
        )
    return codec


def _duration_seconds(media: InputContainer) -> float | None:
    """How long libavformat takes the recording to be."""
    stream = media.streams.audio[0]
    if media.duration and media.duration > 0:
        return media.duration / av.time_base
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None


def _told_seconds(source: BinaryIO, form: str, duration_seconds: float | None) -> float | None:
    """How long the recording itself says that it is; None for a guess, from which a loss can't be told."""
    if form in GUESSED_LENGTH or (form == "mp3" and not says_its_length(source)):
        return None
    told = wav_header.seconds_told(source) if form == "wav" else None
    return max(told, duration_seconds or 0.0) if told else duration_seconds


def _check_sound(media: InputContainer, name: str, sealed: Sealed) -> None:
    """Raises unless a piece of sound can be decoded, or none comes within reach."""
    tried = 0
    try:
        for packet in media.demux(media.streams.audio[0]):
            if tried >= _PACKETS_TRIED:
                break
            tried += 1
            try:
                if packet.decode():
                    return
            except av.error.FFmpegError:
                continue
    except av.error.FFmpegError:
        if sealed.is_spent:
            return  # it starts further in than is worth looking
        raise
    if sealed.is_spent:
        return
    raise RecordingUnusable(
        f"The recording {shown(name)} holds no sound that can be decoded; is the file whole?"
    )


def _chapters(media: InputContainer) -> tuple[Chapter, ...]:
    chapters = []
    for mark in islice(media.chapters(), _MOST_CHAPTERS):
        unit = mark["time_base"] or Fraction(1, av.time_base)
        start, end = float(mark["start"] * unit), float(mark["end"] * unit)
        if 0 <= start <= end:
            chapters.append(Chapter(start=start, end=end, title=_clean(mark["metadata"].get("title", ""))))
    return tuple(chapters)


def _clean(text: str) -> str:
    """`text` on one line, without control characters, and not too long."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_TITLE_CHARS]
