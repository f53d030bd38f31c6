"""The streaming planner: where a recording is cut, decided while it is being decoded.

A cut lies in the middle of the longest silence of its target window. Where the window has none, the
planner looks on as far as a chunk may reach; where there is none either, it cuts at the window's
quietest point: a spoken seam.

A decision is made once a fixed number of frames is known, and what it sees of them depends on their
place in the recording only. So the cuts are the same whatever blocks the audio comes in, and the
same after a resume. It looks so far ahead that what is left after a cut is never shorter than
`PlanRules.least`: there is no short tail.

Spoken seams get their margins of overlap in `Planner._cut`; `Cut` and `Chunk` have their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from whisper_farm.chunking.loudness import (
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    Loudness,
    Pcm,
    longest_silence,
    quietest_frame,
)
from whisper_farm.chunking.rules import MOST_CHUNKS, window
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, PlanRules, SeamKind

#: A shorter pause may lie within a word (a stop's closure); between phrases speakers pause so long.
_SILENCE_FRAMES = 3 * FRAMES_PER_SECOND // 10
#: Where there is no silence, the quietest fifth of a second: about a syllable.
_QUIET_FRAMES = FRAMES_PER_SECOND // 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One chunk's place: `[start, end)` in samples, its margins, and the kind of the seam at `start`."""

    index: int
    start: int
    end: int
    margin_before: int = 0
    margin_after: int = 0
    seam: SeamKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Where the next chunk may end, in frames of the recording: see `rules.Window`."""

    earliest: int
    latest: int
    alone: int  #: a rest that ends here is one chunk
    longest: int


class Planner:
    """Cuts one recording. It is fed from sample 0, also when some cuts are settled already."""

    def __init__(self, rules: PlanRules, settled: Sequence[Chunk] = ()) -> None:
        """`settled`: the chunks that are stored already, in order from index 0. They are taken as given."""
        self._rules = rules
        self._loudness = Loudness()
        self._index = len(settled)
        self._start = settled[-1].end if settled else 0
        self._least_frames = _frames(rules.least)

    @property
    def samples(self) -> int:
        """How much audio it has been fed."""
        return self._loudness.samples

    def feed(self, pcm: Pcm) -> list[Cut]:
        """Take the recording's next samples; the cuts that are certain by now, in order.

        Raises:
            RecordingUnusable: it would take more chunks than a job may have.
        """
        self._loudness.feed(pcm)
        cuts = []
        while (frame := self._next_seam()) is not None:
            cuts.append(self._cut(frame * FRAME_SAMPLES))
        self._loudness.forget(self._start_frame - _SILENCE_FRAMES)
        return cuts

    def finish(self) -> list[Cut]:
        """The recording has ended: the rest of its cuts, so that they cover it to the last sample."""
        self._loudness.finish()
        cuts = []
        while (frame := self._closing_seam()) is not None:
            cuts.append(self._cut(frame * FRAME_SAMPLES))
        if self._start < self.samples:
            cuts.append(self._cut(self.samples))
        return cuts

    def _next_seam(self) -> int | None:
        """The frame at which the next chunk ends, once it is certain that enough comes after it."""
        span = self._span()
        known = self._loudness.judged_frames - self._least_frames
        if known < span.latest:
            return None
        found = self._silence(span.earliest, span.latest)
        if found is None and known >= span.longest:
            found = self._silence(span.latest, span.longest) or self._quietest(span.earliest, span.latest)
        return found

    def _closing_seam(self) -> int | None:
        """The frame at which to cut what is left of the recording; None where it is one chunk."""
        span = self._span()
        end = self.samples // FRAME_SAMPLES
        if end < span.alone:
            return None
        latest = min(span.latest, end - self._least_frames)
        found = self._silence(span.earliest, latest)
        if found is None:
            found = self._silence(self._start_frame + self._least_frames, end - self._least_frames)
        if found is None and end >= span.longest:
            found = self._quietest(span.earliest, latest)
        return found

    def _silence(self, start_frame: int, end_frame: int) -> int | None:
        """The middle of the longest silence between these frames, if there is one."""
        if start_frame >= end_frame:
            return None
        _, silent = self._loudness.between(start_frame, end_frame)
        found = longest_silence(silent, at_least_frames=_SILENCE_FRAMES)
        return None if found is None else start_frame + (found[0] + found[1]) // 2

    def _quietest(self, start_frame: int, end_frame: int) -> int:
        energies, _ = self._loudness.between(start_frame, end_frame)
        return start_frame + quietest_frame(energies, around_frames=_QUIET_FRAMES)

    def _cut(self, end: int) -> Cut:
        if self._index >= MOST_CHUNKS:
            raise RecordingUnusable(
                f"The recording is too long: {self._start / SAMPLE_RATE_HZ / 3600:.0f} hours of it make"
                f" {MOST_CHUNKS} chunks, which is all that a job may have; cut it in two and hand in both."
            )
        cut = Cut(index=self._index, start=self._start, end=end, seam=self._kind_of_start())
        self._index, self._start = self._index + 1, end
        return cut

    def _kind_of_start(self) -> SeamKind:
        """Silent where silence surrounds the start. Asked of the audio, so that settled cuts have it, too."""
        if self._start == 0:
            return "silent"
        here = self._start_frame
        _, before = self._loudness.between(max(0, here - _SILENCE_FRAMES), here)
        _, after = self._loudness.between(here, here + _SILENCE_FRAMES)
        reach = [_run(before[::-1].tolist()), _run(after.tolist())]
        return "silent" if all(reach) and sum(reach) >= _SILENCE_FRAMES else "spoken"

    @property
    def _start_frame(self) -> int:
        return -(-self._start // FRAME_SAMPLES)

    def _span(self) -> _Span:
        start_seconds = self._start / SAMPLE_RATE_HZ
        reach = window(self._rules, start_seconds=start_seconds, index=self._index)
        start = self._start_frame
        return _Span(
            earliest=start + _frames(reach.earliest),
            latest=start + _frames(reach.latest),
            alone=start + _frames(reach.alone),
            longest=start + _frames(reach.longest),
        )


def _frames(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)


def _run(silent: list[bool]) -> int:
    """How many frames are silent before the first loud one."""
    return silent.index(False) if False in silent else len(silent)
