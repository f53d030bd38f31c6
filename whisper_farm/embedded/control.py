"""The supervisor's ear: commands as JSON lines over TCP on loopback, for whoever knows the token.

TCP rather than a Unix socket, whose path would be too long under a deep data folder. One connection
carries one command and gets one line back. The connection of a `lease` is then held open: the stack
stays for as long as it is, and a client that dies lets go by itself. Everything that comes in is
bounded, and what can't be understood ends its own connection only.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

from whisper_farm.embedded.ports import LOOPBACK

LINE_LIMIT_BYTES = 64 * 1024
FIRST_LINE_SECONDS = 5.0
MOST_CONNECTIONS = 256

Command = dict[str, object]
Answer = dict[str, object]

#: Answers a command, and says for how long its connection is to be held (None: not at all).
Obey = Callable[[Command], Awaitable[tuple[Answer, Callable[[], None] | None]]]


class ControlServer:
    """Listens on a free port of loopback until closed."""

    def __init__(self, token: str, obey: Obey) -> None:
        """`obey` answers a command; where it also gives a callable, the connection is held open, and the
        callable called once it is gone."""
        self._token = token
        self._obey = obey
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """Begin to listen; the port."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, 0, limit=LINE_LIMIT_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Take no new connections; those that are held go on."""
        if self._server is not None:
            self._server.close()

    async def hang_up(self) -> None:
        """End the connections that are still there."""
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            pass  # it left, or talked nonsense: that is the end of this connection, and of nothing else
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(FIRST_LINE_SECONDS):
            command = json.loads(await reader.readline())
        if not isinstance(command, dict) or not self._knows_token(command.pop("token", None)):
            return
        answer, let_go = await self._obey(command)
        try:
            writer.write(json.dumps(answer).encode() + b"\n")
            async with asyncio.timeout(FIRST_LINE_SECONDS):
                await writer.drain()
            if let_go is not None:
                with suppress(OSError):
                    await reader.read(1)
        finally:
            if let_go is not None:
                let_go()

    def _knows_token(self, said: object) -> bool:
        return isinstance(said, str) and hmac.compare_digest(
            said.encode(errors="replace"), self._token.encode()
        )
