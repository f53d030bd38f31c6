"""The audit as a person reads it."""

from typing import Any

import pytest

from whisper_farm.audit_words import audit_in_words, covered_percent
from whisper_farm.models import Audit, AuditGap, Dropped, Rerun


def audit(**known: Any) -> Audit:
    nothing: dict[str, Any] = {
        "speech_seconds": 3492.0,
        "covered_seconds": 3492.0,
        "words_outside_speech": 0,
        "gaps": (),
        "reruns": (),
    }
    return Audit.model_validate(nothing | known)


def gap(start: float, end: float, reason: str = "somebody speaks here and no words were found") -> AuditGap:
    return AuditGap(start=start, end=end, reason=reason)


def reruns(*kept: bool) -> tuple[Rerun, ...]:
    return tuple(Rerun(start=1, end=2, reason="a loop", how="other windows", kept=each) for each in kept)


def test_a_transcript_that_holds_all_speech_says_so_in_short() -> None:
    assert audit_in_words(audit()) == "100 % of 58:12 of speech is covered; no gaps."


def test_gaps_are_told_with_their_times_and_reasons() -> None:
    told = audit_in_words(
        audit(covered_seconds=3481.6, gaps=(gap(723, 726), gap(2410, 2414, "the recording is damaged")))
    )
    assert told == (
        "99.7 % of 58:12 of speech is covered; 2 gaps: 12:03 to 12:06 (somebody speaks here and no words were"
        " found) and 40:10 to 40:14 (the recording is damaged)."
    )


def test_many_gaps_are_told_in_short() -> None:
    told = audit_in_words(
        audit(covered_seconds=3000.0, gaps=tuple(gap(60 * n, 60 * n + 3) for n in range(40)))
    )
    assert "40 gaps: 0:00 to 0:03" in told
    assert told.endswith(" and 37 more.")
    assert len(told) < 300


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ((True, True, False), "3 stretches were heard again, 2 of them better"),
        ((False, False), "2 stretches were heard again, none of them better"),
        ((True,), "1 stretch was heard again, and the new hearing is better"),
        ((False,), "1 stretch was heard again, and the new hearing is no better"),
    ],
)
def test_what_was_heard_again_is_told_with_what_it_gained(kept: tuple[bool, ...], said: str) -> None:
    assert audit_in_words(audit(reruns=reruns(*kept))).endswith(f"; {said}.")


def test_words_taken_out_and_words_over_silence_are_told() -> None:
    dropped = Dropped(start=1, end=2, text="Thanks for watching.", reason="text over silence")
    told = audit_in_words(audit(words_outside_speech=1, dropped=(dropped,)))
    assert told.endswith("; words that nobody said were taken out 1 time; 1 word stands where nobody speaks.")


def test_a_recording_in_which_nobody_speaks_is_told_so() -> None:
    assert audit_in_words(audit(speech_seconds=0.0, covered_seconds=0.0)) == "Nobody speaks in it; no gaps."


def test_what_is_not_all_is_never_rounded_up_to_all() -> None:
    assert covered_percent(audit(speech_seconds=36_000.0, covered_seconds=35_999.0)) == 99.9
