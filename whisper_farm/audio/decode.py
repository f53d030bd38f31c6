"""A recording as 16 kHz mono PCM, in one streaming pass of ffmpeg.

Nothing is sought and nothing is held: memory is the same for a minute and a day. The same bytes give
the same samples each time, from a file and from a pipe alike. What ffmpeg complains about on the way
is kept as faults with their place, because a recording that is broken in the middle is still worth
hearing; only one in which nothing can be decoded is an error.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from whisper_farm.audio.ffmpeg_run import STALL_SECONDS, FfmpegRun
from whisper_farm.audio.formats import FORMAT_WHITELIST
from whisper_farm.audio.program import ffmpeg_path
from whisper_farm.audio.streaming import can_stream
from whisper_farm.audio.timeline import Hole, Timeline, Unwrapped
from whisper_farm.errors import DecoderFailed, RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ

_MOST_FAULTS = 32
_FFMPEG_AHEAD_SECONDS = 6
_FURTHEST_JUMP_SECONDS = 31 * 3600  #: a larger one counts as an error for ffmpeg, and is ignored
_NO_ROOM = ("Cannot allocate memory", "No space left on device")


@dataclass(frozen=True, slots=True)
class DecodeFault:
    """Something that ffmpeg could not decode."""

    at_seconds: float  #: where sound is missing, if any is; else about where, give or take some seconds
    message: str  #: in ffmpeg's words


class PcmStream:
    """Iterating gives the recording in blocks of int16 samples, of any size up to some seconds.

    After the last block `samples` is the recording's length and `faults` says what could not be
    decoded: the first ones, of which each message comes once a second at most.
    """

    def __init__(self, run: FfmpegRun, timeline: Timeline, *, longest_seconds: float, name: str) -> None:
        self.faults: tuple[DecodeFault, ...] = ()
        self._run = run
        self._timeline = timeline
        self._longest_seconds = longest_seconds
        self._name = name

    @property
    def samples(self) -> int:
        """How many samples were given out so far."""
        return self._timeline.samples

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Where the recording's own timestamps leave no sound, and silence stands; the first 256."""
        return tuple(self._timeline.holes)

    def __iter__(self) -> Iterator[NDArray[np.int16]]:
        """The samples, once.

        Raises:
            RecordingUnusable: nothing in it could be decoded.
            DecoderFailed: ffmpeg was killed, stood still or had no memory: not the recording's fault.
        """
        try:
            yield from self._timeline.take(self._run)
        except Unwrapped as found:
            raise DecoderFailed(f"ffmpeg did not write what it was asked to ({found}).") from None
        if self._timeline.was_cut:
            longest = f"it is longer than {self._longest_seconds / 3600:g} hours, and the rest was left out"
            ending = [DecodeFault(self._longest_seconds, longest)]
        else:
            ending = self._verdict(self._run.wait())
        faults = [
            DecodeFault(self._place(told.position) / SAMPLE_RATE_HZ, told.message)
            for told in self._run.complaints
        ]
        self.faults = _thinned(faults + ending)

    def _place(self, position: int) -> int:
        """Where the damage is, of which ffmpeg spoke when `position` samples had come from it.

        It runs ahead by what lies in pipes, so the next hole, or an end soon after, is what it meant.
        """
        marks = [hole.start for hole in self._timeline.holes] + [self.samples]
        near = range(position - SAMPLE_RATE_HZ, position + _FFMPEG_AHEAD_SECONDS * SAMPLE_RATE_HZ)
        return next((mark for mark in marks if mark in near), position)

    def _verdict(self, status: int) -> list[DecodeFault]:
        """What ffmpeg's exit status means once its output has ended."""
        if status < 0:
            raise DecoderFailed(f"ffmpeg was ended by signal {-status} while it decoded {self._name}.")
        if status and any(words in c.message for c in self._run.complaints for words in _NO_ROOM):
            raise DecoderFailed(f"ffmpeg ran out of memory or room while it decoded {self._name}.")
        if not self.samples:
            raise RecordingUnusable(_why_nothing(self._name, [c.message for c in self._run.complaints]))
        if status and not self._run.complaints:
            return [DecodeFault(self.samples / SAMPLE_RATE_HZ, f"ffmpeg ended early with status {status}")]
        return []


@contextmanager
def decode(
    source: Path | Iterator[bytes],
    *,
    longest_seconds: float,
    name: str = "the recording",
    stall_seconds: float = STALL_SECONDS,
) -> Iterator[PcmStream]:
    """The first audio stream of `source` as mono PCM at 16 kHz.

    `source` is a file, or the recording's bytes in order where `streaming.can_stream` says that they
    are enough; an error that the iterator raises comes out of the stream. Sound keeps the place that
    its timestamps give it; no more than `longest_seconds` come out, whatever they say.
    """
    timeline = Timeline(longest_samples=math.floor(longest_seconds * SAMPLE_RATE_HZ))
    fed_by: IO[bytes] | Iterator[bytes] | None
    with ExitStack() as stack:
        if isinstance(source, Path):
            try:
                file = stack.enter_context(source.open("rb", buffering=0))  # the child shares its position
                streams = can_stream(cast(BinaryIO, file))
                file.seek(0)
            except OSError as error:
                raise RecordingUnusable(f"{name} can't be opened: {error.strerror}.") from None
            url = "pipe:0" if streams else f"file:{source.absolute()}"
            fed_by = file if streams else None
        else:
            url, fed_by = "pipe:0", source
        run = stack.enter_context(
            FfmpegRun(
                _command(url, longest_seconds),
                fed_by=fed_by,
                where=lambda: timeline.position,
                stall_seconds=stall_seconds,
            )
        )
        yield PcmStream(run, timeline, longest_seconds=longest_seconds, name=name)


def _command(url: str, longest_seconds: float) -> list[str]:
    """The argument list: one audio stream in, SMJPEG-wrapped PCM out (`timeline` says why)."""
    media = ffmpeg.input(
        url,
        protocol_whitelist=url.split(":", 1)[0],
        format_whitelist=FORMAT_WHITELIST,
        threads=1,
        max_error_rate=1,
    )
    graph = ffmpeg.output(
        media["a:0"],
        "pipe:1",
        vn=None,
        sn=None,
        dn=None,
        map_metadata=-1,
        map_chapters=-1,
        ac=1,
        ar=SAMPLE_RATE_HZ,
        acodec="pcm_s16le",
        t=longest_seconds + _FURTHEST_JUMP_SECONDS,  # `Timeline` must see what is past the end, to tell of it
        flush_packets=0,
        f="smjpeg",
    )
    program = [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error"]
    return [str(word) for word in ffmpeg.compile(graph, cmd=program)]


def _why_nothing(name: str, complaints: list[str]) -> str:
    """The sentence for a recording of which not one sample could be decoded."""
    said = " ".join(complaints)
    if "not on whitelist" in said:
        return f"{name} is not in a format that the farm reads; convert it to one as mp3, flac, m4a or wav."
    if "matches no streams" in said:
        return f"There is no sound in {name}; hand in a recording that has some."
    why = next(iter(complaints), "ffmpeg gave no reason")
    return f"Nothing in {name} can be decoded ({why}); is the file whole?"


def _thinned(faults: list[DecodeFault]) -> tuple[DecodeFault, ...]:
    """The first faults in order, each message at most once in the same second."""
    first = {(fault.message, int(fault.at_seconds)): fault for fault in reversed(faults)}
    return tuple(sorted(first.values(), key=lambda fault: fault.at_seconds))[:_MOST_FAULTS]
