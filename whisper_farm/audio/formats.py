"""What the farm reads: which demuxers untrusted media may choose, and what follows from a format.

A text file that says `ffconcat version 1.0` makes ffmpeg open the files it names, whatever its own
name is. So every reader here, ffmpeg and PyAV alike, is given this whitelist, and nothing decides by
a file's name.
"""

import re
from pathlib import PurePath

#: Demuxers of plain media. None of them opens another file.
FORMATS = (
    "wav", "mp3", "flac", "ogg", "mov", "matroska", "aac",
    "asf", "avi", "aiff", "amr", "caf", "w64", "mpegts",
)  # fmt: skip
FORMAT_WHITELIST = ",".join(FORMATS)

#: Formats without an index whose decoder finds its footing wherever it starts reading.
SELF_SYNCING = frozenset({"mp3", "aac", "mpegts"})

#: Formats whose length libavformat only estimates from a bit rate. MP3 is told apart in `probe`.
GUESSED_LENGTH = frozenset({"aac", "amr"})

_EXTENSION = re.compile(r"[a-z0-9]{1,8}")


def key_extension(name: str) -> str:
    """The extension of `name` as it may stand in an object key, without its dot; `bin` where it has none."""
    extension = PurePath(name).suffix.removeprefix(".").lower()
    return extension if _EXTENSION.fullmatch(extension) else "bin"


def format_name(container: str) -> str:
    """The whitelist's word for a demuxer's name: `mov` for `mov,mp4,m4a,3gp,3g2,mj2`."""
    return container.split(",", 1)[0]


def shown(name: str) -> str:
    """`name` as it stands in a sentence: quoted, of one line, and not too long."""
    return repr(name if len(name) <= 200 else f"{name[:100]}...{name[-97:]}")
