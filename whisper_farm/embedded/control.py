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
from dataclasses import dataclass

from whisper_farm.embedded.ports import LOOPBACK

LINE_LIMIT_BYTES = 64 * 1024
FIRST_LINE_SECONDS = 5.0
MOST_CONNECTIONS = 256

Command = dict[str, object]
Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Hold:
    """That a connection is to be held open after its answer."""

    let_go: Callable[[], None] = lambda: None  #: called once it is gone
    to_the_end: bool = False  #: until the supervisor itself goes; else it may be sent away before


#: Answers a command, and says whether its connection is to be held.
Obey = Callable[[Command], Awaitable[tuple[Answer, Hold | None]]]


class ControlServer:
    """Listens on a free port of loopback until closed."""

    def __init__(self, token: str, obey: Obey) -> None:
        """`obey` answers a command; where it gives a `Hold` too, the connection is held open."""
        self._token = token
        self._obey = obey
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._guests: set[asyncio.StreamWriter] = set()  #: held, but not to the end

    async def open(self) -> int:
        """Begin to listen; the port."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, 0, limit=LINE_LIMIT_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Take no new connections; those that are held go on."""
        if self._server is not None:
            self._server.close()

    def send_away(self, farewell: str) -> None:
        """Tell those that are held, but not to the end, why they have to go, and hang up."""
        for writer in list(self._guests):
            writer.write(json.dumps({"farewell": farewell}).encode() + b"\n")
            writer.close()

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
        except (OSError, ValueError, TimeoutError, RecursionError, asyncio.IncompleteReadError):
            pass  # it left, or talked nonsense: that is the end of this connection, and of nothing else
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(FIRST_LINE_SECONDS):
            command = json.loads(await reader.readline())
        if not isinstance(command, dict) or not self._knows_token(command.pop("token", None)):
            return
        answer, hold = await self._obey(command)
        if hold is not None and not hold.to_the_end:
            self._guests.add(writer)
        try:
            writer.write(json.dumps(answer).encode() + b"\n")
            async with asyncio.timeout(FIRST_LINE_SECONDS):
                await writer.drain()
            if hold is not None:
                await reader.read(1)
        finally:
            self._guests.discard(writer)
            if hold is not None:
                hold.let_go()

    def _knows_token(self, said: object) -> bool:
        return isinstance(said, str) and hmac.compare_digest(
            said.encode(errors="replace"), self._token.encode()
        )
