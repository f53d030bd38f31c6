"""What a request's `source` may name, decided before anything is opened.

An object under the prefixes that the farm was given, or an `https://` address. A local path means
nothing here: only the command line reads files, and it uploads them.
"""

import re
from dataclasses import dataclass

from whisper_farm.errors import BadRequest, SourceRefused
from whisper_farm.keys import check_key

#: Prefixes of the farm's own bucket from which any job may read.
OWN_PREFIXES = ("recordings/", "inbox/")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


@dataclass(frozen=True, slots=True)
class StoredSource:
    """An object in a bucket that the farm may read."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class WebSource:
    """An `https://` address, not yet looked at."""

    url: str


def parse_source(source: str, *, own_bucket: str, allowed: tuple[str, ...]) -> StoredSource | WebSource:
    """What `source` names. `allowed` are `bucket/prefix` pairs, as in `IntakeSettings.sources`.

    Raises:
        SourceRefused: it is outside of what the farm was given; the sentence says what is inside.
    """
    scheme = _SCHEME.match(source)
    kind = scheme.group(1).lower() if scheme else ""
    if kind == "https":
        return WebSource(source)
    if kind == "http":
        raise SourceRefused(f"The source '{_short(source)}' is refused: use its https:// address.")
    if kind not in {"", "s3"}:
        raise SourceRefused(
            f"The source '{_short(source)}' is refused: '{kind}' is none of"
            f" {_what_may_be(own_bucket, allowed)}."
        )
    bucket, key = source[5:].partition("/")[::2] if kind else (own_bucket, source)
    try:
        check_key(key)
    except BadRequest:
        raise SourceRefused(
            f"The source '{_short(source)}' is refused: it is none of {_what_may_be(own_bucket, allowed)};"
            " a file on this machine goes through 'whisper-farm transcribe FILE'."
        ) from None
    if not any(bucket == given and key.startswith(prefix) for given, prefix in _given(own_bucket, allowed)):
        raise SourceRefused(
            f"The source '{_short(source)}' is refused: it is outside of {_what_may_be(own_bucket, allowed)};"
            " put it there, or start the farm with its 'bucket/prefix' among WHISPER_FARM_SOURCES, which are"
            " separated by commas."
        )
    return StoredSource(bucket, key)


def _given(own_bucket: str, allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Buckets and the prefixes in them, each empty or closed by a slash: `a/b` does not let `a/bc` in."""
    given = [(own_bucket, prefix) for prefix in OWN_PREFIXES]
    for pair in allowed:
        bucket, _, prefix = pair.strip().removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        given.append((bucket, f"{prefix}/" if prefix else ""))
    return given


def _what_may_be(own_bucket: str, allowed: tuple[str, ...]) -> str:
    places = ", ".join(f"s3://{bucket}/{prefix}" for bucket, prefix in _given(own_bucket, allowed))
    return f"what this farm reads ({places}, https://)"


def _short(source: str) -> str:
    """`source` for a sentence: without a query, which may hold a secret, and not too long."""
    return source.partition("?")[0][:300]
