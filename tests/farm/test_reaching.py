"""Servers that are there and yet not ours: each is told in one sentence. And jobs that a server has lost."""

import uuid
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.conftest import dev_server
from whisper_farm import keys
from whisper_farm.errors import FarmUnreachable
from whisper_farm.farm.recovery import restart_lost_jobs
from whisper_farm.identity import request_digest
from whisper_farm.models import CatalogueEntry, OpenMark
from whisper_farm.request import StoredRequest, TranscribeRequest
from whisper_farm.search_attributes import SEARCH_ATTRIBUTES, ensure_search_attributes
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import read_document, write_document
from whisper_farm.temporal_client import connect

SUBMITTED = "2026-11-24T10:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    store = DiskStore(tmp_path / "store", "whisper-farm")
    store.check()
    return store


@pytest.fixture
async def client(temporal_address: str) -> Client:
    return await connect(identity="test", address=temporal_address)


def opened(store: DiskStore, job: str) -> None:
    """As `open_job` leaves it."""
    request = TranscribeRequest(source="recordings/a.mp3", model="tiny")
    write_document(
        store,
        keys.job_request(job),
        StoredRequest(
            job=job,
            request=request,
            digest=request_digest(request, model="tiny"),
            model="tiny",
            submitted_at=SUBMITTED,
        ),
    )
    write_document(store, keys.open_mark(job), OpenMark(job=job, submitted_at=SUBMITTED))
    write_document(
        store,
        keys.catalogue_entry(SUBMITTED[:10], job),
        CatalogueEntry(
            job=job, state="running", name="a.mp3", source="", model="tiny", owner="", submitted_at=SUBMITTED
        ),
    )


async def test_a_namespace_that_is_not_there_is_named(
    temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nope")

    with pytest.raises(FarmUnreachable, match="no namespace 'nope'; correct TEMPORAL_NAMESPACE"):
        await connect(identity="test", patience_seconds=0.5)


async def test_search_attributes_are_added_where_an_older_server_lacks_them(tmp_path: Path) -> None:
    with dev_server(tmp_path, search_attributes=("WhisperModel=Keyword",)) as address:
        client = await connect(identity="test", address=address)

        assert await ensure_search_attributes(client) == ["WhisperAudioSecondsLeft", "WhisperOwner"]
        assert await ensure_search_attributes(client) == []

    assert len(SEARCH_ATTRIBUTES) == 3


async def test_a_job_that_its_server_has_lost_is_started_again(client: Client, store: DiskStore) -> None:
    job = f"lost-{uuid.uuid4()}"
    opened(store, job)

    assert await restart_lost_jobs(client, store) == [job]
    assert await restart_lost_jobs(client, store) == []  # it runs

    await client.get_workflow_handle(job).terminate()
    assert await restart_lost_jobs(client, store) == []
    entry = read_document(store, keys.catalogue_entry(SUBMITTED[:10], job), CatalogueEntry)
    assert (entry.state, f"whisper-farm retry {job}" in (entry.message or "")) == ("failed", True)
    assert list(store.list("open/")) == []


async def test_a_mark_that_can_not_be_read_keeps_no_other_job_waiting(
    client: Client, store: DiskStore
) -> None:
    job = f"lost-{uuid.uuid4()}"
    opened(store, job)
    store.put("open/a-torn-one.json", b"")
    opened(store, "another-torn-one")
    store.put(keys.job_request("another-torn-one"), b'{"schema": 99}')

    assert await restart_lost_jobs(client, store) == [job]

    await client.get_workflow_handle(job).terminate()
