"""The formats a transcript is written in. What stands here is a file extension, too."""

from functools import cached_property
from typing import Literal, get_args

from whisper_farm.errors import BadRequest
from whisper_farm.models import Transcript
from whisper_farm.subtitles.cues import Cue, cues_of, report_of, spoken_language
from whisper_farm.subtitles.lrc import write_lrc
from whisper_farm.subtitles.options import SubtitleOptions, style_of
from whisper_farm.subtitles.plain_text import write_text
from whisper_farm.subtitles.srt import write_srt
from whisper_farm.subtitles.transcript_json import write_json
from whisper_farm.subtitles.tsv import write_tsv
from whisper_farm.subtitles.verbose_json import write_verbose_json
from whisper_farm.subtitles.vtt import write_vtt

Stored = Literal["json", "srt", "vtt", "txt", "tsv"]
Derived = Literal["lrc", "verbose.json"]

#: What is written for every transcript, and kept with it.
STORED_FORMATS: tuple[Stored, ...] = get_args(Stored)

#: All that can be had; the others are made from the stored JSON when somebody asks for them.
FORMATS: tuple[Stored | Derived, ...] = (*STORED_FORMATS, *get_args(Derived))


#: Those that look the same under all options.
_UNSTYLED = frozenset({"tsv", "verbose.json"})


class Rendering:
    """One transcript in one style: its cues are made once for all formats.

    Without options it is the style that the transcript says it was written in, else the default one.
    `word_timestamps` says whether the JSON tells the time of each word; subtitles are made from them anyhow.
    """

    def __init__(
        self, transcript: Transcript, options: SubtitleOptions | None = None, *, word_timestamps: bool = True
    ) -> None:
        self._said = transcript
        self._word_timestamps = word_timestamps
        report = transcript.subtitles
        if options is None and report is not None:
            self.style = report.style
        else:
            self.style = style_of(options or SubtitleOptions(), spoken_language(transcript))

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """The subtitles."""
        return cues_of(self._said, self.style.rules)

    @cached_property
    def transcript(self) -> Transcript:
        """The transcript, and in it what its subtitles are written by and could not keep to."""
        return self._said.model_copy(update={"subtitles": report_of(self.cues, self.style)})

    def is_as_stored(self, extension: str) -> bool:
        """Whether the file that is kept with the transcript is the one that `written` would give."""
        report = self._said.subtitles
        is_styled_so = report is not None and report.style == self.style
        return extension in STORED_FORMATS and (is_styled_so or extension in _UNSTYLED)

    def written(self, extension: str) -> str:
        """The transcript in the format of that file extension.

        Raises:
            BadRequest: no such format.
        """
        match extension:
            case "json":
                return write_json(self.transcript, word_timestamps=self._word_timestamps)
            case "srt":
                return write_srt(self.cues)
            case "vtt":
                return write_vtt(self.cues, self._said.gaps, word_times=self.style.word_times)
            case "txt":
                return write_text(self._said, paragraph_times=self.style.paragraph_times)
            case "tsv":
                return write_tsv(self._said)
            case "lrc":
                return write_lrc(self.cues, word_times=self.style.word_times)
            case "verbose.json":
                return write_verbose_json(self._said)
            case _:
                raise BadRequest(f"There is no format '{extension}'; take one of {', '.join(FORMATS)}.")


def write(transcript: Transcript, extension: str, options: SubtitleOptions | None = None) -> str:
    """One format alone. Raises `BadRequest` where there is no such format."""
    return Rendering(transcript, options).written(extension)


def with_subtitle_report(transcript: Transcript, options: SubtitleOptions | None = None) -> Transcript:
    """The transcript, and in it what its subtitles are written by and could not keep to."""
    return Rendering(transcript, options).transcript
