from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.hearing import Said, chunk, heard, spoken_evenly, window
from whisper_farm.merging.merge import merge
from whisper_farm.merging.segmenting import text_of
from whisper_farm.models import SAMPLE_RATE_HZ, Chunk, ChunkTranscript, Segment, Word

Part = tuple[Chunk, ChunkTranscript | None]


def words_of(segments: tuple[Segment, ...]) -> list[Word]:
    return [word for segment in segments for word in segment.words]


def texts(segments: tuple[Segment, ...]) -> list[str]:
    return [word.word.strip() for word in words_of(segments)]


def test_chunk_time_becomes_recording_time_by_exact_samples() -> None:
    here = chunk(1, 61.2345625, 90, before=2)
    (segment,) = merge([(here, heard(here, window((" hello", 2.5, 2.75))))], duration_seconds=100)
    assert segment.start == (here.start - here.margin_before + 2.5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    assert segment.words[0].word == " hello"
    assert segment.text == "hello"


def test_silent_seams_concatenate() -> None:
    left, right = chunk(0, 0, 10), chunk(1, 10, 20)
    merged = merge(
        [
            (left, heard(left, window(*spoken_evenly("one two three", start=8)))),
            (right, heard(right, window(*spoken_evenly("three four", start=0.1)))),
        ],
        duration_seconds=20,
    )
    assert texts(merged) == ["one", "two", "three", "three", "four"]


def test_a_silent_chunk_adds_no_segment() -> None:
    here = chunk(0, 0, 10)
    assert merge([(here, heard(here))], duration_seconds=10) == ()
    assert merge([], duration_seconds=0) == ()


def test_a_chunk_that_nobody_heard_adds_no_word() -> None:
    left, lost, right = chunk(0, 0, 10), chunk(1, 10, 20), chunk(2, 20, 30)
    merged = merge(
        [
            (left, heard(left, window(*spoken_evenly("before", start=9)))),
            (lost, None),
            (right, heard(right, window(*spoken_evenly("after")))),
        ],
        duration_seconds=30,
    )
    assert [(segment.start, segment.text) for segment in merged] == [(9.0, "before"), (20.0, "after")]


def seam_between(left_said: list[Said], right_said: list[Said], *, unsure: str = "") -> list[str]:
    """What is left of two chunks with a spoken seam at 10 s; all times are the recording's.

    `unsure`: a word that was heard with less probability than the others.
    """
    left, right = chunk(0, 0, 10, after=3), chunk(1, 10, 20, before=3)
    shifted = [(word, round(start - 7, 3), round(end - 7, 3)) for word, start, end in right_said]
    parts = [
        (left, heard(left, window(*left_said, unsure=unsure))),
        (right, heard(right, window(*shifted, unsure=unsure))),
    ]
    return texts(merge(parts, duration_seconds=20))


def test_at_a_spoken_seam_each_side_keeps_its_own_words() -> None:
    both = spoken_evenly("the quick brown fox jumps over the lazy dog", start=8.5)
    assert seam_between(both, both) == ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]


def test_a_word_spoken_across_a_seam_appears_once_when_both_sides_claim_it() -> None:
    left = [(" quick", 9.0, 9.4), (" brown", 9.6, 10.2), (" fox", 10.4, 10.8)]
    right = [(" Quick", 9.1, 9.5), (" brown,", 9.8, 10.4), (" fox", 10.5, 10.9)]
    assert seam_between(left, right) == ["quick", "brown,", "fox"]


def test_a_word_spoken_across_a_seam_appears_once_when_neither_side_claims_it() -> None:
    left = [(" quick", 9.0, 9.4), (" brown", 9.8, 10.4), (" fox", 10.5, 10.9)]
    right = [(" quick", 9.0, 9.4), (" brown", 9.5, 10.1), (" fox", 10.4, 10.8)]
    assert seam_between(left, right) == ["quick", "brown", "fox"]


def test_a_word_that_is_said_twice_at_a_seam_stays_twice() -> None:
    said = [(" no", 9.2, 9.4), (" no", 9.7, 9.9), (" no", 10.2, 10.4), (" never", 10.6, 10.9)]
    assert seam_between(said, said) == ["no", "no", "no", "never"]


def test_words_that_differ_at_a_seam_are_settled_by_time_alone() -> None:
    left = [(" grey", 9.4, 9.8), (" ship", 10.1, 10.5)]
    right = [(" great", 9.4, 9.8), (" sheep", 10.1, 10.5)]
    assert seam_between(left, right) == ["grey", "sheep"]


def test_a_word_that_one_side_lost_is_kept_from_the_other() -> None:
    said = [(" quick", 9.0, 9.3), (" brown", 9.4, 9.8), (" fox", 10.1, 10.4), (" jumps", 10.6, 11.0)]
    whole = ["quick", "brown", "fox", "jumps"]
    assert seam_between(said, [said[0], said[2], said[3]]) == whole
    assert seam_between([said[0], said[2], said[3]], said) == whole
    assert seam_between([said[0], said[1], said[3]], [said[0], said[2], said[3]]) == whole


def test_where_one_side_heard_nothing_the_other_is_believed_to_the_end_of_its_margin() -> None:
    said = spoken_evenly("one two three four five", start=10.2)
    assert seam_between(said, [(" six", 14.0, 14.3)]) == ["one", "two", "three", "four", "five", "six"]
    said = spoken_evenly("one two three four five", start=7.2)
    assert seam_between([(" zero", 6.0, 6.3)], said) == ["zero", "one", "two", "three", "four", "five"]


def test_a_word_torn_at_the_edge_of_one_sides_audio_is_taken_from_the_other() -> None:
    left = [(" over", 12.0, 12.4), (" trans", 12.7, 13.0)]
    right = [(" over", 12.0, 12.4), (" transcript", 12.7, 13.3), (" now", 13.4, 13.6)]
    assert seam_between(left, right) == ["over", "transcript", "now"]
    left = [(" a", 6.2, 6.5), (" beginning", 6.7, 7.3), (" once", 7.5, 7.9)]
    right = [(" In", 7.0, 7.2), (" once", 7.5, 7.9)]
    assert seam_between(left, right) == ["a", "beginning", "once"]


def test_a_word_torn_in_two_at_the_edge_leaves_nothing_behind() -> None:
    left = [(" over", 12.0, 12.4), (" trans", 12.5, 12.8), (" crib", 12.8, 13.0)]
    right = [(" over", 12.0, 12.4), (" transcript", 12.5, 13.1), (" now", 13.4, 13.6)]
    assert seam_between(left, right) == ["over", "transcript", "now"]


def test_a_word_made_up_at_the_edge_of_ones_audio_goes_where_the_other_heard_no_room_for_it() -> None:
    left = [(" over", 12.0, 12.4), (" fox", 12.5, 12.9), (" fox", 12.9, 13.0)]
    right = [(" over", 12.0, 12.4), (" fox", 12.5, 13.0), (" now", 13.4, 13.6)]
    assert seam_between(left, right) == ["over", "fox", "now"]


def test_a_word_spelled_alike_and_timed_half_a_second_off_appears_once() -> None:
    left = [(" quick", 9.0, 9.3), (" grey", 9.4, 9.7), (" fox", 10.6, 10.9)]
    right = [(" quick", 9.0, 9.3), (" gray", 9.8, 10.1), (" fox", 10.6, 10.9)]
    assert seam_between(left, right) == ["quick", "grey", "fox"]


def test_where_two_hearings_contradict_each_other_the_surer_one_counts() -> None:
    for word, start in [("grey", 9.4), ("ship", 10.4)]:
        left = [(" a", 9.0, 9.3), (f" {word}", start, start + 0.4), (" sails", 10.9, 11.3)]
        right = [(" a", 9.0, 9.3), (" wrong", start, start + 0.4), (" sails", 10.9, 11.3)]
        assert seam_between(left, right, unsure=" wrong") == ["a", word, "sails"]
        assert seam_between(right, left, unsure=" wrong") == ["a", word, "sails"]


def test_a_word_that_swallowed_what_comes_after_it_drops_nothing_of_the_other_side() -> None:
    left = [(" see", 11.0, 11.2), (" you", 11.2, 11.4), (" next", 11.4, 11.7), (" week", 12.3, 12.9)]
    right = [(" see", 11.0, 11.2), (" you", 11.2, 18.0), (" again", 18.2, 18.6)]
    assert seam_between(left, right) == ["see", "you", "next", "week", "again"]


def test_a_segment_that_came_without_words_is_kept_once() -> None:
    left, right = chunk(0, 0, 10, after=3), chunk(1, 10, 20, before=3)
    for span, expected in [((8.0, 10.4), "left"), ((9.8, 12.4), "right")]:
        there = (span[0] - 7, span[1] - 7)
        parts: list[Part] = [
            (left, heard(left, window(text=" left", span=span))),
            (right, heard(right, window(text=" right", span=there))),
        ]
        assert text_of(merge(parts, duration_seconds=20)) == expected


def test_a_wild_word_time_moves_alone() -> None:
    here = chunk(0, 0, 30)
    said = [(" a", 1.0, 1.2), (" b", 25.0, 25.2), (" c", 2.0, 2.2), (" d", 3.0, 3.2)]
    merged = merge([(here, heard(here, window(*said)))], duration_seconds=30)
    assert [(word.word, word.start, word.end) for word in words_of(merged)] == [
        (" a", 1.0, 1.2),
        (" b", 2.0, 2.0),
        (" c", 2.0, 2.2),
        (" d", 3.0, 3.2),
    ]


def test_words_are_never_longer_than_sane_nor_overlap_nor_leave_the_recording() -> None:
    here = chunk(0, 0, 30)
    said = [(" a", 0.0, 9.0), (" b", 10.0, 12.0), (" c", 11.0, 12.5), (" d", 29.5, 30.4)]
    merged = words_of(merge([(here, heard(here, window(*said)))], duration_seconds=29.8))
    assert [(word.start, word.end) for word in merged] == [(0, 5), (10, 11), (11, 12.5), (29.5, 29.8)]


def test_words_of_blanks_say_nothing() -> None:
    here = chunk(0, 0, 5)
    merged = merge(
        [(here, heard(here, window((" ", 0, 1), (" yes", 1, 2), ("\n", 2, 3))))], duration_seconds=5
    )
    assert texts(merged) == ["yes"]


milliseconds = st.integers(0, 600)


@st.composite
def sane_said(draw: st.DrawFn) -> list[Said]:
    """Up to 40 words as a good engine gives them: in order, not overlapping, in whole milliseconds."""
    at = 0
    said = []
    for _ in range(draw(st.integers(0, 40))):
        start = at + draw(milliseconds)
        at = start + draw(milliseconds)
        word = draw(
            st.sampled_from([" the", " no", " fox.", " Dr.", " well,", "-known", " 東京", "です。", " ok?"])
        )
        said.append((word, start / 1000, at / 1000))
    return said


@st.composite
def wild_parts(draw: st.DrawFn) -> list[Part]:
    """Up to five chunks with silent, spoken and missing neighbours, and words with any times at all."""
    bounds = [0, *draw(st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True).map(sorted))]
    parts: list[Part] = []
    time = st.integers(0, 70_000).map(lambda ms: ms / 1000)
    for index, (start, end) in enumerate(pairwise(bounds)):
        before = draw(st.integers(0, min(start, 3))) if index else 0
        here = chunk(index, start, end, before=before, after=draw(st.integers(0, 3)))
        said = [
            (draw(st.sampled_from([" a", " b", " c.", " ", "é"])), draw(time), draw(time))
            for _ in range(draw(st.integers(0, 8)))
        ]
        windows = [window(*said[:3]), window(*said[3:]), window(text="whole", span=(draw(time), draw(time)))]
        parts.append((here, draw(st.sampled_from([None, heard(here, *windows)]))))
    return parts


def shifted(part: Part, samples: int) -> Part:
    here, said = part
    return here.model_copy(update={"start": here.start + samples, "end": here.end + samples}), said


@settings(deadline=None)
@given(sane_said(), st.integers(0, 1000))
def test_merging_one_chunk_changes_nothing(said: list[Said], start: int) -> None:
    here = chunk(0, start, start + 60)
    merged = merge([(here, heard(here, window(*said)))], duration_seconds=start + 60)
    assert [(word.word, word.start, word.end) for word in words_of(merged)] == [
        (word, (here.start + round(begin * 16_000)) / 16_000, (here.start + round(end * 16_000)) / 16_000)
        for word, begin, end in said
    ]
    if start == 0:
        assert [(word.start, word.end) for word in words_of(merged)] == [(a, b) for _, a, b in said]
    assert "".join(text_of(merged).split()) == "".join("".join(word for word, _, _ in said).split())


@settings(deadline=None)
@given(wild_parts())
def test_word_starts_never_go_backwards_and_stay_in_the_recording(parts: list[Part]) -> None:
    duration = parts[-1][0].end_seconds
    segments = merge(parts, duration_seconds=duration)
    words = words_of(segments)
    assert all(one.end <= two.start and one.start <= one.end for one, two in pairwise(words))
    assert all(0 <= word.start <= word.end <= duration and word.end - word.start < 5.000001 for word in words)
    assert [segment.id for segment in segments] == list(range(len(segments)))
    assert all(segment.text and segment.start <= segment.end <= duration for segment in segments)
    assert all(one.end <= two.start for one, two in pairwise(segments))


@settings(deadline=None)
@given(wild_parts(), st.integers(0, 10**9))
def test_shifting_all_chunks_shifts_the_transcript(parts: list[Part], samples: int) -> None:
    duration = parts[-1][0].end / SAMPLE_RATE_HZ
    here = merge(parts, duration_seconds=duration)
    there = merge(
        [shifted(part, samples) for part in parts], duration_seconds=duration + samples / SAMPLE_RATE_HZ
    )
    assert [segment.text for segment in here] == [segment.text for segment in there]
    for one, two in zip(words_of(here), words_of(there), strict=True):
        assert round(two.start * SAMPLE_RATE_HZ) - round(one.start * SAMPLE_RATE_HZ) == samples
        assert round(two.end * SAMPLE_RATE_HZ) - round(one.end * SAMPLE_RATE_HZ) == samples


@settings(deadline=None)
@given(wild_parts(), st.randoms(use_true_random=False))
def test_it_does_not_matter_how_the_chunks_came(parts: list[Part], random: Random) -> None:
    came = list(parts)
    random.shuffle(came)
    duration = parts[-1][0].end_seconds
    assert merge(iter(came), duration_seconds=duration) == merge(parts, duration_seconds=duration)


@settings(deadline=None)
@given(sane_said(), st.integers(1, 20_000))
def test_a_silent_seam_anywhere_between_words_changes_nothing(said: list[Said], cut_ms: int) -> None:
    """The transcript does not tell where the recording was cut, segments included."""
    cut = cut_ms / 1000
    if any(start < cut < end for _, start, end in said):
        return
    whole, left, right = chunk(0, 0, 60), chunk(0, 0, cut), chunk(1, cut, 60)
    before = [word for word in said if word[2] <= cut]
    after = [(word, round(a - cut, 3), round(b - cut, 3)) for word, a, b in said[len(before) :]]
    if after and not after[0][0].startswith(" "):
        return  # a window that begins without a blank is another thing to say
    parts: list[Part] = [
        (left, heard(left, *([window(*before)] if before else []))),
        (right, heard(right, *([window(*after)] if after else []))),
    ]
    one = merge([(whole, heard(whole, *([window(*said)] if said else [])))], duration_seconds=60)
    assert merge(parts, duration_seconds=60) == one


WORDS = (
    *("the", "of", "and", "a", "no", "cat", "house", "seven", "seventeen", "answer", "apples", "morning"),
    *("would", "wood", "recording", "transcript", "beginning", "seventy", "every", "body"),
)
TORN = ("mm", "zth", "uh", "kr")


def spoken_text(random: Random, shortest: float) -> list[Said]:
    """Twenty seconds of words and now and then a pause, in recording time."""
    said, at = list[Said](), random.random()
    while at < 20.0:
        length = max(shortest, random.choice([0.12, 0.2, 0.3, 0.45, 0.6]))
        said.append((random.choice(WORDS), at, at + length))
        at += length + random.choice([0.0, 0.0, 0.05, 0.2, 0.7])
    return said


def heard_between(first: float, last: float, said: list[Said], random: Random) -> list[Said]:
    """What a side makes of `said` whose audio has those bounds: it errs in times by a tenth of a second.

    Words that its audio tears, or that lie within a fifth of a second of its ends, it may lose or mishear.
    """
    hearing = list[Said]()
    for word, start, end in said:
        begin, stop = max(start, first), min(end, last)
        if stop - begin < 0.04:
            continue
        if (begin < first + 0.2 and first > 0) or (stop > last - 0.2 and last < 20):
            word = random.choice([word, "", word[: len(word) // 2], *TORN])  # noqa: PLW2901
        if word:
            begin, stop = begin + random.uniform(-0.1, 0.1), stop + random.uniform(-0.1, 0.1)
            begin = max(begin, hearing[-1][2] if hearing else first)
            hearing.append((word, begin, min(max(begin, stop), last)))
    return [(f" {word}", round(begin - first, 3), round(stop - first, 3)) for word, begin, stop in hearing]


def text_cut_once(
    random: Random, *, shortest: float = 0.0
) -> tuple[list[Said], Chunk, Chunk, tuple[float, float]]:
    """A text, the chunks on both sides of a cut somewhere in it, and what both of them hear, in seconds."""
    cut = random.uniform(8.0, 12.0)
    left = chunk(0, 0, cut, after=random.uniform(2.0, 5.0))
    right = chunk(1, cut, 21.0, before=random.uniform(2.0, 5.0))
    first, last = right.start - right.margin_before, left.end + left.margin_after
    return spoken_text(random, shortest), left, right, (first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_a_text_cut_anywhere_and_torn_at_the_edges_comes_out_as_it_was(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed shows a text again
    said, left, right, (first, last) = text_cut_once(random)
    parts = [
        (left, heard(left, window(*heard_between(0.0, last, said, random)))),
        (right, heard(right, window(*heard_between(first, 21.0, said, random)))),
    ]
    merged = merge(parts, duration_seconds=21.0)
    assert texts(merged) == [word for word, _, _ in said]
    assert all(one.end <= two.start for one, two in pairwise(words_of(merged)))


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32))
def test_words_that_one_side_lost_in_the_overlap_are_all_there(seed: int) -> None:
    """Up to six in a row. No two words are alike or very short: else nobody could tell which one is lost."""
    random = Random(seed)  # noqa: S311 - a seed shows a text again
    said, left, right, (first, last) = text_cut_once(random, shortest=0.25)
    said = [
        (f"{'aeiou'[n % 5] * 3}{chr(97 + n % 26) * 4}", start, end) for n, (_, start, end) in enumerate(said)
    ]
    hearings = [heard_between(0.0, last, said, random), heard_between(first, 21.0, said, random)]
    loser = random.randrange(2)
    begin = random.uniform(first + 0.5, last - 0.5) - (first if loser else 0.0)
    end = last - 0.5 - (first if loser else 0.0)
    lost = [one for one in hearings[loser] if one[1] >= begin and one[2] <= end][:6]
    hearings[loser] = [one for one in hearings[loser] if one not in lost]

    merged = merge(
        [(left, heard(left, window(*hearings[0]))), (right, heard(right, window(*hearings[1])))],
        duration_seconds=21.0,
    )

    assert texts(merged) == [word for word, _, _ in said]
