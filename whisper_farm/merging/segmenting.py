"""From the engine's windows to segments that people can read.

An engine hears up to 30 s as one window, whose edges are its own and not the speaker's. So segments
are made anew from the words: they end where sentences end, at pauses, and before they get too long,
wherever the recording was cut.
"""

from collections.abc import Iterator, Sequence

from whisper_farm.breaks import ends_sentence, may_part, parted, width
from whisper_farm.merging.placing import Placed, samples
from whisper_farm.models import SAMPLE_RATE_HZ, Segment, Word

PAUSE = samples(1.0)  #: a longer silence ends a segment
LONGEST_SEGMENT = samples(20.0)
WIDEST_SEGMENT = 240  #: columns: about three full subtitles


def segments_of(words: Sequence[Placed]) -> tuple[Segment, ...]:
    """The words as segments in order, numbered from 0. Each word is in exactly one of them."""
    runs = (
        part for sentence in _sentences(words) for part in parted(sentence, _fits, per_second=SAMPLE_RATE_HZ)
    )
    return tuple(_segment(number, run) for number, run in enumerate(runs))


def text_of(segments: Sequence[Segment]) -> str:
    """The transcript's text: its segments' text joined by single spaces."""
    return " ".join(segment.text for segment in segments)


def _sentences(words: Sequence[Placed]) -> Iterator[Sequence[Placed]]:
    begin = 0
    for index in range(1, len(words)):
        if _parts(words[index - 1], words[index]):
            yield words[begin:index]
            begin = index
    if words:
        yield words[begin:]


def _parts(before: Placed, after: Placed) -> bool:
    """Whether one segment ends and another begins between these words."""
    if before.probability is None or after.probability is None or after.start - before.end > PAUSE:
        return True
    is_open = may_part(before.text, after.text)
    return (ends_sentence(before.text) and is_open) or (after.opens and not is_open)


def _fits(run: Sequence[Placed]) -> bool:
    return (
        run[-1].end - run[0].start <= LONGEST_SEGMENT
        and sum(width(word.text) for word in run) <= WIDEST_SEGMENT
    )


def _segment(number: int, run: Sequence[Placed]) -> Segment:
    words = tuple(
        Word(start=_seconds(word.start), end=_seconds(word.end), word=word.text, probability=word.probability)
        for word in run
        if word.probability is not None
    )
    return Segment(
        id=number,
        start=_seconds(run[0].start),
        end=_seconds(max(word.end for word in run)),
        text="".join(word.text for word in run).strip(),
        words=words,
    )


def _seconds(at: int) -> float:
    return at / SAMPLE_RATE_HZ
