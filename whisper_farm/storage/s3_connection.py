"""How the farm reaches an S3 server: the parsed endpoint and a pool of connections of its own.

The `minio` package's default pool waits five minutes for a dead server and keeps ten connections;
a farm wants to know within seconds, and has more threads than that.
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi
import urllib3

from whisper_farm.errors import BadRequest

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
_CONNECTIONS = 32
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an S3 server listens."""

    host: str  #: `host` or `host:port`
    secure: bool

    def __str__(self) -> str:
        """As it is written in settings: `http://host:port`."""
        return f"{'https' if self.secure else 'http'}://{self.host}"


def parse_endpoint(endpoint: str) -> Endpoint:
    """`http://host:port` or `https://host` in its parts.

    Raises:
        BadRequest: it is neither.
    """
    try:
        url = urlsplit(endpoint)
        plain = url.path in {"", "/"} and not (url.query or url.fragment or url.username or url.password)
        if url.scheme in {"http", "https"} and _HOST.fullmatch(url.netloc) and plain and url.port != 0:
            return Endpoint(url.netloc, url.scheme == "https")
    except ValueError:
        pass
    # Whatever was typed before an @ may be a password.
    shown = endpoint.rpartition("@")[2]
    raise BadRequest(f"WHISPER_FARM_S3_ENDPOINT is {shown!r:.200}: write it as 'http://127.0.0.1:9000'.")


def new_pool() -> urllib3.PoolManager:
    """Connections that give up in time. What is safe to repeat is repeated, a few times and soon."""
    return urllib3.PoolManager(
        maxsize=_CONNECTIONS,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=urllib3.Retry(
            total=3,
            connect=2,
            read=2,
            redirect=0,
            backoff_factor=0.1,
            status_forcelist=[500, 502, 503, 504],
            raise_on_status=False,  # the last answer says what is wrong, a count of retries does not
        ),
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )
