"""A real store that remembers what was written to it and can be made to stand still, and a workflow's ear."""

import asyncio
import threading
from pathlib import Path

from temporalio.service import RPCError, RPCStatusCode

from whisper_farm.errors import StoreUnreachable
from whisper_farm.messages import CHUNKS_READY_SIGNAL, ChunksReady
from whisper_farm.models import Chunk
from whisper_farm.storage.disk import DiskStore


class WatchedStore(DiskStore):
    """A folder's store that remembers each key that was put, in order, and can fail its people.

    Puts wait while `moving` is clear; after `puts_left` of them it can't be reached any more.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "whisper-farm")
        self.written: list[str] = []
        self.puts_left: int | None = None
        self.moving = threading.Event()
        self.moving.set()

    def put(self, key: str, data: bytes) -> None:
        self.moving.wait(30)
        if self.puts_left is not None:
            if self.puts_left == 0:
                raise StoreUnreachable("The object store went away.")
            self.puts_left -= 1
        super().put(key, data)
        self.written.append(key)


class ListeningClient:
    """Takes signals as a workflow would. It raises `troubles` first, one for each signal."""

    def __init__(self, *troubles: RPCStatusCode) -> None:
        self.heard: list[ChunksReady] = []
        self.run_id: str | None = None
        self._troubles = list(troubles)
        self._news = asyncio.Event()

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> "ListeningClient":
        self.run_id = run_id
        return self

    async def signal(self, signal: str, arg: object) -> None:
        assert signal == CHUNKS_READY_SIGNAL
        assert isinstance(arg, ChunksReady)
        if self._troubles:
            raise RPCError("no luck", self._troubles.pop(0), b"")
        self.heard.append(arg)
        self._news.set()

    async def has_heard_of(self, count: int) -> None:
        """Returns once so many chunks were announced."""
        async with asyncio.timeout(20):
            while len(self.chunks) < count:
                self._news.clear()
                await self._news.wait()

    @property
    def chunks(self) -> list[Chunk]:
        return [chunk for batch in self.heard for chunk in batch.chunks]
