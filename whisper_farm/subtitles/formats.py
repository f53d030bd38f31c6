"""The formats a transcript is written in. What stands here is a file extension, too."""

from collections.abc import Callable, Mapping

from whisper_farm.errors import BadRequest
from whisper_farm.models import Transcript
from whisper_farm.subtitles.plain_text import write_text
from whisper_farm.subtitles.srt import write_srt
from whisper_farm.subtitles.transcript_json import write_json
from whisper_farm.subtitles.tsv import write_tsv
from whisper_farm.subtitles.vtt import write_vtt

WRITERS: Mapping[str, Callable[[Transcript], str]] = {
    "json": write_json,
    "srt": write_srt,
    "vtt": write_vtt,
    "txt": write_text,
    "tsv": write_tsv,
}


def write(transcript: Transcript, extension: str) -> str:
    """The transcript in the format of that file extension.

    Raises:
        BadRequest: no such format.
    """
    writer = WRITERS.get(extension)
    if writer is None:
        raise BadRequest(f"There is no format '{extension}'; take one of {', '.join(WRITERS)}.")
    return writer(transcript)
