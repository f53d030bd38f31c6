"""Opening untrusted media with PyAV: under the whitelist, nameless, quietly, and with one kind of error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import av
import av.error
import av.logging
from av.container import InputContainer

from whisper_farm.audio.formats import FORMAT_WHITELIST
from whisper_farm.audio.sealed import Sealed
from whisper_farm.errors import RecordingUnusable


@contextmanager
def open_media(source: Sealed, *, only: str | None = None) -> Iterator[InputContainer]:
    """PyAV's container over `source`, under the whitelist. `only` forces one of its formats."""
    av.logging.set_level(None)  # libav's own chatter belongs on nobody's stderr
    container = av.open(
        cast(BinaryIO, source),
        mode="r",
        format=only,
        options={"format_whitelist": FORMAT_WHITELIST, "protocol_whitelist": "none"},
        metadata_errors="replace",
    )
    try:
        yield container
    finally:
        container.close()


#: What PyAV raises over damaged media. None of the farm's errors, and no cancellation, is among them.
MEDIA_ERRORS = (
    av.error.FFmpegError, EOFError, LookupError, ValueError, ArithmeticError, RuntimeError, TypeError,
)  # fmt: skip


@contextmanager
def media_errors(subject: str) -> Iterator[None]:
    """Turns what libav raises over damaged media into `RecordingUnusable`; lets the farm's errors pass."""
    try:
        yield
    except (av.error.ArgumentError, av.error.InvalidDataError):
        raise RecordingUnusable(
            f"{subject} is not audio or video in a format that the farm reads; convert it to one as mp3,"
            " flac, m4a or wav."
        ) from None
    except MEDIA_ERRORS as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        why = f"{subject} can't be read ({said}); is the file whole?"
        raise RecordingUnusable(why) from None
