"""Hearing suspect places again: who, in what order, at what cost, and what is kept.

Everything up to the call that hears is pure, and each stage is one such call for all suspects of a chunk. A
suspect leaves as soon as the guards find nothing there any more. What varies first is what can be
had again: the windows, the beam, the prompt. Only what no such stage mended is sampled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from whisper_farm.merging.placing import Placed, samples, sounds
from whisper_farm.models import SAMPLE_RATE_HZ, Rerun
from worker_gpu.choosing import better_of
from worker_gpu.guards import LOWEST_LOGPROB, Guard, Heard, Known, findings
from worker_gpu.hearing import Manner
from worker_gpu.patching import Patch, Suspect, patches, splice, together
from worker_gpu.settling import NEAR
from worker_gpu.windows import Quietest, Span, Window

#: Suspicions of which sampling may be tried: somebody speaks there and is not heard, or the text is broken.
_WORTH_SAMPLING: frozenset[Guard] = frozenset({"uncovered", "rushed", "window"})
#: What remains below it is no gap to the audit, and not worth a guess.
_SAMPLED_HOLE = samples(1.5)

#: Each suspect place is heard again once. After that, so many windows may be at most, for each window of the
#: first hearing: where so much fails it is the audio, and more only cost. A short chunk may have a few.
_HIGHEST_SHARE, _ALWAYS_ALLOWED = 1.0, 8

#: The same for what costs single words at most, and is everywhere in hard audio: it is heard again once.
_LIGHT: frozenset[Guard] = frozenset({"guesses", "silence", "mute", "stretched"})
_LIGHT_SHARE, _LIGHT_ALWAYS_ALLOWED = 0.5, 2

_CONFIRMS: frozenset[Guard] = frozenset({"loop", "guesses"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One way to hear a suspect place again. Lengths in samples."""

    how: str  #: for people
    context: int  #: heard on both sides of the place, at least
    longest: int  #: of the place itself, heard in one window
    padding: float = 1.0  #: times the job's own: words heard beside speech may have been made of it
    beams: int = 1  #: times the job's own beam
    prompt: bool = True
    temperature: float = 0.0

    def manner(self, first: Manner) -> Manner:
        """How it is heard, where it was first heard in that manner."""
        return replace(
            first,
            beam_size=first.beam_size * self.beams,
            temperature=self.temperature,
            initial_prompt=first.initial_prompt if self.prompt else "",
            hotwords=first.hotwords if self.prompt else "",
        )


#: Each hears the place in windows that neither the first hearing nor the stage before had. The last one hears
#: few words at once, so that no loop and no loss has room, with a beam that forgets less.
DETERMINISTIC = (
    Stage(how="other windows", context=samples(2.0), longest=samples(15.0), padding=0.5),
    Stage(how="wider windows", context=samples(5.0), longest=samples(12.0)),
    Stage(
        how="short windows, a wider beam, no prompt",
        context=samples(1.0), longest=samples(4.0), padding=0.25, beams=2, prompt=False,
    ),
)  # fmt: skip


def stages(temperatures: Sequence[float]) -> list[Stage]:
    """All stages, in order. `temperatures`: the job's; the first of them was that of the first hearing."""
    sampled = [
        Stage(
            how=f"sampled at {each:g}",
            context=samples(2.0), longest=samples(12.0), temperature=each, prompt=False,
        )
        for each in temperatures[1:]
        if each > 0
    ]  # fmt: skip
    return [*DETERMINISTIC, *sampled]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was heard in one window."""

    words: tuple[Placed, ...]
    heard: Heard


@dataclass(frozen=True, slots=True)
class Mended:
    """A chunk's words after all hearings, how sure the model was in each window, and what was done."""

    words: list[Placed]
    windows: list[Heard]
    reruns: list[Rerun]


#: Hears windows in a manner, as one batch or a few: one reading for each window.
Hear = Callable[[Sequence[Window], Manner], Sequence[Reading]]


@dataclass(slots=True)
class _Record:
    """One suspect place on its way through the stages."""

    start: int
    end: int
    reason: str
    tried: list[str] = field(default_factory=list)
    kept: str = ""  #: how the last hearing that was kept was made
    sampled: bool = False
    confirmed: bool = False

    def rerun(self) -> Rerun:
        return Rerun(
            start=round(self.start / SAMPLE_RATE_HZ, 3),
            end=round(self.end / SAMPLE_RATE_HZ, 3),
            reason=self.reason,
            how=self.kept or self.tried[-1],
            kept=bool(self.kept),
            sampled=self.sampled,
        )


class Mending:
    """One chunk's suspects, from the first hearing to the last."""

    def __init__(
        self,
        words: Sequence[Placed],
        windows: Sequence[Heard],
        *,
        known: Known,
        padded: Callable[[float], Sequence[Span]],
        quietest: Quietest,
        hear: Hear,
    ) -> None:
        self._words = list(words)
        self._windows = list(windows)
        self._known = known
        self._padded = padded
        self._quietest = quietest
        self._hear = hear
        self._found: list[Suspect] | None = None  #: in the present words; None once these have changed
        self._records: list[_Record] = []
        self._left = max(_ALWAYS_ALLOWED, int(_HIGHEST_SHARE * len(windows)))
        self._left_for_light = max(_LIGHT_ALWAYS_ALLOWED, int(_LIGHT_SHARE * len(windows)))

    def through(self, all_stages: Sequence[Stage], manner: Manner) -> Mended:
        """Hear what is suspect again, stage by stage, until nothing is or all has been tried."""
        for number, stage in enumerate(all_stages):
            work = self._work(stage, is_first=number == 0)
            if not work:
                continue
            windows = [patch.window for _, found in work for patch in found]
            readings = iter(self._hear(windows, stage.manner(manner)))
            for suspect, found in work:
                self._decide(suspect, found, [next(readings) for _ in found], stage)
        return Mended(self._words, self._windows, [record.rerun() for record in self._in_order()])

    def _work(self, stage: Stage, *, is_first: bool) -> list[tuple[Suspect, list[Patch]]]:
        """What is heard again now, as far as the chunk's share allows; the graver suspects first."""
        if self._found is None:
            self._found = together(findings(self._words, self._windows, self._known))
        suspects = [
            each
            for each in self._found
            if self._is_open(each)
            and (is_first or not _is_light(each))
            and (stage.temperature == 0 or _is_worth_sampling(each))
        ]
        work = []
        for suspect in suspects:
            found = patches(
                suspect,
                self._padded(stage.padding),
                context=stage.context,
                longest=stage.longest,
                quietest=self._quietest,
            )
            if found and self._may_cost(len(found), is_light=_is_light(suspect), is_first=is_first):
                work.append((suspect, found))
        return sorted(work, key=lambda each: each[0].start)

    def _may_cost(self, windows: int, *, is_light: bool, is_first: bool) -> bool:
        """Whether so many more windows may be heard; if so, they are counted."""
        if is_light:
            allowed, self._left_for_light = self._left_for_light, max(0, self._left_for_light - windows)
        elif is_first:
            return True
        else:
            allowed, self._left = self._left, max(0, self._left - windows)
        return windows <= allowed

    def _is_open(self, suspect: Suspect) -> bool:
        return not any(record.confirmed and _touch(record, suspect) for record in self._records)

    def _decide(
        self, suspect: Suspect, found: Sequence[Patch], readings: Sequence[Reading], stage: Stage
    ) -> None:
        """Keep of the new hearing of the place what is better in it."""
        record = self._record_of(suspect)
        record.tried.append(stage.how)
        if any(reading.heard.avg_logprob < LOWEST_LOGPROB for reading in readings):
            return
        place = Span(found[0].kept.start - NEAR, found[-1].kept.end + NEAR)
        anew = self._words
        for patch, reading in zip(found, readings, strict=True):
            anew = splice(anew, reading.words, patch.kept)
        before, first, after = _parted(self._words, place)
        _, second, _ = _parted(anew, place)
        chosen = better_of(first, second, self._known, place)
        if _text(first) == _text(second):
            record.confirmed = all(finding.guard in _CONFIRMS for finding in suspect.findings)
        if _text(chosen) != _text(first):
            for patch, reading in zip(found, readings, strict=True):
                self._windows = [_mixed(window, reading.heard, patch.kept) for window in self._windows]
            record.kept, record.sampled = stage.how, stage.temperature > 0
        self._words = [*before, *chosen, *after]
        self._found = None

    def _record_of(self, suspect: Suspect) -> _Record:
        for record in self._records:
            if _touch(record, suspect):
                return record
        self._records.append(_Record(suspect.start, suspect.end, suspect.reason))
        return self._records[-1]

    def _in_order(self) -> list[_Record]:
        return sorted(self._records, key=lambda record: (record.start, record.end))


def _is_light(suspect: Suspect) -> bool:
    return all(finding.guard in _LIGHT for finding in suspect.findings)


def _is_worth_sampling(suspect: Suspect) -> bool:
    return any(
        finding.guard in _WORTH_SAMPLING
        and (finding.guard != "uncovered" or finding.end - finding.start > _SAMPLED_HOLE)
        for finding in suspect.findings
    )


def _touch(record: _Record, suspect: Suspect) -> bool:
    return record.start <= suspect.end and suspect.start <= record.end


def _parted(
    words: Sequence[Placed], place: Span
) -> tuple[Sequence[Placed], Sequence[Placed], Sequence[Placed]]:
    """The words before, in and after a place."""
    start = next((i for i, word in enumerate(words) if word.doubled_middle >= 2 * place.start), len(words))
    end = next((i for i, word in enumerate(words) if word.doubled_middle >= 2 * place.end), len(words))
    return words[:start], words[start : max(start, end)], words[max(start, end) :]


def _text(words: Sequence[Placed]) -> list[str]:
    return [sounds(word) for word in words]


def _mixed(window: Heard, anew: Heard, kept: Span) -> Heard:
    """How sure the model was in a window of which `kept` was heard anew, each by its length."""
    shared = min(window.end, kept.end) - max(window.start, kept.start)
    if shared <= 0:
        return window
    share = shared / max(1, window.end - window.start)
    return replace(
        window,
        avg_logprob=(1 - share) * window.avg_logprob + share * anew.avg_logprob,
        temperature=max(window.temperature, anew.temperature),
    )
