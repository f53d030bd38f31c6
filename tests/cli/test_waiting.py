"""What a command waits for may need it: a stack of its own is brought back meanwhile."""

import asyncio

import pytest

from whisper_farm.cli import waiting
from whisper_farm.cli.waiting import wait_for
from whisper_farm.errors import StackBroken


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_TICK_SECONDS", 0.01)


def test_who_waits_sees_to_the_stack_meanwhile() -> None:
    async def work() -> str:
        await mended.wait()
        return "done"

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            mended.set()

    mended, ticks = asyncio.Event(), list[int]()

    assert wait_for(work(), tick=tick) == "done"
    assert len(ticks) == 3


def test_a_stack_that_is_gone_for_good_ends_the_waiting() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    def tick() -> None:
        raise StackBroken("A person ended it.")

    ended: list[str] = []

    with pytest.raises(StackBroken):
        wait_for(work(), tick=tick)
    wait_for(asyncio.sleep(0))
    assert ended == ["cancelled"]
