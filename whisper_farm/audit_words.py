"""The audit in plain words, for a person at a terminal or in front of a page. Pure."""

from collections.abc import Sequence

from whisper_farm.models import Audit, AuditGap
from whisper_farm.subtitles.clock import clock, interval
from whisper_farm.verdict import told_spans

_SHOWN_GAPS = 3
_LONGEST_REASON_CHARS = 80


def audit_in_words(audit: Audit) -> str:
    """`99.7 % of 58:12 of speech is covered; 2 gaps: 12:03 to 12:06 (...) and 40:10 to 40:14 (...).`"""
    parts = [_coverage(audit), _gaps(audit.gaps)]
    if audit.reruns:
        better = sum(rerun.kept for rerun in audit.reruns)
        heard = _count(len(audit.reruns), "stretch was heard again", "stretches were heard again")
        parts.append(f"{heard}, {_of_them(better, len(audit.reruns))} better")
    if audit.dropped:
        taken = _count(len(audit.dropped), "time", "times")
        parts.append(f"words that nobody said were taken out {taken}")
    if audit.words_outside_speech:
        stand = "word stands where nobody speaks", "words stand where nobody speaks"
        parts.append(_count(audit.words_outside_speech, *stand))
    return f"{'; '.join(parts)}."


def covered_percent(audit: Audit) -> float:
    """Of the speech, by words: 100 where all of it is, and never rounded up to it."""
    if audit.covered_seconds >= audit.speech_seconds:
        return 100.0
    return int(1000 * audit.covered_seconds / audit.speech_seconds) / 10


def _coverage(audit: Audit) -> str:
    if not audit.speech_seconds:
        return "Nobody speaks in it"
    return f"{covered_percent(audit):.3g} % of {clock(audit.speech_seconds)} of speech is covered"


def _gaps(gaps: Sequence[AuditGap]) -> str:
    if not gaps:
        return "no gaps"
    spans = [f"{interval(gap.start, gap.end)} ({_short(gap.reason)})" for gap in gaps]
    return f"{_count(len(gaps), 'gap', 'gaps')}: {told_spans(spans, shown=_SHOWN_GAPS)}"


def _short(reason: str) -> str:
    bare = " ".join(reason.split()).rstrip(".")
    return bare if len(bare) <= _LONGEST_REASON_CHARS else f"{bare[: _LONGEST_REASON_CHARS - 1].rstrip()}…"


def _of_them(number: int, among: int) -> str:
    if among == 1:
        return "and the new hearing is" if number else "and the new hearing is no"
    return f"{number or 'none'} of them"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
