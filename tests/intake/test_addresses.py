"""Which addresses are public, however they are dressed up."""

from ipaddress import ip_address

import pytest

from whisper_farm.errors import RecordingUnusable
from whisper_farm.intake.addresses import is_public, resolve


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "::127.0.0.1"),
    ],
)
def test_an_inner_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"]
)
def test_a_public_address_is(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["nobody.invalid", "x" * 70 + ".example", "a\0b"])
def test_a_host_that_does_not_exist_is_the_sources_fault(host: str) -> None:
    with pytest.raises(RecordingUnusable):
        resolve(host, 443)
