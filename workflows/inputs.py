"""What a workflow was started with, before anybody has made sense of it."""

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from whisper_farm.errors import BadRequest

#: Stands for the input of a workflow that was started without one.
NO_INPUT = RawValue(Payload(metadata={"encoding": b"binary/null"}))

_NULL, _JSON = b"binary/null", b"json/plain"


def json_of(raw: RawValue) -> bytes:
    """The input's JSON text.

    Raises:
        BadRequest: it is something else.
    """
    encoding = raw.payload.metadata.get("encoding", b"")
    if encoding == _NULL:
        return b"null"
    if encoding != _JSON:
        raise BadRequest(
            f"The input is of the encoding '{encoding.decode(errors='replace')[:60]}'; give JSON, as"
            ' {"source": "s3://whisper-farm/recordings/episode.mp3"}.'
        )
    return raw.payload.data
