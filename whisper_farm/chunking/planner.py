"""The streaming planner: where a recording is cut, decided while it is being decoded.

A cut lies in the middle of the longest silence of its target window. Where energy finds none there, or
can't tell, voice activity detection looks for a pause; and where it finds none either, the planner looks
on for a silence as far as a chunk may reach. Such seams are silent: nobody speaks there, whatever else is
heard, so no word can be torn, and what the two sides hear is put together as it is.

Else the cut lies at the window's quietest point, and the seam is spoken. Both chunks then get a margin of
the other's audio, so that each hears whole what the cut tore; merging settles the words that both hear.
Margins begin and end where it is quietest, too, so that few words are torn at their outer edges.

A decision is made once a fixed number of frames is known, and what it sees of them depends on their
place in the recording only. So the cuts are the same whatever blocks the audio comes in, and the
same after a resume. It looks so far ahead that what is left after a cut is never shorter than
`PlanRules.least`: there is no short tail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from whisper_farm.chunking.loudness import (
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    Loudness,
    Pcm,
    longest_silence,
    quietest_frame,
)
from whisper_farm.chunking.rules import MOST_CHUNKS, window
from whisper_farm.chunking.voice import BLOCK_SAMPLES, WINDOW_SAMPLES, Detector, Voice, silero
from whisper_farm.errors import RecordingUnusable
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, PlanRules, SeamKind

#: A shorter pause may lie within a word (a stop's closure); between phrases speakers pause so long.
_SILENCE_FRAMES = 3 * FRAMES_PER_SECOND // 10
_PAUSE_WINDOWS = -(-3 * SAMPLE_RATE_HZ // (10 * WINDOW_SAMPLES))
#: Where there is no silence, the quietest fifth of a second: about a syllable.
_QUIET_FRAMES = FRAMES_PER_SECOND // 5
#: A margin reaches to the quietest point between these, in frames. 2 s hold a phrase of about five words
#: to agree on, and more than 5 s would only be heard twice; 3 s in the middle leave the rest room.
_LEAST_MARGIN = 2 * FRAMES_PER_SECOND
_MOST_MARGIN = 4 * FRAMES_PER_SECOND
#: What two usual margins take of the last window that a chunk fills.
_BOTH_MARGINS = _LEAST_MARGIN + _MOST_MARGIN


_NOTHING: Mapping[int, Chunk] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One chunk's place: `[start, end)` in samples, its margins, and the kind of the seam at `start`.

    Its audio is `[start - margin_before, end + margin_after)`. Margins are 0 at silent seams.
    """

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


@dataclass(frozen=True, slots=True)
class _Seam:
    """Where a chunk ends, in samples."""

    at: int
    kind: SeamKind


class Planner:
    """Cuts one recording. It is fed from sample 0, also when some cuts are settled already."""

    def __init__(
        self,
        rules: PlanRules,
        settled: Sequence[Chunk] = (),
        beyond: Mapping[int, Chunk] = _NOTHING,
        *,
        detect: Detector = silero,
    ) -> None:
        """`settled`: the chunks that are stored already, in order from index 0. They are taken as given.

        `beyond`: what is stored after the first that is missing, by index. It is cut again as it was, and
        the missing one fills the place between, whatever another revision or machine would have decided.
        `detect`: what tells a voice from other sounds. It is asked only where energy is undecided.
        """
        self._rules = rules
        self._loudness = Loudness()
        self._voice = Voice(detect)
        self._beyond = beyond
        self._index = len(settled)
        self._start = settled[-1].end if settled else 0
        self._before = settled[-1].start if settled else 0  #: where the chunk before starts
        # The seam at `_start`: what is stored of it binds, so no audio is asked.
        self._seam: SeamKind = "spoken" if settled and settled[-1].margin_after else "silent"
        self._ahead_frames = max(_frames(rules.least), _MOST_MARGIN, BLOCK_SAMPLES // FRAME_SAMPLES + 1)
        self._least_frames = _frames(rules.least)

    @property
    def samples(self) -> int:
        """How much audio it has been fed."""
        return self._loudness.samples

    @property
    def first_needed(self) -> int:
        """The first sample that a cut to come may hold."""
        reach = _MOST_MARGIN * FRAME_SAMPLES if self._seam == "spoken" else 0
        return max(self._before, self._start - reach)

    def feed(self, pcm: Pcm) -> list[Cut]:
        """Take the recording's next samples; the cuts that are certain by now, in order.

        Raises:
            RecordingUnusable: it would take more chunks than a job may have.
        """
        self._loudness.feed(pcm)
        self._voice.feed(pcm)
        cuts = []
        while (seam := self._next_seam()) is not None:
            cuts.append(self._cut(seam.at, seam.kind))
        self._loudness.forget(self.first_needed // FRAME_SAMPLES)
        self._voice.forget(self._start)
        return cuts

    def finish(self) -> list[Cut]:
        """The recording has ended: the rest of its cuts, so that they cover it to the last sample."""
        self._loudness.finish()
        cuts = []
        while (seam := self._closing_seam()) is not None:
            cuts.append(self._cut(seam.at, seam.kind))
        if self._start < self.samples:
            cuts.append(self._cut(self.samples, "silent"))
        return cuts

    def _next_seam(self) -> _Seam | None:
        """Where the next chunk ends, once it is certain that enough comes after it."""
        span = self._span()
        known = self._loudness.judged_frames - self._ahead_frames
        if (bound := self._bound_seam()) is not None:
            return bound if known * FRAME_SAMPLES >= bound.at else None
        if known < span.latest:
            return None
        found = self._silence(span.earliest, span.latest) or self._pause(span.earliest, span.latest)
        if found is None and known >= span.longest:
            found = self._silence(span.latest, span.longest) or self._quietest(span.earliest, span.latest)
        return found

    def _closing_seam(self) -> _Seam | None:
        """Where to cut what is left of the recording; None where it is one chunk."""
        span = self._span()
        end = self.samples // FRAME_SAMPLES
        if (bound := self._bound_seam()) is not None:
            return bound if bound.at < self.samples else None
        if end < span.alone:
            return None
        latest = min(span.latest, end - self._least_frames)
        found = self._silence(span.earliest, latest) or self._pause(span.earliest, latest)
        if found is None:
            found = self._silence(self._start_frame + self._least_frames, end - self._least_frames)
        if found is None and end >= span.longest:
            found = self._quietest(span.earliest, latest)
        return found

    def _bound_seam(self) -> _Seam | None:
        """Where this chunk ends by what is stored of it, or of the one after it."""
        here, after = self._beyond.get(self._index), self._beyond.get(self._index + 1)
        if here is not None and here.start == self._start:
            end, is_spoken = here.end, here.margin_after > 0
        elif after is not None and after.start > self._start:
            end, is_spoken = after.start, after.margin_before > 0
        else:
            return None
        return _Seam(end, "spoken" if is_spoken else "silent")

    def _silence(self, start_frame: int, end_frame: int) -> _Seam | None:
        """The middle of the longest silence between these frames, if there is one."""
        if start_frame >= end_frame:
            return None
        _, silent = self._loudness.between(start_frame, end_frame)
        found = longest_silence(silent, at_least_frames=_SILENCE_FRAMES)
        if found is None:
            return None
        return _Seam((start_frame + (found[0] + found[1]) // 2) * FRAME_SAMPLES, "silent")

    def _pause(self, start_frame: int, end_frame: int) -> _Seam | None:
        """The middle of the longest stretch in which nobody speaks, whatever else is heard there."""
        first = -(-start_frame * FRAME_SAMPLES // WINDOW_SAMPLES)
        last = end_frame * FRAME_SAMPLES // WINDOW_SAMPLES
        if last - first < _PAUSE_WINDOWS:
            return None
        silent = self._voice.silent_windows(first, last)
        found = longest_silence(silent, at_least_frames=_PAUSE_WINDOWS)
        if found is None:
            return None
        middle = (2 * first + found[0] + found[1]) * WINDOW_SAMPLES // 2
        return _Seam(middle - middle % FRAME_SAMPLES, "silent")

    def _quietest(self, start_frame: int, end_frame: int) -> _Seam:
        """The quietest point: early enough that both margins have room in the chunk's last window."""
        latest = max(min(end_frame, start_frame + FRAMES_PER_SECOND), end_frame - _BOTH_MARGINS)
        return _Seam(self._quietest_frame(start_frame, latest) * FRAME_SAMPLES, "spoken")

    def _quietest_frame(self, start_frame: int, end_frame: int) -> int:
        energies, _ = self._loudness.between(start_frame, end_frame)
        return start_frame + quietest_frame(energies, around_frames=_QUIET_FRAMES)

    def _cut(self, end: int, seam_at_end: SeamKind) -> Cut:
        if self._index >= MOST_CHUNKS:
            raise RecordingUnusable(
                f"The recording is too long: {self._start / SAMPLE_RATE_HZ / 3600:.0f} hours of it make"
                f" {MOST_CHUNKS} chunks, which is all that a job may have; cut it in two and hand in both."
            )
        cut = Cut(
            index=self._index,
            start=self._start,
            end=end,
            margin_before=self._margin_before() if self._seam == "spoken" else 0,
            margin_after=self._margin_after(end) if seam_at_end == "spoken" else 0,
            seam=self._seam,
        )
        self._index, self._before, self._start, self._seam = self._index + 1, self._start, end, seam_at_end
        return cut

    def _margin_before(self) -> int:
        """In samples. Asked of the audio when the chunk is cut, so that after settled cuts it is the same."""
        least, most = self._start_frame - _LEAST_MARGIN, self._start_frame - _MOST_MARGIN
        first = -(-self.first_needed // FRAME_SAMPLES)
        if least <= first:
            return self._start - self.first_needed
        return self._start - self._quietest_frame(max(first, most), least) * FRAME_SAMPLES

    def _margin_after(self, end: int) -> int:
        """In samples; within the recording, of which enough is known when a chunk is cut."""
        here, last = end // FRAME_SAMPLES, self._loudness.judged_frames
        if here + _LEAST_MARGIN >= last:
            return self.samples - end
        return (
            self._quietest_frame(here + _LEAST_MARGIN, min(here + _MOST_MARGIN, last)) * FRAME_SAMPLES - end
        )

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
