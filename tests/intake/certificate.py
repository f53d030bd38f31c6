"""A certificate for a made-up host, signed by itself, good for one test run."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS
from Crypto.Util.asn1 import DerObjectId


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's view of the world in which this certificate is good."""
    return ssl.create_default_context(cafile=str(certificate))


def write_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Certificate and key for `host`, as PEM files."""
    key = ECC.generate(curve="P-256")
    signed_how = _sequence(_id("1.2.840.10045.4.3.2"))
    name = _sequence(_der(0x31, _sequence(_id("2.5.4.3"), _der(0x0C, host.encode()))))
    now = datetime.now(UTC)
    extensions = _sequence(
        _sequence(_id("2.5.29.17"), _der(0x04, _sequence(_der(0x82, host.encode())))),
        _sequence(_id("2.5.29.19"), b"\x01\x01\xff", _der(0x04, _sequence(b"\x01\x01\xff"))),
        _sequence(_id("2.5.29.14"), _der(0x04, _der(0x04, b"one key"))),
        _sequence(_id("2.5.29.35"), _der(0x04, _sequence(_der(0x80, b"one key")))),
        _sequence(_id("2.5.29.15"), b"\x01\x01\xff", _der(0x04, b"\x03\x02\x02\x84")),
    )
    body = _sequence(
        _der(0xA0, b"\x02\x01\x02"),
        b"\x02\x01\x01",
        signed_how,
        name,
        _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=2))),
        name,
        key.public_key().export_key(format="DER"),
        _der(0xA3, extensions),
    )
    signature = DSS.new(key, "fips-186-3", encoding="der").sign(SHA256.new(body))
    certificate = _sequence(body, signed_how, _der(0x03, b"\x00" + signature))
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_text(ssl.DER_cert_to_PEM_cert(certificate))
    key_path.write_text(key.export_key(format="PEM"))
    return certificate_path, key_path


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    octets = len(content).to_bytes(2)
    return bytes([tag, 0x82]) + octets + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _id(dotted: str) -> bytes:
    return bytes(DerObjectId(dotted).encode())


def _time(moment: datetime) -> bytes:
    return _der(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
