"""Which network addresses the farm may open for somebody who hands it a URL.

Only public ones: an address inside the network the farm runs in (a database, a metadata service, the
farm's own Temporal) must not be reachable through a transcription request. A name is resolved once,
every address it has is checked, and the connection goes to one of those, so that a name that resolves
differently a moment later changes nothing.
"""

import ipaddress
import socket
from collections.abc import Callable

from whisper_farm.errors import RecordingUnusable, SourceRefused, SourceUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[Address]]  #: host and port to all its addresses
MayOpen = Callable[[Address], bool]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address, and one that it may stand for (mapped, 6to4, Teredo, NAT64), is a public one."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(is_public(inner) for inner in carried if inner is not None):
            return False
        if address.ipv4_mapped is not None:
            return True  # the inner one is public, and is what will be reached
        if address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_loopback
        and not address.is_link_local
        and not address.is_unspecified
    )


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of `host`, as the machine's resolver gives them.

    Raises:
        RecordingUnusable: there is no such host.
        SourceUnreachable: the resolver does not answer.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
            raise RecordingUnusable(f"There is no host '{host}'; check the source's address.") from None
        raise SourceUnreachable(f"The host '{host}' can't be looked up now ({error.strerror}).") from None
    except (OSError, UnicodeError, ValueError) as error:
        raise RecordingUnusable(f"The host '{host[:200]}' can't be looked up ({error}).") from None
    return list(dict.fromkeys(ipaddress.ip_address(str(where[4][0]).partition("%")[0]) for where in found))


def checked_addresses(host: str, port: int, *, resolve: Resolve, may_open: MayOpen) -> list[Address]:
    """The addresses of `host`, all of which may be opened.

    Raises:
        SourceRefused: one of them may not: the whole host is refused, whichever it would have been.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise RecordingUnusable(f"The host '{host}' has no address; check the source.")
    if not all(may_open(address) for address in addresses):
        raise SourceRefused(
            f"The host '{host}' is refused: it has an address inside a private network, and the farm opens"
            " public ones only."
        )
    return addresses
