"""What a request's source may name."""

import pytest

from whisper_farm.errors import SourceRefused
from whisper_farm.intake.sources import StoredSource, WebSource, parse_source

FARM = "whisper-farm"
SHA = "ab" * 32


@pytest.mark.parametrize(
    ("source", "allowed", "found"),
    [
        ("recordings/episode.mp3", (), StoredSource(FARM, "recordings/episode.mp3")),
        (f"recordings/{SHA}/source.mp3", (), StoredSource(FARM, f"recordings/{SHA}/source.mp3")),
        ("inbox/a b/talk 'one'.mp3", (), StoredSource(FARM, "inbox/a b/talk 'one'.mp3")),
        ("s3://whisper-farm/inbox/x.mp3", (), StoredSource(FARM, "inbox/x.mp3")),
        ("s3://media/talks/x.mp3", ("media/talks",), StoredSource("media", "talks/x.mp3")),
        ("s3://media/talks/x.mp3", ("media/talks/",), StoredSource("media", "talks/x.mp3")),
        ("s3://media/x.mp3", ("media",), StoredSource("media", "x.mp3")),
        ("uploads/x.mp3", ("whisper-farm/uploads",), StoredSource(FARM, "uploads/x.mp3")),
        ("https://example.org/x.mp3?a=b", (), WebSource("https://example.org/x.mp3?a=b")),
        ("HTTPS://example.org/x", (), WebSource("HTTPS://example.org/x")),
    ],
)
def test_a_source_inside_is_found(
    source: str, allowed: tuple[str, ...], found: StoredSource | WebSource
) -> None:
    assert parse_source(source, own_bucket=FARM, allowed=allowed) == found


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("results/x.json", ()),
        ("recordings", ()),
        ("inboxes/x.mp3", ()),
        ("s3://whisper-farm/jobs/x/request.json", ()),
        ("s3://other/recordings/x.mp3", ()),
        ("s3://media/talks-private/x.mp3", ("media/talks",)),
        ("s3://media/talks", ("media/talks",)),
        ("s3://mediax/talks/x.mp3", ("media/talks",)),
        ("s3://media/talks/../secret.mp3", ("media/talks",)),
        ("recordings/../results/x", ()),
        ("/home/me/talk.mp3", ()),
        ("./talk.mp3", ()),
        ("C:\\talk.mp3", ()),
        ("recordings/", ()),
        ("s3://", ()),
        ("s3://whisper-farm", ()),
        ("http://example.org/x.mp3", ()),
        ("file:///etc/passwd", ()),
        ("ftp://example.org/x.mp3", ()),
        ("concat:recordings/a.mp3", ()),
        ("data:audio/mp3;base64,AAAA", ()),
    ],
)
def test_a_source_outside_is_refused_in_one_sentence(source: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(SourceRefused, match=r"^[^\n]*\.$") as refused:
        parse_source(source, own_bucket=FARM, allowed=allowed)

    if not source.startswith("http:"):
        assert "s3://whisper-farm/recordings/" in str(refused.value)


def test_a_query_with_a_secret_is_not_repeated() -> None:
    with pytest.raises(SourceRefused) as refused:
        parse_source("http://example.org/x?token=secret", own_bucket=FARM, allowed=())
    assert "secret" not in str(refused.value)
