"""From the engine's segments to the words of a chunk, and back to the segments that are stored. Pure.

In between, words are counted in samples and carry no window: a place that was heard again may lie in two.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from whisper_farm.merging.placing import Placed, samples, sounds
from whisper_farm.models import SAMPLE_RATE_HZ, Dropped, HeardSegment, Word
from whisper_farm.request import Decoding
from worker_gpu.coverage import believable_end
from worker_gpu.guards import Heard, compression_ratio
from worker_gpu.hearing import says_something
from worker_gpu.rehearing import Reading
from worker_gpu.settling import settle
from worker_gpu.standing import Removed
from worker_gpu.windows import Window


def reading_of(window: Window, segment: HeardSegment) -> Reading:
    """What was heard in the window, as the guards read it. What stands in for silence has no words."""
    return Reading(
        _words_of(segment) if says_something(segment) else (),
        Heard(
            start=window.start,
            end=window.end,
            avg_logprob=segment.avg_logprob,
            no_speech_prob=segment.no_speech_prob,
            temperature=segment.temperature,
        ),
    )


def joined(windows: Sequence[Window], heard: Sequence[Sequence[Placed]]) -> list[Placed]:
    """All words in order; those around a seam, which both windows heard, once."""
    done: list[Placed] = []
    waiting: list[Placed] = []
    for window, words in zip(windows, heard, strict=True):
        here = list(words)
        if window.seam is not None:
            waiting, here = settle(waiting, here, window.seam)
        done += waiting
        waiting = here
    return done + waiting


def segments_of(
    words: Sequence[Placed], windows: Sequence[Heard], borders: Sequence[int]
) -> tuple[HeardSegment, ...]:
    """The words as one segment for each window in which there are any; their starts never decrease.

    `borders`: see `windows.borders`.
    """
    shares: list[list[Placed]] = [[] for _ in windows]
    window = start = 0
    for word in words:
        window = max(window, bisect_right(borders, word.doubled_middle // 2))
        start = max(start, word.start)
        shares[window].append(replace(word, start=start, end=max(start, word.end)))
    return tuple(_segment(share, heard) for share, heard in zip(shares, windows, strict=True) if share)


def known_prompt(decoding: Decoding) -> tuple[str, ...]:
    """The words that each window is told, as the guards compare them."""
    told = f"{decoding.hotwords} {decoding.initial_prompt}".split()
    return tuple(sounds(Placed(0, 0, word, None)) for word in told)


def told_dropped(removed: Removed) -> Dropped:
    """What was taken out, for people."""
    return Dropped(
        start=_seconds(min(word.start for word in removed.words)),
        end=_seconds(max(word.end for word in removed.words)),
        text=_text(removed.words),
        reason=removed.reason,
    )


def _words_of(segment: HeardSegment) -> tuple[Placed, ...]:
    pieces: list[tuple[float, float, str, float | None]] = [
        (word.start, word.end, word.word, word.probability) for word in segment.words
    ]
    if not pieces:  # a text that could not be aligned: one piece without a probability
        pieces = [(segment.start, segment.end, segment.text, None)]
    placed = [
        Placed(samples(start), samples(end), text, probability)
        for start, end, text, probability in pieces
        if text.strip()
    ]
    # A word stretched over what was lost after it would hide the loss from the guards, and from the audit.
    return tuple(replace(word, end=believable_end(word)) for word in placed)


def _segment(words: Sequence[Placed], window: Heard) -> HeardSegment:
    text = _text(words)
    return HeardSegment(
        start=_seconds(words[0].start),
        end=_seconds(max(word.end for word in words)),
        text=text,
        words=tuple(
            Word(
                start=_seconds(word.start),
                end=_seconds(word.end),
                word=word.text,
                probability=word.probability,
            )
            for word in words
            if word.probability is not None
        ),
        avg_logprob=window.avg_logprob,
        compression_ratio=compression_ratio(text),
        no_speech_prob=window.no_speech_prob,
        temperature=window.temperature,
    )


def _text(words: Sequence[Placed]) -> str:
    return "".join(word.text for word in words).strip()


def _seconds(at: int) -> float:
    return round(at / SAMPLE_RATE_HZ, 3)
