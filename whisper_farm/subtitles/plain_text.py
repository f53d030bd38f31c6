"""Plain text for reading: paragraphs at long pauses, and each gap told in its place."""

from collections.abc import Iterator, Sequence

from whisper_farm.models import Gap, Segment, Transcript
from whisper_farm.subtitles.clock import interval
from whisper_farm.subtitles.units import one_line

PAUSE_SECONDS = 2.0  #: a longer silence begins a paragraph
LONG_PARAGRAPH_CHARS = 900  #: one that has grown so long ends with its sentence


def write_text(transcript: Transcript, *, paragraph_times: bool = False) -> str:
    """The transcript as paragraphs with a blank line between them. One without words is an empty file.

    With `paragraph_times` each begins with the time of its first word, as `[00:12:03]`.
    """
    gaps = sorted(transcript.gaps, key=lambda gap: gap.start)
    blocks = _blocks(transcript.segments, gaps, paragraph_times=paragraph_times)
    return "\n".join(f"{block}\n" for block in blocks)


def _blocks(segments: Sequence[Segment], gaps: list[Gap], *, paragraph_times: bool) -> Iterator[str]:
    paragraph: list[str] = []
    before: Segment | None = None
    waiting = list(reversed(gaps))
    for segment in segments:
        told = []
        while waiting and waiting[-1].start <= segment.start:
            told.append(_told(waiting.pop()))
        if before is not None and (told or _parts(before, segment, paragraph)):
            yield " ".join(paragraph)
            paragraph = []
        yield from told
        if text := one_line(segment.text):
            if paragraph_times and not paragraph:
                paragraph.append(f"[{_time(segment.start)}]")
            paragraph.append(text)
            before = segment
    if paragraph:
        yield " ".join(paragraph)
    yield from (_told(gap) for gap in reversed(waiting))


def _parts(before: Segment, after: Segment, paragraph: Sequence[str]) -> bool:
    return (
        after.start - before.end >= PAUSE_SECONDS
        or sum(len(text) + 1 for text in paragraph) >= LONG_PARAGRAPH_CHARS
    )


def _time(seconds: float) -> str:
    """`00:12:03`: the second that a player shows at that time."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _told(gap: Gap) -> str:
    return one_line(f"[no transcript from {interval(gap.start, gap.end)}: {gap.reason}]")
