"""The audit: whether what was spoken stands in the transcript. Pure, by exact samples.

Speech is what voice activity detection found, chunk by chunk; words are those of the merged transcript.
Speech that no word covers for longer than `LONGEST_UNCOVERED_SECONDS` becomes a gap unless it lies in one
already, so that each stretch of speech that long has words or lies in a gap: by construction, and not
because every guard before did its work.

Laws, held by tests: what is covered is part of what was spoken; shifting the recording shifts the audit;
it does not matter where the chunks were cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from whisper_farm.intervals import Interval, length, union, within, without
from whisper_farm.merging.placing import samples
from whisper_farm.models import (
    SAMPLE_RATE_HZ,
    Audit,
    AuditGap,
    Chunk,
    ChunkTranscript,
    Dropped,
    Gap,
    Rerun,
    Segment,
)
from whisper_farm.subtitles.clock import milliseconds
from whisper_farm.verdict import joined_gaps

Told = TypeVar("Told", Rerun, Dropped)

#: A longer stretch of speech without words is a gap: the bound of the farm's own promise. A sentence of
#: three or four words takes as long; a cough, a breath or a laugh does not.
LONGEST_UNCOVERED_SECONDS = 1.5

#: Voice activity detection ends a stretch at each short pause. Pieces that lie no further apart than a
#: transcript's segment bridges (`merging.segmenting.PAUSE`) were spoken in one breath and are lost together.
BRIDGED_PAUSE_SECONDS = 1.0

#: Times from cross-attention are exact to 0.2 to 0.3 s (what WhisperX and whisper-timestamped report of
#: Whisper's, and why aligners are built at all), and a stretch's edges to a frame or two of the detector.
WORD_MARGIN_SECONDS = 0.3

#: Where words are lost, the last one before them is stretched over the loss, so no word covers more than
#: this from its start on. Whisper's own bound for a word: twice a median length, which it caps at 0.7 s.
LONGEST_WORD_SECONDS = 1.4

#: Words that begin and end further than this from any speech stand over silence: the time that detectors
#: commonly add on either side of a stretch (faster-whisper pads Silero's by 0.4 s), and a bit.
BESIDE_SPEECH_SECONDS = 0.5

#: The reason that stands in gaps which the audit found.
NO_WORDS = "somebody speaks here and no words were found"


@dataclass(frozen=True, slots=True)
class ChunkFindings:
    """What the audit keeps of one chunk's result, in recording time: little, beside the result itself."""

    speech: tuple[Interval, ...]  #: in samples, inside the chunk and not in its margins
    reruns: tuple[Rerun, ...] = ()
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit came to."""

    gaps: tuple[Gap, ...]  #: all of the transcript in order: those that were known, and those that it found
    audit: Audit


def findings_of(chunk: Chunk, heard: ChunkTranscript) -> ChunkFindings:
    """Of the chunk's own `[start, end)`: what lies in its margins is its neighbours' to tell."""
    first = chunk.start - chunk.margin_before
    spoken = union((first + samples(start), first + samples(end)) for start, end in _spoken(heard))
    return ChunkFindings(
        speech=tuple(within(spoken, (chunk.start, chunk.end))),
        reruns=_own(chunk, heard.reruns),
        dropped=_own(chunk, heard.dropped),
    )


def audit_speech(
    findings: Sequence[ChunkFindings], segments: Sequence[Segment], gaps: Iterable[Gap]
) -> Audited:
    """Hold the merged words against the speech of all chunks. `gaps` are those that are known already."""
    known = tuple(gaps)
    speech = union(stretch for each in findings for stretch in each.speech)
    covered = union(_cover(start, end) for start, end in _spans(segments))
    uncovered = without(speech, covered)
    found = without(_lost(uncovered, covered), union((samples(gap.start), samples(gap.end)) for gap in known))
    all_gaps = joined_gaps([*known, *(_gap(*span) for span in found)])
    return Audited(
        gaps=all_gaps,
        audit=Audit(
            speech_seconds=_seconds(length(speech)),
            covered_seconds=_seconds(length(speech) - length(uncovered)),
            words_outside_speech=_count_outside(segments, speech),
            gaps=tuple(
                AuditGap(start=_told(gap.start), end=_told(gap.end), reason=gap.reason) for gap in all_gaps
            ),
            reruns=_in_order(told for each in findings for told in each.reruns),
            dropped=_in_order(told for each in findings for told in each.dropped),
        ),
    )


def _spoken(heard: ChunkTranscript) -> list[tuple[float, float]]:
    """The chunk's stretches of speech, in its own time.

    A result that counts speech and does not say where it was is of a version before the audit. Where it has
    words is all that is known of it then.
    """
    if heard.speech or not heard.speech_seconds:
        return [(stretch.start, stretch.end) for stretch in heard.speech]
    return [(said.start, said.end) for segment in heard.segments for said in (segment.words or (segment,))]


def _own(chunk: Chunk, told: Iterable[Told]) -> tuple[Told, ...]:
    """Those whose middle lies in the chunk and not in its margins, in recording time."""
    first, own = chunk.start - chunk.margin_before, []
    for each in told:
        start, end = first + samples(each.start), first + samples(each.end)
        if chunk.start <= (start + end) / 2 < chunk.end:
            own.append(each.model_copy(update={"start": _seconds(start), "end": _seconds(end)}))
    return tuple(own)


def _spans(segments: Iterable[Segment]) -> Iterable[Interval]:
    """Of each word; a segment without words stands for itself, because nothing is known of its inside."""
    for segment in segments:
        if not segment.words:
            yield samples(segment.start), samples(segment.end)
        for word in segment.words:
            start = samples(word.start)
            yield start, min(samples(word.end), start + samples(LONGEST_WORD_SECONDS))


def _cover(start: int, end: int) -> Interval:
    margin = samples(WORD_MARGIN_SECONDS)
    return start - margin, end + margin


def _lost(uncovered: Sequence[Interval], covered: Sequence[Interval]) -> list[Interval]:
    """From the first to the last uncovered piece of each run that holds more speech than the bound.

    The pieces of a run have only short pauses between them, and no word.
    """
    ends = [end for _, end in covered]
    runs: list[tuple[int, list[Interval]]] = []  # with how many covered intervals lie before
    for piece in uncovered:
        before = bisect_right(ends, piece[0])
        if runs and runs[-1][0] == before and piece[0] - runs[-1][1][-1][1] <= samples(BRIDGED_PAUSE_SECONDS):
            runs[-1][1].append(piece)
        else:
            runs.append((before, [piece]))
    bound = samples(LONGEST_UNCOVERED_SECONDS)
    return [(pieces[0][0], pieces[-1][1]) for _, pieces in runs if length(pieces) > bound]


def _gap(start: int, end: int) -> Gap:
    return Gap(start=start / SAMPLE_RATE_HZ, end=end / SAMPLE_RATE_HZ, reason=NO_WORDS, fault="model")


def _count_outside(segments: Iterable[Segment], speech: Sequence[Interval]) -> int:
    """The words of which no part lies in speech or close beside it."""
    beside = samples(BESIDE_SPEECH_SECONDS)
    ends = [end + beside for _, end in speech]
    count = 0
    for segment in segments:
        for said in segment.words or (segment,):
            at = bisect_left(ends, samples(said.start))
            if at == len(ends) or speech[at][0] - beside > samples(said.end):
                count += 1 if segment.words else len(segment.text.split())
    return count


def _in_order(told: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=lambda each: (each.start, each.end)))


def _seconds(count: int) -> float:
    return _told(count / SAMPLE_RATE_HZ)


def _told(seconds: float) -> float:
    """In whole milliseconds, rounded as all other times of a transcript's JSON are."""
    return milliseconds(seconds) / 1000
