"""Reading a recording from an `https://` address that a stranger may have written.

Every step of the way is checked as if it were the first: the scheme, the name's addresses, each
redirect. The connection goes to the very address that was checked, under the name that was asked for
(SNI and `Host`), past any proxy. Bytes are counted, and taken as they are: no content encoding.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from whisper_farm.audio.formats import shown
from whisper_farm.audio.probe import check_size
from whisper_farm.errors import PermanentError, RecordingUnusable, SourceRefused, SourceUnreachable
from whisper_farm.intake import addresses
from whisper_farm.intake.addresses import Address, MayOpen, Resolve
from whisper_farm.settings import IntakeSettings

_MOST_REDIRECTS = 5
_BLOCK_BYTES = 1 << 20
_TRY_AGAIN = frozenset({408, 425, 429})
_HEADERS = {
    "Accept": "audio/*, video/*, */*;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "whisper-farm",
}


@dataclass(frozen=True, slots=True)
class WebRecording:
    """An open answer: its last address' file name, and its bytes in order."""

    name: str
    blocks: Iterator[bytes]


class Web:
    """Opens addresses. What it is handed decides who resolves names, and which addresses may be opened."""

    def __init__(
        self,
        limits: IntakeSettings,
        *,
        resolve: Resolve = addresses.resolve,
        may_open: MayOpen = addresses.is_public,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._resolve = resolve
        self._may_open = may_open
        self._trust = trust

    @contextmanager
    def open(self, url: str) -> Iterator[WebRecording]:
        """The recording at `url`, over at most 5 redirects.

        Raises:
            SourceRefused: the address, or one that it leads to, may not be opened.
            RecordingUnusable: nothing is there, or more than the farm takes.
            SourceUnreachable: the server is away or fails: worth another try.
        """
        with httpx.Client(
            verify=self._trust or True,
            trust_env=False,
            follow_redirects=False,
            timeout=self._limits.url_timeout_seconds,
        ) as client:
            address = _checked(url)
            for _ in range(_MOST_REDIRECTS + 1):
                answer = self._ask(client, address)
                try:
                    onward = _redirected(address, answer)
                    if onward is None:
                        yield self._recording(address, answer)
                        return
                    address = onward
                finally:
                    answer.close()
            raise RecordingUnusable(
                f"The address {_seen(address)} is redirected more than {_MOST_REDIRECTS} times."
            )

    def _ask(self, client: httpx.Client, url: httpx.URL) -> httpx.Response:
        """The server's answer, its body not read yet, from the first checked address that gives one."""
        port = url.port or 443
        allowed = addresses.checked_addresses(url.host, port, resolve=self._resolve, may_open=self._may_open)
        for left, address in zip(reversed(range(len(allowed))), allowed, strict=True):
            request = _pinned(client, url, address)
            try:
                return client.send(request, stream=True)
            except httpx.HTTPError as error:
                if not left:
                    raise _told(url, error) from None
        raise AssertionError("unreachable: there is at least one address")

    def _recording(self, url: httpx.URL, answer: httpx.Response) -> WebRecording:
        status = f"{answer.status_code} {answer.reason_phrase}".strip()
        if answer.status_code in _TRY_AGAIN or answer.status_code >= 500:
            raise SourceUnreachable(f"The server of {_seen(url)} answers '{status}' now.")
        if answer.status_code != 200:
            raise RecordingUnusable(f"The server answers '{status}' for {_seen(url)}; check the address.")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise RecordingUnusable(
                f"The server sends {_seen(url)} compressed, which the farm does not read."
            )
        name = _name_of(url)
        announced = answer.headers.get("content-length", "")
        if announced.isdigit():
            check_size(int(announced), name=name, limits=self._limits)
        return WebRecording(name, self._blocks(url, name, answer))

    def _blocks(self, url: httpx.URL, name: str, answer: httpx.Response) -> Iterator[bytes]:
        received = 0
        try:
            for block in answer.iter_raw(_BLOCK_BYTES):
                received += len(block)
                check_size(received, name=name, limits=self._limits)
                yield block
        except httpx.HTTPError as error:
            raise _told(url, error) from None


def _checked(url: str) -> httpx.URL:
    """`url`, if it is one that may be looked at."""
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise SourceRefused(
            f"The source {shown(url.partition('?')[0])} is no address that can be read."
        ) from None
    if (found.port is not None and not 0 < found.port < 65536) or any(c in found.host for c in " %"):
        raise SourceRefused(f"The source {shown(url.partition('?')[0])} is no address that can be read.")
    if found.scheme != "https" or not found.host:
        raise SourceRefused(f"The address {_seen(found)} is refused: only https:// ones are opened.")
    if found.userinfo:
        raise SourceRefused(f"The address {_seen(found)} is refused: it holds a user name or a password.")
    return found.copy_with(fragment=None)


def _pinned(client: httpx.Client, url: httpx.URL, address: Address) -> httpx.Request:
    """A request that goes to `address`, under the name in `url`."""
    return client.build_request(
        "GET",
        url.copy_with(host=str(address)),
        headers={**_HEADERS, "Host": url.netloc.decode("ascii")},
        extensions={"sni_hostname": url.host},
    )


def _redirected(url: httpx.URL, answer: httpx.Response) -> httpx.URL | None:
    """Where the answer leads, checked; None where it is the last one."""
    target = answer.headers.get("location")
    if answer.status_code not in {301, 302, 303, 307, 308} or not target:
        return None
    try:
        return _checked(str(url.join(target)))
    except (httpx.InvalidURL, ValueError):
        raise SourceRefused(f"The address {_seen(url)} leads to something that is no address.") from None


def _told(url: httpx.URL, error: httpx.HTTPError) -> PermanentError | SourceUnreachable:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SourceRefused(
            f"The server of {_seen(url)} is refused: its certificate can't be trusted ({error})."
        )
    if isinstance(error, httpx.TimeoutException):
        return SourceUnreachable(f"The server of {_seen(url)} did not answer in time.")
    return SourceUnreachable(
        f"The server of {_seen(url)} can't be reached now ({str(error) or type(error).__name__})."
    )


def _seen(url: httpx.URL) -> str:
    """The address for a sentence: without a query or a password, which may be secret."""
    port = f":{url.port}" if url.port else ""
    return shown(f"{url.scheme}://{url.host}{port}{url.path}")


def _name_of(url: httpx.URL) -> str:
    """The file name in the address, for people."""
    name = PurePosixPath(unquote(url.path)).name
    return "".join(c if c.isprintable() else "_" for c in name)[:255] or url.host
