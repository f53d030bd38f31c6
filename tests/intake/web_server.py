"""A small https server of our own, at a made-up name on the loopback."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from tests.intake.certificate import trusting, write_certificate
from whisper_farm.errors import RecordingUnusable
from whisper_farm.intake.addresses import Address, is_public
from whisper_farm.intake.web import Web
from whisper_farm.settings import IntakeSettings

HOST = "talks.example"
LOOPBACK = ip_address("127.0.0.1")


#: A length that is not told: the body ends with the connection.
UNANNOUNCED = -1


@dataclass
class Page:
    """What the server answers: its body in blocks, of which it may announce another length than it sends."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None  #: the length that is told: the body's, another, or `UNANNOUNCED`


@dataclass
class Server:
    """A running server, and what it was asked."""

    port: int
    certificate: Path
    pages: dict[str, Page]
    asked: list[dict[str, str]]
    addresses: dict[str, list[str]]

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self.port}{path}"

    def web(self, limits: IntakeSettings | None = None) -> Web:
        """A `Web` for which this server's loopback address is as good as a public one."""
        return Web(
            limits or IntakeSettings(url_timeout_seconds=5),
            resolve=self.resolve,
            may_open=lambda address: address == LOOPBACK or is_public(address),
            trust=trusting(self.certificate),
        )

    def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses that the test gave to this host."""
        assert port > 0
        if host not in self.addresses:
            raise RecordingUnusable(f"There is no host '{host}'; check the source's address.")
        return [ip_address(address) for address in self.addresses[host]]


@contextmanager
def https_server(folder: Path) -> Iterator[Server]:
    """A server on a free port of the loopback, for as long as the block lasts."""
    pages: dict[str, Page] = {}
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"path": self.path, **{name.lower(): text for name, text in self.headers.items()}})
            page = pages.get(self.path, Page(status=404))
            self.send_response(page.status)
            for name, text in page.headers.items():
                self.send_header(name, text)
            if page.announced != UNANNOUNCED:
                length = len(page.body) if page.announced is None else page.announced
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
            pass

    certificate, key = write_certificate(folder, HOST)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class TlsServer(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that leaves early, or trusts nobody, is no trouble."""

    server = TlsServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(
            server.server_address[1],
            certificate,
            pages,
            asked,
            {HOST: ["127.0.0.1"], "inside.example": ["10.0.0.5"]},
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
