"""How a job ended: whether its transcript is complete, and in sentences what was lost. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whisper_farm.models import Gap, JobState
from whisper_farm.subtitles.clock import interval

_SHOWN_GAPS = 4
_LONGEST_MESSAGE_CHARS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`message` is None where nothing was lost and nothing needs saying."""

    state: JobState
    warnings: tuple[str, ...]  #: one sentence for each thing that was lost or is worth knowing
    message: str | None


def judge(gaps: Sequence[Gap], warnings: Iterable[str]) -> Verdict:
    """Gaps that are the farm's fault leave a job incomplete.

    What the recording itself lost, and speech in which no hearing found words, do not: nothing is left to do.
    """
    told = [
        _told(fault, reason, gaps) for fault, reason in dict.fromkeys((gap.fault, gap.reason) for gap in gaps)
    ]
    reasons = [_bare(gap.reason) for gap in gaps]
    told += [
        _sentence(warning)
        for warning in dict.fromkeys(warnings)
        if warning.strip()
        and not any(reason in _bare(warning) or _bare(warning) in reason for reason in reasons)
    ]
    message = " ".join(told)
    if len(message) > _LONGEST_MESSAGE_CHARS:
        message = message[: _LONGEST_MESSAGE_CHARS - 1].rstrip() + "…"
    return Verdict(
        state="incomplete" if any(gap.fault == "farm" for gap in gaps) else "complete",
        warnings=tuple(told),
        message=message or None,
    )


def joined_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The gaps in order of time; neighbours that touch and have one reason become one."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: (gap.start, gap.end)):
        last = joined[-1] if joined else None
        if last and last.end >= gap.start and (last.reason, last.fault) == (gap.reason, gap.fault):
            joined[-1] = last.model_copy(update={"end": max(last.end, gap.end)})
        else:
            joined.append(gap)
    return tuple(joined)


def _told(fault: str, reason: str, gaps: Iterable[Gap]) -> str:
    spans = [interval(gap.start, gap.end) for gap in gaps if (gap.fault, gap.reason) == (fault, reason)]
    where = told_spans(spans)
    if fault == "model":
        there = " and no words were found" if len(spans) == 1 else "; no words were found there"
        return f"Somebody speaks at {where}{there}."
    what = f"{_sentence(reason)[:-1]}; {where} {'is' if len(spans) == 1 else 'are'} missing."
    return what if fault == "recording" else f"{what} A retry of the job hears only what is missing."


def told_spans(spans: Sequence[str], *, shown: int = _SHOWN_GAPS) -> str:
    """`0:10 to 0:12, 0:20 to 0:24 and 7 more`; never empty."""
    told, hidden = list(spans[:shown]), len(spans) - shown
    if hidden > 0:
        told.append(f"{hidden} more")
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _sentence(text: str) -> str:
    """The text with a capital at its beginning and a full stop at its end."""
    bare = " ".join(text.split()).rstrip(".")
    return f"{bare[:1].upper()}{bare[1:]}."
