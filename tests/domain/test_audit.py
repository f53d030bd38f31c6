"""What the audit finds, and what must hold whatever was spoken and heard."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.hearing import Said, chunk, heard, spoken_evenly, window
from whisper_farm.audit import (
    LONGEST_UNCOVERED_SECONDS,
    LONGEST_WORD_SECONDS,
    NO_WORDS,
    WORD_MARGIN_SECONDS,
    Audited,
    ChunkFindings,
    audit_speech,
    findings_of,
)
from whisper_farm.intervals import Interval, length, union, within, without
from whisper_farm.merging.placing import samples
from whisper_farm.models import (
    SAMPLE_RATE_HZ,
    AuditGap,
    Chunk,
    ChunkTranscript,
    Dropped,
    Gap,
    Rerun,
    Segment,
    Stretch,
    Word,
)
from whisper_farm.subtitles.clock import milliseconds


def speech(*spans: tuple[float, float]) -> ChunkFindings:
    """Somebody speaks in these seconds of the recording."""
    return ChunkFindings(tuple(union((samples(start), samples(end)) for start, end in spans)))


def said(*words: Said) -> list[Segment]:
    """A transcript of one segment with these words; of none, where there are none."""
    made = tuple(Word(start=start, end=end, word=word, probability=0.9) for word, start, end in words)
    if not made:
        return []
    text = "".join(word.word for word in made).strip()
    return [Segment(id=0, start=made[0].start, end=max(word.end for word in made), text=text, words=made)]


def spans(gaps: Sequence[Gap | AuditGap]) -> list[tuple[float, float]]:
    return [(gap.start, gap.end) for gap in gaps]


def with_speech(of: ChunkTranscript, *spans: tuple[float, float]) -> ChunkTranscript:
    stretches = tuple(Stretch(start=start, end=end) for start, end in spans)
    return of.model_copy(update={"speech": stretches, "speech_seconds": sum(e - s for s, e in spans)})


# ---- what it finds ---------------------------------------------------------------------------------


def test_speech_with_words_throughout_is_covered_and_has_no_gap() -> None:
    found = audit_speech([speech((0.0, 8.0))], said(*spoken_evenly("and so it goes " * 5, step=0.4)), [])

    assert found.gaps == ()
    assert (found.audit.speech_seconds, found.audit.covered_seconds) == (8.0, 8.0)
    assert found.audit.words_outside_speech == 0


def test_a_sentence_without_words_is_a_gap_that_is_the_models() -> None:
    found = audit_speech(
        [speech((0.0, 10.0))], said((" one", 0.0, 0.4), (" two", 6.0, 6.4), (" three", 9.0, 9.8)), []
    )

    assert [gap.fault for gap in found.gaps] == ["model", "model"]
    assert spans(found.gaps) == [(0.7, 5.7), (6.7, 8.7)]
    assert spans(found.audit.gaps) == [(0.7, 5.7), (6.7, 8.7)]
    assert {gap.reason for gap in found.audit.gaps} == {NO_WORDS}
    assert found.audit.covered_seconds == 3.0


def test_a_word_that_is_stretched_over_a_loss_does_not_hide_it() -> None:
    found = audit_speech([speech((0.0, 8.0))], said((" one", 0.0, 5.0), (" two", 5.0, 8.0)), [])

    assert spans(found.gaps) == [(1.7, 4.7)]


def test_a_short_stretch_without_words_is_uncovered_and_no_gap() -> None:
    found = audit_speech([speech((0.0, 1.0), (20.0, 21.4))], said((" one", 0.1, 0.9)), [])

    assert found.gaps == ()
    assert (found.audit.speech_seconds, found.audit.covered_seconds) == (2.4, 1.0)


def test_short_pieces_of_one_breath_are_lost_together() -> None:
    """A detector that splits at each short pause must not hide ten seconds of lost speech."""
    pieces = [(0.9 * n, 0.9 * n + 0.7) for n in range(11)]

    assert spans(audit_speech([speech(*pieces)], [], []).gaps) == [(0.0, 9.7)]


def test_pieces_with_a_word_or_a_silence_between_them_are_not_lost_together() -> None:
    apart = [(0.0, 1.2), (4.0, 5.2)]
    assert audit_speech([speech(*apart)], [], []).gaps == ()

    parted_by_a_word = [(0.0, 1.2), (1.3, 2.3), (2.4, 3.6)]
    assert audit_speech([speech(*parted_by_a_word)], said((" word", 1.5, 2.0)), []).gaps == ()


def test_speech_in_a_gap_that_is_known_is_not_told_twice() -> None:
    lost = Gap(start=5.0, end=9.0, reason="the recording is damaged", fault="recording")

    found = audit_speech([speech((4.0, 12.0))], [], [lost])

    assert [(gap.start, gap.end, gap.fault) for gap in found.gaps] == [
        (4.0, 5.0, "model"),
        (5.0, 9.0, "recording"),
        (9.0, 12.0, "model"),
    ]
    assert [gap.reason for gap in found.audit.gaps] == [NO_WORDS, "the recording is damaged", NO_WORDS]


def test_words_over_silence_are_counted() -> None:
    words = said(
        (" here", 9.9, 10.2), (" near", 12.4, 12.8), (" Thanks", 20.0, 20.5), (" watching", 20.5, 21.0)
    )

    assert audit_speech([speech((10.0, 12.0))], words, []).audit.words_outside_speech == 2


def test_a_segment_without_word_times_covers_what_it_spans() -> None:
    whole = Segment(id=0, start=1.0, end=9.0, text="not aligned", words=())

    found = audit_speech([speech((0.8, 9.2))], [whole], [])

    assert found.gaps == ()
    assert found.audit.covered_seconds == pytest.approx(8.4)
    assert audit_speech([speech((20.0, 21.0))], [whole], []).audit.words_outside_speech == 2


def test_a_recording_in_which_nobody_speaks_has_an_empty_audit() -> None:
    found = audit_speech([speech()], [], [])

    assert found.gaps == ()
    assert (found.audit.speech_seconds, found.audit.covered_seconds, found.audit.gaps) == (0.0, 0.0, ())


# ---- chunks and their margins ------------------------------------------------------------------------


def test_what_lies_in_a_margin_counts_once() -> None:
    left, right = chunk(0, 0, 10, after=2), chunk(1, 10, 20, before=2)
    heard_left = with_speech(heard(left), (7.0, 12.0))
    heard_right = with_speech(heard(right), (0.0, 4.5))  # from 8 s of the recording on

    found = audit_speech([findings_of(left, heard_left), findings_of(right, heard_right)], [], [])

    assert found.audit.speech_seconds == 5.5
    assert spans(found.gaps) == [(7.0, 12.5)]


def test_what_lies_in_a_margin_is_for_the_chunk_whose_it_is_to_say() -> None:
    left, right = chunk(0, 0, 10, after=2), chunk(1, 10, 20, before=2)
    heard_left = with_speech(heard(left), (1.0, 3.0), (10.2, 12.0))
    heard_right = with_speech(heard(right), (5.0, 6.0))  # it hears 10 to 12 s as well, and nobody there

    found = audit_speech([findings_of(left, heard_left), findings_of(right, heard_right)], [], [])

    assert found.audit.speech_seconds == 3.0
    assert spans(found.gaps) == [(1.0, 3.0)]


def test_reruns_and_dropped_words_are_told_in_the_recordings_time_by_one_chunk() -> None:
    left, right = chunk(0, 0, 10, after=2), chunk(1, 10, 20, before=2)
    rerun = Rerun(start=9.0, end=11.5, reason="a loop", how="other windows", kept=True)
    again = rerun.model_copy(update={"start": 1.0, "end": 3.5})  # the same place, as the right chunk counts
    dropped = Dropped(start=7.0, end=8.0, text="Thank you.", reason="text over silence")

    found = audit_speech(
        [
            findings_of(left, heard(left).model_copy(update={"reruns": (rerun,)})),
            findings_of(right, heard(right).model_copy(update={"reruns": (again,), "dropped": (dropped,)})),
        ],
        [],
        [],
    )

    assert [(each.start, each.end, each.how) for each in found.audit.reruns] == [(9.0, 11.5, "other windows")]
    assert [(each.start, each.end) for each in found.audit.dropped] == [(15.0, 16.0)]


def test_a_result_that_does_not_say_where_speech_was_is_known_by_its_words() -> None:
    here = chunk(0, 0, 30)
    old = heard(here, window((" one", 2.0, 2.5), (" two", 9.0, 9.5)))
    assert (old.speech, old.speech_seconds) == ((), 15.0)

    found = audit_speech([findings_of(here, old)], said((" one", 2.0, 2.5), (" two", 9.0, 9.5)), [])

    assert found.gaps == ()
    assert (found.audit.speech_seconds, found.audit.words_outside_speech) == (1.0, 0)


# ---- laws --------------------------------------------------------------------------------------------

_MS = SAMPLE_RATE_HZ // 1000
_moments = st.integers(0, 60_000)  # milliseconds


@st.composite
def _stretches(draw: st.DrawFn) -> list[tuple[float, float]]:
    edges = sorted(draw(st.lists(_moments, max_size=30, unique=True)))
    return [(start / 1000, end / 1000) for start, end in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def _words(draw: st.DrawFn) -> list[Said]:
    starts = sorted(draw(st.lists(_moments, max_size=40)))
    lasting = st.integers(0, 6_000)
    return [(" word", start / 1000, (start + draw(lasting)) / 1000) for start in starts]


@st.composite
def _gaps(draw: st.DrawFn) -> list[Gap]:
    known = draw(_stretches())[:3]
    return [Gap(start=start, end=end, reason="it failed", fault="farm") for start, end in known]


def _cover(words: Sequence[Said]) -> list[Interval]:
    return union(
        (
            samples(start - WORD_MARGIN_SECONDS),
            samples(min(end, start + LONGEST_WORD_SECONDS) + WORD_MARGIN_SECONDS),
        )
        for _, start, end in words
    )


def _as_intervals(gaps: Sequence[Gap]) -> list[Interval]:
    return union((samples(gap.start), samples(gap.end)) for gap in gaps)


@given(spoken=_stretches(), words=_words(), known=_gaps())
def test_each_stretch_of_speech_longer_than_the_bound_has_words_or_lies_in_a_gap(
    spoken: list[tuple[float, float]], words: list[Said], known: list[Gap]
) -> None:
    found = audit_speech([speech(*spoken)], said(*words), known)

    silent = without(speech(*spoken).speech, _cover(words))
    bound = samples(LONGEST_UNCOVERED_SECONDS)
    long_and_silent = [stretch for stretch in silent if stretch[1] - stretch[0] > bound]
    assert without(long_and_silent, _as_intervals(found.gaps)) == []


@given(spoken=_stretches(), words=_words(), known=_gaps())
def test_gaps_of_the_audit_hold_speech_and_no_words_and_touch_no_other_gap(
    spoken: list[tuple[float, float]], words: list[Said], known: list[Gap]
) -> None:
    found = audit_speech([speech(*spoken)], said(*words), known)

    own = [gap for gap in found.gaps if gap.fault == "model"]
    assert length(_as_intervals(own)) == sum(samples(gap.end) - samples(gap.start) for gap in own)
    assert without(_as_intervals(own), _cover(words)) == _as_intervals(own)
    assert without(_as_intervals(own), _as_intervals(known)) == _as_intervals(own)
    assert [(each.start, each.end) for each in found.audit.gaps] == [
        (milliseconds(gap.start) / 1000, milliseconds(gap.end) / 1000) for gap in found.gaps
    ]


@given(spoken=_stretches(), words=_words(), known=_gaps())
def test_what_is_covered_is_part_of_what_was_spoken(
    spoken: list[tuple[float, float]], words: list[Said], known: list[Gap]
) -> None:
    told = audit_speech([speech(*spoken)], said(*words), known).audit

    assert 0.0 <= told.covered_seconds <= told.speech_seconds
    assert told.speech_seconds == pytest.approx(sum(end - start for start, end in spoken), abs=0.001)
    if any(gap.reason == NO_WORDS for gap in told.gaps):
        assert told.speech_seconds - told.covered_seconds > LONGEST_UNCOVERED_SECONDS - 0.001


@given(spoken=_stretches(), words=_words(), known=_gaps(), by=st.integers(0, 5_000))
def test_shifting_the_recording_shifts_the_audit(
    spoken: list[tuple[float, float]], words: list[Said], known: list[Gap], by: int
) -> None:
    def moved(at: float) -> float:
        return (samples(at) + by * _MS) / SAMPLE_RATE_HZ

    first = audit_speech([speech(*spoken)], said(*words), known)
    later = audit_speech(
        [speech(*((moved(start), moved(end)) for start, end in spoken))],
        said(*((word, moved(start), moved(end)) for word, start, end in words)),
        [gap.model_copy(update={"start": moved(gap.start), "end": moved(gap.end)}) for gap in known],
    )

    assert spans(later.gaps) == [(moved(gap.start), moved(gap.end)) for gap in first.gaps]
    assert _sums(later) == _sums(first)


def _sums(found: Audited) -> tuple[float, float, int, int]:
    told = found.audit
    return (told.speech_seconds, told.covered_seconds, told.words_outside_speech, len(told.gaps))


@given(
    spoken=_stretches(),
    words=_words(),
    cuts=st.lists(st.integers(1, 59), max_size=6, unique=True),
    margin=st.sampled_from([0.0, 2.0]),
)
def test_it_does_not_matter_where_the_recording_was_cut(
    spoken: list[tuple[float, float]], words: list[Said], cuts: list[int], margin: float
) -> None:
    edges = [0, *sorted(cuts), 60]
    parts = []
    for index, (start, end) in enumerate(pairwise(edges)):
        before = min(margin, start) if index else 0.0
        after = margin if end < 60 else 0.0
        part = chunk(index, start, end, before=before, after=after)
        parts.append(findings_of(part, _heard_in(part, spoken)))

    whole = chunk(0, 0, 60)
    assert audit_speech(parts, said(*words), []) == audit_speech(
        [findings_of(whole, _heard_in(whole, spoken))], said(*words), []
    )


def _heard_in(part: Chunk, spoken: Sequence[tuple[float, float]]) -> ChunkTranscript:
    """What a detector would find in the chunk's stored audio."""
    first = part.start - part.margin_before
    here = within(speech(*spoken).speech, (first, part.end + part.margin_after))
    return with_speech(
        heard(part),
        *(((start - first) / SAMPLE_RATE_HZ, (end - first) / SAMPLE_RATE_HZ) for start, end in here),
    )


@given(one=_stretches(), other=_stretches())
def test_intervals_add_up(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> None:
    mine, others = list(speech(*one).speech), list(speech(*other).speech)

    left = without(mine, others)

    assert union(left) == left
    assert length(union([*left, *others])) == length(union([*mine, *others]))
    assert length(left) + length(others) == length(union([*mine, *others]))
