"""A way to an S3 server on which everything that passes is counted, by who sends it and by key."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One request and its answer."""

    who: str
    method: str
    key: str  #: without its bucket; empty for requests about the bucket
    status: int
    up_bytes: int  #: of the request's body
    down_bytes: int  #: of the answer's body


@dataclass
class Ledger:
    """All that has passed so far."""

    passed: list[Passed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def enter(self, passed: Passed) -> None:
        with self._lock:
            self.passed.append(passed)


@contextmanager
def counted(endpoint: str, who: str, ledger: Ledger) -> Iterator[str]:
    """The endpoint of a proxy to `endpoint`, for the time of the body."""
    upstream = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server = http.client.HTTPConnection(upstream, timeout=60)
            try:
                # The Host header is signed, so it goes on as it came; so does everything else.
                server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    server.putheader(name, value)
                server.endheaders(body or None)
                answer = server.getresponse()
                data = answer.read()
            finally:
                server.close()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(data)
            key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]
            ledger.enter(
                Passed(
                    who=who,
                    method=self.command,
                    key=key,
                    status=answer.status,
                    up_bytes=len(body),
                    down_bytes=len(data),
                )
            )

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815 - the names are http.server's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - nor is this one ours
            """Nobody reads a line for each request."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
