"""Addresses that strangers write: opened with care, or refused in a sentence."""

import ssl

import pytest

from tests.intake.web_server import HOST, UNANNOUNCED, Page, Server
from whisper_farm.errors import FarmError, RecordingUnusable, SourceRefused, SourceUnreachable
from whisper_farm.intake.web import Web
from whisper_farm.settings import IntakeSettings


def _read(server: Server, url: str, limits: IntakeSettings | None = None) -> tuple[str, bytes]:
    with server.web(limits).open(url) as recording:
        return recording.name, b"".join(recording.blocks)


def test_a_recording_is_read_under_the_name_that_was_asked_for(server: Server) -> None:
    server.pages["/a%20talk.mp3?token=secret"] = Page(b"x" * 3_000_000)

    name, data = _read(server, server.url("/a%20talk.mp3?token=secret#there"))

    assert (name, len(data)) == ("a talk.mp3", 3_000_000)
    assert server.asked[0]["host"] == f"{HOST}:{server.port}"
    assert server.asked[0]["accept-encoding"] == "identity"
    assert "authorization" not in server.asked[0]


def test_redirects_are_followed_and_the_last_name_counts(server: Server) -> None:
    server.pages["/1"] = Page(status=302, headers={"Location": "/2"})
    server.pages["/2"] = Page(status=307, headers={"Location": server.url("/end.ogg")})
    server.pages["/end.ogg"] = Page(b"sound")

    assert _read(server, server.url("/1")) == ("end.ogg", b"sound")


def test_an_endless_redirect_ends(server: Server) -> None:
    server.pages["/loop"] = Page(status=302, headers={"Location": "/loop"})

    with pytest.raises(RecordingUnusable, match="redirected more than 5 times"):
        _read(server, server.url("/loop"))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target",
    [
        "https://inside.example/secret",
        "https://10.0.0.5/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "http://talks.example/plain",
        "file:///etc/passwd",
        "https://user:password@talks.example/",
    ],
)
def test_a_redirect_is_checked_as_if_it_were_the_first(server: Server, target: str) -> None:
    server.addresses.update(
        {"10.0.0.5": ["10.0.0.5"], "::1": ["::1"], "169.254.169.254": ["169.254.169.254"]}
    )
    server.pages["/in"] = Page(status=302, headers={"Location": target})

    with pytest.raises(SourceRefused) as refused:
        _read(server, server.url("/in"))
    assert "password" not in str(refused.value).replace("a user name or a password", "")


def test_a_private_address_is_refused_before_anything_is_opened(server: Server) -> None:
    strict = Web(IntakeSettings(), resolve=server.resolve)

    with (
        pytest.raises(SourceRefused, match=r"The host 'talks\.example' is refused: it has an address inside"),
        strict.open(server.url("/a.mp3")),
    ):
        pass
    assert server.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "0.0.0.0", "127.1"]
)
def test_the_loopback_is_refused_however_it_is_written(host: str) -> None:
    with (
        pytest.raises((SourceRefused, RecordingUnusable)) as refused,
        Web(IntakeSettings()).open(f"https://{host}/a.mp3"),
    ):
        pass
    assert "\n" not in str(refused.value)


def test_a_host_with_one_private_address_is_refused_whichever_it_would_have_been(server: Server) -> None:
    server.addresses[HOST] = ["127.0.0.1", "192.168.1.1"]

    with pytest.raises(SourceRefused):
        _read(server, server.url("/a.mp3"))


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://talks.example/a.mp3", SourceRefused),
        ("https://user:pass@talks.example/a.mp3", SourceRefused),
        ("https:///a.mp3", SourceRefused),
        ("https://", SourceRefused),
        ("https://nobody.example/a.mp3", RecordingUnusable),
        ("https://talks.example:99999/", SourceRefused),
        ("https://ex ample/", SourceRefused),
    ],
)
def test_a_bad_address_is_one_sentence(server: Server, url: str, error: type[FarmError]) -> None:
    with pytest.raises(error, match=r"^[^\n]*[.]$"):
        _read(server, url)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, RecordingUnusable),
        (403, RecordingUnusable),
        (410, RecordingUnusable),
        (204, RecordingUnusable),
        (206, RecordingUnusable),
        (302, RecordingUnusable),
        (429, SourceUnreachable),
        (500, SourceUnreachable),
        (503, SourceUnreachable),
    ],
)
def test_each_answer_is_the_recordings_fault_or_the_servers(
    server: Server, status: int, error: type[FarmError]
) -> None:
    server.pages["/a.mp3?token=secret"] = Page(status=status)

    with pytest.raises(error, match=str(status)) as told:
        _read(server, server.url("/a.mp3?token=secret"))
    assert "secret" not in str(told.value)


def test_more_than_the_farm_takes_is_refused_announced_or_not(server: Server) -> None:
    small = IntakeSettings(largest_recording_bytes=10_000)
    server.pages["/announced"] = Page(b"", announced=10_001)
    server.pages["/unannounced"] = Page(b"x" * 2_000_000, announced=UNANNOUNCED)

    for path in server.pages:
        with pytest.raises(RecordingUnusable, match="too large"):
            _read(server, server.url(path), small)


def test_a_body_that_ends_early_is_worth_another_try(server: Server) -> None:
    server.pages["/a.mp3"] = Page(b"half", announced=8)

    with pytest.raises(SourceUnreachable):
        _read(server, server.url("/a.mp3"))


def test_a_compressed_body_is_refused(server: Server) -> None:
    server.pages["/a.mp3"] = Page(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    with pytest.raises(RecordingUnusable, match="compressed"):
        _read(server, server.url("/a.mp3"))


def test_a_server_that_is_not_there_is_worth_another_try(server: Server) -> None:
    with pytest.raises(SourceUnreachable):
        _read(server, f"https://{HOST}:1/a.mp3")


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server) -> None:
    web = Web(
        IntakeSettings(), resolve=server.resolve, may_open=lambda _: True, trust=ssl.create_default_context()
    )

    with pytest.raises(SourceRefused, match="certificate"), web.open(server.url("/a.mp3")):
        pass


def test_a_server_is_known_by_the_name_that_was_asked_for(server: Server) -> None:
    server.addresses["other.example"] = ["127.0.0.1"]

    with pytest.raises(SourceRefused, match="certificate"):
        _read(server, f"https://other.example:{server.port}/a.mp3")
