"""A suspect place is heard again in small windows, and only its own words are replaced."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.worker_gpu.said import said, speech, text
from whisper_farm.merging.placing import samples
from worker_gpu.guards import Finding
from worker_gpu.patching import Suspect, patches, splice, together
from worker_gpu.windows import LONGEST_WINDOW, Span

WHOLE = speech((0.0, 300.0))


def finding(start: float, end: float) -> Finding:
    return Finding("uncovered", samples(start), samples(end), f"from {start:g}")


def suspect(start: float, end: float) -> Suspect:
    return together([finding(start, end)])[0]


def middle(start: int, end: int) -> int:
    return (start + end) // 2


def test_findings_close_to_each_other_are_one_suspect_with_all_reasons() -> None:
    found = together([finding(1, 2), finding(2.5, 4), finding(3, 3.5), finding(9, 10)])

    assert [(each.start, each.end) for each in found] == [
        (samples(1), samples(4)),
        (samples(9), samples(10)),
    ]
    assert found[0].reason == "from 1; from 2.5; from 3"


def test_a_short_place_is_heard_in_one_window_with_context() -> None:
    (patch,) = patches(suspect(100, 103), WHOLE, context=samples(2), longest=samples(12), quietest=middle)

    assert patch.window.start <= samples(98)
    assert patch.window.end >= samples(105)
    assert patch.window.start < patch.kept.start < samples(100)
    assert samples(103) < patch.kept.end < patch.window.end


def test_silence_is_left_out_of_a_patch() -> None:
    (patch,) = patches(
        suspect(100, 101), speech((90, 97.5), (99.8, 101.2)), context=samples(2), longest=samples(12),
        quietest=middle,
    )  # fmt: skip

    assert [span.samples for span in patch.window.spans] == [samples(0.25), samples(1.4)]


@given(st.floats(0, 299), st.floats(0.1, 60), st.sampled_from([1.0, 2.0, 5.0]), st.sampled_from([4.0, 12.0]))
def test_a_long_place_is_heard_whole_in_windows_that_fit(
    start: float, length: float, context: float, longest: float
) -> None:
    place = suspect(start, min(300.0, start + length))
    made = patches(place, WHOLE, context=samples(context), longest=samples(longest), quietest=middle)

    assert all(patch.window.samples <= LONGEST_WINDOW for patch in made)
    assert made[0].kept.start <= place.start
    assert made[-1].kept.end >= place.end
    assert all(one.kept.end == two.kept.start for one, two in pairwise(made))


def test_where_no_speech_is_nothing_is_heard() -> None:
    nowhere = patches(
        suspect(10, 11), speech((0, 2)), context=samples(2), longest=samples(12), quietest=middle
    )

    assert nowhere == []


def test_lost_words_are_put_in_their_place() -> None:
    words = said("one two three four five six seven eight nine ten")
    lost = [*words[:3], *words[7:]]
    anew = words[1:9]  # what a patch hears, its first and last word perhaps cut

    assert splice(lost, anew, Span(samples(0.8), samples(3.2))) == words


def test_words_around_a_patch_appear_once() -> None:
    words = said("one two three four five six seven eight nine ten")
    later = [word.__class__(word.start + 800, word.end + 800, word.text, 0.9) for word in words[1:9]]

    for seam in range(samples(0.5), samples(2.0), 1600):
        assert text(splice(words, later, Span(seam, samples(3.0)))) == text(words)
