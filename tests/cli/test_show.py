"""The page of one job."""

from typing import Any

from whisper_farm.cli.show import _as_json, _lines
from whisper_farm.farm.showing import JobPage
from whisper_farm.models import Audit, AuditGap, Gap


def page(**known: Any) -> JobPage:
    nothing: dict[str, Any] = {
        "job": "j", "state": "complete", "waits": False, "message": None, "name": "talk.mp3", "source": "s",
        "model": "small", "weights": None, "language": "en", "language_probability": None,
        "language_votes": {}, "owner": "", "labels": {}, "submitted_at": "2026-11-24T10:00:00+00:00",
        "ended_at": None, "elapsed_seconds": None, "duration_seconds": 60.0, "word_count": 100,
        "chunk_count": 2, "gaps": (), "audit": None, "warnings": (), "chunk_workers": (), "outputs": {},
        "progress": None, "ui": None,
    }  # fmt: skip
    return JobPage(**(nothing | known))


def shown(name: str, of: JobPage) -> list[str]:
    return [told for label, told in _lines(of) if label == name]


def test_the_audit_stands_on_the_page_in_plain_words() -> None:
    audit = Audit(
        speech_seconds=50.0,
        covered_seconds=47.0,
        words_outside_speech=0,
        gaps=(AuditGap(start=10, end=13, reason="no words were found"),),
        reruns=(),
    )

    assert shown("audit", page(audit=audit)) == [
        "94 % of 0:50 of speech is covered; 1 gap: 0:10 to 0:13 (no words were found)."
    ]
    assert _as_json(page(audit=audit))["audit"] == audit.model_dump(mode="json")


def test_a_transcript_of_a_version_without_audits_has_none_on_its_page() -> None:
    assert shown("audit", page()) == []
    assert _as_json(page())["audit"] is None


def test_each_gap_says_whose_it_is_and_what_fills_it() -> None:
    gaps = (
        Gap(start=10, end=13, reason="no words", fault="model"),
        Gap(start=20, end=23, reason="damaged", fault="recording"),
        Gap(start=30, end=30.4, reason="lost", fault="farm"),
    )

    model, recording, farm = shown("gap", page(gaps=gaps))

    assert model.startswith("0:10 to 0:13: no words (the model's fault: another model")
    assert recording == "0:20 to 0:23: damaged (the recording's fault)"
    assert farm == "0:30.0 to 0:30.4: lost (the farm's fault: 'retry' fills it)"


def test_a_language_is_shown_with_how_sure_the_vote_was() -> None:
    assert shown("language", page()) == ["en"]
    assert shown("language", page(language_probability=0.98, language_votes={"en": 5})) == ["en (98 % sure)"]
    split = page(language_probability=0.7, language_votes={"de": 2, "en": 5})
    assert shown("language", split) == ["en (70 % sure; windows: en 5, de 2)"]
