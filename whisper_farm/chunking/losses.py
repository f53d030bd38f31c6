"""What the recording itself lost, told from how it decoded: known gaps, and warnings in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from whisper_farm.models import SAMPLE_RATE_HZ, Gap

#: A header is believed to the larger of these; encoders pad, and estimates of a length are no better.
_SHORTFALL_SECONDS = 2.0
_SHORTFALL_SHARE = 0.01
#: ffmpeg decodes ahead of its output, so it complains some seconds before or after the place.
_NEAR_SECONDS = 15.0
_MOST_WARNINGS = 10


class Fault(Protocol):
    """Something that could not be decoded."""

    @property
    def at_seconds(self) -> float: ...
    @property
    def message(self) -> str: ...


class Hole(Protocol):
    """An interval, in samples, in which the recording holds no sound, and where silence stands now."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What is missing, for certain, and what a person should know."""

    gaps: tuple[Gap, ...]
    warnings: tuple[str, ...]


def losses(
    *, duration_seconds: float | None, samples: int, faults: Sequence[Fault] = (), holes: Sequence[Hole] = ()
) -> Losses:
    """Compare what was decoded with what the header says (`duration_seconds`) and what ffmpeg complained of.

    A hole without a complaint beside it is no loss: nobody recorded anything there. Each place is told once:
    by its gap, or else in the first of ffmpeg's words.
    """
    gaps = [_broken(hole) for hole in holes if _is_beside(hole, faults)]
    read = samples / SAMPLE_RATE_HZ
    shortfall = (duration_seconds or 0.0) - read
    if duration_seconds and shortfall > max(_SHORTFALL_SECONDS, _SHORTFALL_SHARE * duration_seconds):
        says, only = clock(duration_seconds), clock(read)
        reason = f"the recording is cut short: its header says {says}, only {only} could be read"
        gaps.append(Gap(start=read, end=duration_seconds, reason=reason, fault="recording"))
    told = [
        f"At {clock(fault.at_seconds)} the recording is damaged: {fault.message}."
        for fault in _first_of_each_place(faults)
        if not any(_is_near(fault, gap.start, gap.end) for gap in gaps)
    ]
    if len(told) > _MOST_WARNINGS:
        told[_MOST_WARNINGS - 1 :] = [
            f"The recording is damaged at {len(told) - _MOST_WARNINGS + 1} more places."
        ]
    return Losses(gaps=tuple(gaps), warnings=tuple(told))


def clock(seconds: float) -> str:
    """`seconds` as people write them: `3:03`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _is_beside(hole: Hole, faults: Sequence[Fault]) -> bool:
    start, end = hole.start / SAMPLE_RATE_HZ, hole.end / SAMPLE_RATE_HZ
    return any(_is_near(fault, start, end) for fault in faults)


def _is_near(fault: Fault, start_seconds: float, end_seconds: float) -> bool:
    return start_seconds - _NEAR_SECONDS <= fault.at_seconds <= end_seconds + _NEAR_SECONDS


def _first_of_each_place(faults: Sequence[Fault]) -> list[Fault]:
    """One damage makes several complaints, one after the other."""
    first: list[Fault] = []
    for fault in sorted(faults, key=lambda fault: fault.at_seconds):
        if not first or fault.at_seconds - first[-1].at_seconds > _NEAR_SECONDS:
            first.append(fault)
    return first


def _broken(hole: Hole) -> Gap:
    start, end = hole.start / SAMPLE_RATE_HZ, hole.end / SAMPLE_RATE_HZ
    reason = f"the recording is damaged: {end - start:.1f} s at {clock(start)} could not be read"
    return Gap(start=start, end=end, reason=reason, fault="recording")
