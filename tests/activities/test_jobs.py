"""The store's own record of a job: what was asked, that it is open, how it ended."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.jobs import JobActivities
from tests.activities.farm_store import WatchedStore
from whisper_farm import keys
from whisper_farm.messages import CloseJob, JobOpened, OpenJob, TranscriptMerged
from whisper_farm.models import CatalogueEntry, FarmDefaults, OpenMark
from whisper_farm.request import StoredRequest, read_request
from whisper_farm.settings import FarmSettings
from whisper_farm.storage.documents import find_document, read_document, write_document

JOB, SHA, DAY = "episode", "ab" * 32, "2026-11-24"
ENTRY = keys.catalogue_entry(DAY, JOB)


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    store = WatchedStore(tmp_path)
    store.check()
    return store


def open_job(store: WatchedStore, *, run: str = "run-1", **request: Any) -> JobOpened:
    order = OpenJob(
        job=JOB,
        run=run,
        started_at=f"{DAY}T10:00:00+00:00",
        request=read_request({"source": "recordings/a.mp3", "model": "tiny", **request}),
    )
    opened = ActivityEnvironment().run(JobActivities(store, FarmSettings()).open_job, order)
    assert isinstance(opened, JobOpened)
    return opened


def refusal(store: WatchedStore, **request: Any) -> ApplicationError:
    with pytest.raises(ApplicationError) as refused:
        open_job(store, **request)
    return refused.value


def close_job(
    store: WatchedStore,
    state: str = "complete",
    *,
    gaps: int | None = 0,
    models: int = 0,
    keep: str = "gaps",
) -> None:
    merged = None
    if gaps is not None:
        merged = TranscriptMerged(
            version="v",
            outputs={},
            word_count=7,
            segment_count=1,
            gap_count=gaps,
            model_gap_count=models,
            state="complete",
            message=None,
        )
    order = CloseJob.model_validate(
        {
            "job": JOB, "run": "run-1", "plan_sha256": SHA, "recording_sha256": SHA, "state": state,
            "message": None, "merged": merged, "elapsed_seconds": 3.0, "language": "en", "chunk_count": 2,
            "duration_seconds": 60.0,
        }
    )  # fmt: skip
    settings = FarmSettings.model_validate({"keep_chunks": keep})
    ActivityEnvironment().run(JobActivities(store, settings).close_job, order)


def test_an_open_job_is_marked_and_stands_in_the_catalogue(store: WatchedStore) -> None:
    opened = open_job(store, owner="ann", labels={"show": "daily"})

    assert (opened.model, opened.queue, opened.take) == ("tiny", "whisper-farm-gpu.tiny", "")
    assert read_document(store, keys.open_mark(JOB), OpenMark).job == JOB
    entry = read_document(store, ENTRY, CatalogueEntry)
    assert (entry.state, entry.name, entry.owner, entry.labels) == (
        "running", "a.mp3", "ann", {"show": "daily"},
    )  # fmt: skip


def test_opening_a_job_twice_is_opening_it_once(store: WatchedStore) -> None:
    first = open_job(store)
    stored = store.get(keys.job_request(JOB))

    assert open_job(store, run="run-2") == first
    assert store.get(keys.job_request(JOB)) == stored


def test_a_job_id_that_holds_another_request_is_refused_and_nothing_changes(store: WatchedStore) -> None:
    open_job(store, name="The first")
    before = {stat.key: store.get(stat.key) for stat in store.list("")}

    refused = refusal(store, source="recordings/b.mp3")

    assert (refused.type, refused.non_retryable) == ("JobTaken", True)
    assert "'episode' belongs to another request (The first)" in refused.message
    assert {stat.key: store.get(stat.key) for stat in store.list("")} == before


def test_a_request_without_a_model_takes_the_farms_default(store: WatchedStore) -> None:
    refused = refusal(store, model=None)
    assert (refused.type, refused.non_retryable) == ("BadRequest", True)
    assert "whisper-farm up --model" in refused.message

    write_document(store, keys.FARM_SETTINGS, FarmDefaults(model="large-v3-turbo"))
    assert open_job(store, model=None).model == "large-v3-turbo"


def test_computing_anew_is_remembered_until_it_is_done(store: WatchedStore) -> None:
    """So that a run that was told to finds its own results after a crash, and nobody else's."""
    assert open_job(store, again=True, run="anew").take == "anew"
    assert open_job(store, run="taken up").take == "anew"
    assert open_job(store, again=True, run="once more").take == "once more"
    assert read_document(store, keys.job_request(JOB), StoredRequest).take == "once more"


def test_how_files_are_laid_out_follows_the_latest_request(store: WatchedStore) -> None:
    open_job(store, subtitles="bbc")
    open_job(store, run="run-2", subtitles={"preset": "plain", "lines": 1})

    kept = read_document(store, keys.job_request(JOB), StoredRequest).request.subtitles
    assert (kept.preset, kept.lines) == ("plain", 1)


def test_a_closed_job_is_entered_and_loses_its_mark_last(store: WatchedStore) -> None:
    open_job(store)

    close_job(store)

    entry = read_document(store, ENTRY, CatalogueEntry)
    assert (entry.state, entry.word_count, entry.version, entry.chunk_count) == ("complete", 7, "v", 2)
    assert entry.ended_at is not None
    assert find_document(store, keys.open_mark(JOB), OpenMark) is None
    assert store.written[-1] == ENTRY


@pytest.mark.parametrize(
    ("keep", "state", "gaps", "models", "stay"),
    [
        ("gaps", "complete", 0, 0, False),
        ("gaps", "complete", 1, 0, True),
        ("gaps", "complete", 2, 2, False),  # the model found no words there, and a retry finds its results
        ("gaps", "complete", 2, 1, True),
        ("gaps", "cancelled", None, 0, False),
        ("never", "complete", 1, 0, False),
        ("always", "complete", 0, 0, True),
        ("never", "incomplete", 1, 0, True),  # a retry wants them
        ("never", "failed", None, 0, True),
    ],
)
def test_chunks_go_or_stay_as_the_settings_say(
    store: WatchedStore, keep: str, state: str, gaps: int | None, models: int, stay: bool
) -> None:
    open_job(store)
    for key in (keys.chunk_audio(SHA, SHA, 0), keys.chunk_cut(SHA, SHA, 0), keys.chunk_plan(SHA, SHA)):
        store.put(key, b"x")

    close_job(store, state, gaps=gaps, models=models, keep=keep)

    assert bool(list(store.list("chunks/"))) is stay
