import asyncio

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCStatusCode

from activities import announcing
from activities.announcing import Announcer
from tests.activities.farm_store import ListeningClient
from whisper_farm.errors import FarmUnreachable
from whisper_farm.models import Chunk


def chunks(count: int, *, first: int = 0) -> list[Chunk]:
    return [
        Chunk(index=index, start=index * 1_000, end=(index + 1) * 1_000, pcm_sha256="0" * 64)
        for index in range(first, first + count)
    ]


async def announce(client: ListeningClient, *batches: list[Chunk]) -> None:
    announcer = Announcer(client, job="episode", run="r1")
    for batch in batches:
        announcer.add(batch)
    announcer.close()
    await announcer.run()


async def test_what_was_stored_before_is_announced_in_small_batches() -> None:
    client = ListeningClient()
    await announce(client, chunks(150), chunks(2, first=150))
    assert [len(batch.chunks) for batch in client.heard] == [64, 64, 24]
    assert client.chunks == chunks(152)
    assert client.run_id == "r1"


async def test_the_first_chunk_goes_out_at_once_and_later_ones_gather() -> None:
    client = ListeningClient()
    announcer = Announcer(client, job="episode", run="r1")
    async with asyncio.TaskGroup() as group:
        group.create_task(announcer.run())
        for index in range(100):
            announcer.add(chunks(1, first=index))
            await asyncio.sleep(0.004)
        announcer.close()
    assert len(client.heard[0].chunks) == 1
    assert len(client.heard) <= 8
    assert client.chunks == chunks(100)


async def test_many_chunks_do_not_wait_for_a_pause_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "FIRST_PAUSE_SECONDS", 60.0)
    client = ListeningClient()
    announcer = Announcer(client, job="episode", run="r1")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(announcer.run())
        announcer.add(chunks(1))
        await client.has_heard_of(1)
        announcer.add(chunks(32, first=1))
        await client.has_heard_of(33)
        announcer.close()


async def test_a_server_that_is_away_for_a_while_is_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "_RETRY_SECONDS", 0.0)
    client = ListeningClient(RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED)
    await announce(client, chunks(3))
    assert client.chunks == chunks(3)


async def test_a_closed_job_ends_the_announcing_quietly() -> None:
    with pytest.raises(ApplicationError, match="'episode' is closed") as caught:
        await announce(ListeningClient(RPCStatusCode.NOT_FOUND), chunks(3))
    assert caught.value.non_retryable
    assert caught.value.category == ApplicationErrorCategory.BENIGN


async def test_a_refusal_that_waiting_does_not_mend_is_told() -> None:
    with pytest.raises(FarmUnreachable, match=r"does not take news of the chunks of 'episode' \(no luck\)"):
        await announce(ListeningClient(RPCStatusCode.PERMISSION_DENIED), chunks(3))
