"""What may go and what must stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from whisper_farm import keys
from whisper_farm.errors import BadRequest
from whisper_farm.farm.cleaning import free, freeable
from whisper_farm.models import OpenMark, Plan, PlanRules
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import write_document

SHA, OTHER = "a" * 64, "b" * 64
RULES = PlanRules(revision=1, first=15, target=60, longest=90, least=15, slots=2, duration=60.0)
LATER = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    """Two recordings with a job each; the second one's job is open."""
    store = DiskStore(tmp_path / "store", "whisper-farm")
    for sha256, job in ((SHA, "ended"), (OTHER, "busy")):
        plan = Plan(recording_sha256=sha256, job_id=job, rules=RULES)
        write_document(store, keys.chunk_plan(sha256, "c" * 64), plan)
        write_document(store, keys.job_plan(job), plan)
        store.put(keys.chunk_audio(sha256, "c" * 64, 0), b"flac" * 100)
        store.put(keys.recording_source(sha256, "mp3"), b"mp3" * 1000)
        store.put(keys.recording_meta(sha256), b"{}")
        store.put(keys.transcript(job, "1", "txt"), b"hello")
    store.put("recordings/mine/talk.mp3", b"a person's own")
    store.put(keys.result("d" * 64, "e" * 64), b"{}")
    store.put("staging/token", b"half")
    write_document(store, keys.open_mark("busy"), OpenMark(job="busy", submitted_at="2026-11-24T10:00:00Z"))
    return store


def _all(store: DiskStore) -> set[str]:
    return {stat.key for stat in store.list("")}


def test_chunks_of_ended_jobs_go_and_those_of_open_ones_stay(store: DiskStore) -> None:
    before = _all(store)
    (chunks,) = freeable(store)
    assert _all(store) == before, "looking frees nothing"

    free(store, chunks)

    assert before - _all(store) == {keys.chunk_plan(SHA, "c" * 64), keys.chunk_audio(SHA, "c" * 64, 0)}
    assert chunks.size_bytes > 400


def test_a_left_over_goes_once_it_is_old(store: DiskStore) -> None:
    kinds = {each.kind: each for each in freeable(store, now=LATER)}

    assert kinds["staging"].keys == ("staging/token",)


def test_recordings_go_only_when_asked_for_and_never_an_open_jobs(store: DiskStore) -> None:
    kinds = {each.kind: each for each in freeable(store, recordings=True, now=LATER)}

    assert set(kinds["recordings"].keys) == {keys.recording_source(SHA, "mp3"), keys.recording_meta(SHA)}


def test_recordings_go_when_the_settings_keep_them_no_longer(store: DiskStore) -> None:
    assert "recordings" not in {each.kind for each in freeable(store, keep_recordings_days=30)}
    assert "recordings" in {each.kind for each in freeable(store, keep_recordings_days=1, now=LATER)}


def test_results_go_only_while_no_job_is_open(store: DiskStore) -> None:
    with pytest.raises(BadRequest, match="'busy'"):
        freeable(store, results=True)
    store.delete([keys.open_mark("busy")])

    kinds = {each.kind: each for each in freeable(store, results=True)}

    assert kinds["results"].keys == (keys.result("d" * 64, "e" * 64),)


def test_a_job_that_opens_meanwhile_keeps_its_chunks(store: DiskStore) -> None:
    (chunks,) = freeable(store)
    mark = OpenMark(job="ended", submitted_at="2026-11-24T10:00:00Z")
    write_document(store, keys.open_mark("ended"), mark)

    assert free(store, chunks) == 0
    assert store.exists(keys.chunk_audio(SHA, "c" * 64, 0))


def test_transcripts_and_what_people_put_there_always_stay(store: DiskStore) -> None:
    store.delete([keys.open_mark("busy")])
    for each in freeable(store, recordings=True, results=True, now=LATER):
        free(store, each)

    assert {"recordings/mine/talk.mp3", keys.transcript("busy", "1", "txt")} <= _all(store)
