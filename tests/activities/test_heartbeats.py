import asyncio
import dataclasses
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import heartbeats
from activities.pace import Pace
from activities.watchdog import Progress, watched
from whisper_farm.errors import WorkerFailed


@pytest.fixture
def environment() -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timedelta(seconds=0.04))
    return environment


async def test_each_beat_carries_how_far_the_work_has_come(environment: ActivityEnvironment) -> None:
    beats: list[object] = []
    third = asyncio.Event()

    def heard(*details: object) -> None:
        beats.extend(details)
        if len(beats) == 3:
            third.set()

    environment.on_heartbeat = heard
    counted = iter(range(100))

    async def work() -> str:
        async with heartbeats(lambda: {"chunks": next(counted)}):
            await third.wait()
        return "done"

    assert await asyncio.wait_for(environment.run(work), 10) == "done"
    assert beats == [{"chunks": 0}, {"chunks": 1}, {"chunks": 2}]


async def test_a_beat_that_crashes_interrupts_the_work_and_is_heard(environment: ActivityEnvironment) -> None:
    def broken() -> object:
        raise ZeroDivisionError("no beat")

    async def work() -> None:
        async with heartbeats(broken):
            await asyncio.Event().wait()

    with pytest.raises(WorkerFailed, match="no beat"):
        await asyncio.wait_for(environment.run(work), 10)


async def test_the_works_own_error_wins(environment: ActivityEnvironment) -> None:
    async def work() -> None:
        async with heartbeats():
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await environment.run(work)


async def test_a_cancellation_stays_one(environment: ActivityEnvironment) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with heartbeats():
            begun.set()
            await asyncio.Event().wait()

    running = asyncio.ensure_future(environment.run(work))
    await begun.wait()
    environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_engine_that_goes_quiet_is_noticed_and_told_of(environment: ActivityEnvironment) -> None:
    pace = Impatient(step_audio_seconds=30.0)
    progress = Progress(pace)
    told: list[str] = []

    async def work() -> None:
        async with watched(progress, pace, subject="Chunk 3 of 'talk'", steps=1, hung=told.append):
            progress.start()
            await asyncio.Event().wait()

    with pytest.raises(WorkerFailed, match="Chunk 3 of 'talk' made no progress"):
        await asyncio.wait_for(environment.run(work), 10)
    assert len(told) == 1


async def test_a_chunk_that_waits_for_its_slot_is_not_quiet(environment: ActivityEnvironment) -> None:
    pace = Impatient(step_audio_seconds=30.0)

    assert Progress(pace).quiet_seconds == 0.0


class Impatient(Pace):
    """Waits a moment only."""

    def patience_seconds(self, steps: int = 1) -> float:
        return 0.05
