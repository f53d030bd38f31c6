"""Which ffmpeg decodes: the one that was named, else the one on PATH, else the one imageio-ffmpeg carries."""

import os
import shutil
from pathlib import Path

from whisper_farm.errors import ServerMissing

_MEND = "Install ffmpeg, or set WHISPER_FARM_FFMPEG to its path."


def ffmpeg_path() -> str:
    """The path of the ffmpeg program.

    Raises:
        ServerMissing: there is none, or `WHISPER_FARM_FFMPEG` names no program.
    """
    if named := os.environ.get("WHISPER_FARM_FFMPEG"):
        found = shutil.which(named)
        if found is None:
            raise ServerMissing("ffmpeg", f"WHISPER_FARM_FFMPEG is {named!r}, which is no program", _MEND)
        return str(Path(found).resolve())
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise ServerMissing(
            "ffmpeg", "it is neither on PATH nor in the imageio-ffmpeg package", _MEND
        ) from None
