"""How loud a recording is, on a fixed grid: what the planner judges silence by.

The grid begins at sample 0 of the recording and knows nothing of the blocks that audio comes in, so
the same audio gives the same judgement however it was read. Energies are sums of squares of integers
held in float64: exact, and so the same on every machine whatever its vector units.

Energy decides only where voices stand well above everything else. Where they don't (music beds, hum,
applause, a noisy room) nothing is called silent here, and the planner asks `voice` instead.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whisper_farm.models import SAMPLE_RATE_HZ

FRAME_SAMPLES = 320
FRAMES_PER_SECOND = SAMPLE_RATE_HZ // FRAME_SAMPLES

Pcm = NDArray[np.int16]  #: mono, 16 kHz
Energies = NDArray[np.float64]  #: for each frame: the sum of its squared samples
Silent = NDArray[np.bool_]  #: for each frame

#: Frames are judged so many at a time: often enough to follow a recording, seldom enough to cost nothing.
_BLOCK_FRAMES = 4 * FRAMES_PER_SECOND
_BLOCK_SAMPLES = _BLOCK_FRAMES * FRAME_SAMPLES
#: How far back the noise floor is judged: long enough to hold pauses, short enough to follow a new room.
_FLOOR_MEMORY_BLOCKS = 30

#: Under -66 dBFS everything is silent: no room and microphone are so quiet.
_SILENT_ANYWAY = FRAME_SAMPLES * (32_768 * 10 ** (-66 / 20)) ** 2
#: The quietest twentieth of the frames is the noise floor: the densest speech has so many pauses.
_FLOOR_SHARE = 0.05
_LOUD_SHARE = 0.90
#: Silence reaches so far above the floor: the frames of a steady noise differ by some dB, breaths by more.
_ABOVE_FLOOR_DB = 10.0
#: And it must end so far under the loud frames. Speech has a range of 30 dB about its level, 15 above and 15
#: below (ANSI S3.5, the speech intelligibility index), and the loud frames lie some 5 dB over that level: so
#: what is louder may be the softest sounds of a word. Where both can't be, energy is undecided.
_UNDER_LOUD_DB = 20.0


@dataclass(frozen=True, slots=True)
class _Block:
    energies: Energies
    silent: Silent


class Loudness:
    """Energies and silence of a recording's frames; the oldest are forgotten when told so."""

    def __init__(self) -> None:
        self.samples = 0  #: fed so far
        self.judged_frames = 0  #: one past the last frame that is judged
        self._rest: list[Pcm] = []
        self._rest_samples = 0
        self._blocks: deque[_Block] = deque()
        self._forgotten_frames = 0
        self._memory: deque[Energies] = deque(maxlen=_FLOOR_MEMORY_BLOCKS)

    def feed(self, pcm: Pcm) -> None:
        """Take the recording's next samples."""
        self.samples += len(pcm)
        self._rest.append(pcm)
        self._rest_samples += len(pcm)
        if self._rest_samples < _BLOCK_SAMPLES:
            return
        whole = np.concatenate(self._rest)
        end = len(whole) - len(whole) % _BLOCK_SAMPLES
        for start in range(0, end, _BLOCK_SAMPLES):
            self._judge(whole[start : start + _BLOCK_SAMPLES])
        self._rest = [whole[end:].copy()]
        self._rest_samples = len(whole) - end

    def finish(self) -> None:
        """The recording has ended: judge its last whole frames, too."""
        rest = np.concatenate(self._rest) if self._rest else np.empty(0, dtype=np.int16)
        self._rest, self._rest_samples = [], 0
        if len(rest) >= FRAME_SAMPLES:
            self._judge(rest[: len(rest) - len(rest) % FRAME_SAMPLES])

    def forget(self, before_frame: int) -> None:
        """Drop what lies before `before_frame`, as far as whole blocks do."""
        while self._blocks and self._forgotten_frames + len(self._blocks[0].silent) <= before_frame:
            self._forgotten_frames += len(self._blocks.popleft().silent)

    def between(self, start_frame: int, end_frame: int) -> tuple[Energies, Silent]:
        """The frames `[start_frame, end_frame)`, as far as they are judged and not forgotten."""
        blocks = list(self._blocks)
        low, high = start_frame - self._forgotten_frames, end_frame - self._forgotten_frames
        blocks = blocks[max(0, low // _BLOCK_FRAMES) : max(0, -(-high // _BLOCK_FRAMES))]
        if not blocks:
            return np.empty(0, dtype=np.float64), np.empty(0, dtype=np.bool_)
        offset = max(0, low // _BLOCK_FRAMES) * _BLOCK_FRAMES
        within = slice(max(0, low - offset), high - offset)
        return (
            np.concatenate([block.energies for block in blocks])[within],
            np.concatenate([block.silent for block in blocks])[within],
        )

    def _judge(self, pcm: Pcm) -> None:
        frames = pcm.astype(np.float64).reshape(-1, FRAME_SAMPLES)
        energies: Energies = np.einsum("ij,ij->i", frames, frames)
        self._memory.append(energies)
        threshold = silence_threshold(np.concatenate(self._memory))
        self._blocks.append(_Block(energies, energies <= threshold))
        self.judged_frames += len(energies)


def silence_threshold(energies: Energies) -> float:
    """The energy up to which a frame is silent, against the noise floor of these frames (at least one).

    Where the floor is so high that energy is undecided, nothing is silent but what always is.
    """
    low, high = (int(share * (len(energies) - 1)) for share in (_FLOOR_SHARE, _LOUD_SHARE))
    ordered = np.partition(energies, (low, high))
    floor, loud = float(ordered[low]), float(ordered[high])
    if floor <= 0.0:
        return _SILENT_ANYWAY
    if 10 * math.log10(loud / floor) < _ABOVE_FLOOR_DB + _UNDER_LOUD_DB:
        return _SILENT_ANYWAY
    return float(max(floor * 10 ** (_ABOVE_FLOOR_DB / 10), _SILENT_ANYWAY))


def longest_silence(silent: Silent, *, at_least_frames: int) -> tuple[int, int] | None:
    """The longest run of silent frames, as `[start, end)`; of equal ones the one nearest the middle.

    None where no run is as long as `at_least_frames`.
    """
    edges = np.flatnonzero(np.diff(silent, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    lengths = ends - starts
    if not len(lengths) or int(np.max(lengths)) < at_least_frames:
        return None
    longest = np.flatnonzero(lengths == np.max(lengths))
    off_middle = np.abs(starts[longest] + ends[longest] - len(silent))
    best = longest[int(np.argmin(off_middle))]
    return int(starts[best]), int(ends[best])


def quietest_frame(energies: Energies, *, around_frames: int) -> int:
    """The frame around which `around_frames` frames are quietest; `energies` holds at least one."""
    sums = np.concatenate([[0.0], np.cumsum(energies)])
    spread = min(around_frames, len(energies))
    around = sums[spread:] - sums[:-spread]
    return int(around.argmin()) + spread // 2
