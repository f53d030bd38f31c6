"""Options of the subtitles: a preset, and its numbers one by one; wrong ones are refused at the door."""

import pytest
from pydantic import ValidationError

from whisper_farm.cli.subtitle_options import read_subtitles
from whisper_farm.errors import BadRequest
from whisper_farm.identity import job_id_for, request_digest
from whisper_farm.request import read_request
from whisper_farm.subtitles.options import SubtitleOptions, rules_of

SOURCE = f"recordings/{'a' * 64}/source.mp3"


def test_the_default_is_what_netflix_asks_for() -> None:
    rules = rules_of(SubtitleOptions(), "en")

    assert rules == rules_of(SubtitleOptions(preset="netflix"), "en")
    assert rules.model_dump() == {
        "line_columns": 42,
        "lines": 2,
        "shortest_ms": 834,  # 5/6 s, upwards
        "longest_ms": 7000,
        "characters_per_second": 20.0,
        "smallest_gap_ms": 84,  # 2 frames at 24 a second, upwards
        "closed_gap_ms": 500,
    }


def test_the_other_presets_have_their_own_numbers() -> None:
    bbc, plain = rules_of(SubtitleOptions(preset="bbc")), rules_of(SubtitleOptions(preset="plain"))

    assert (bbc.line_columns, bbc.lines, bbc.characters_per_second) == (37, 2, 18.0)
    assert (bbc.smallest_gap_ms, bbc.closed_gap_ms) == (0, 1000)
    assert (plain.line_columns, plain.characters_per_second, plain.closed_gap_ms) == (42, 0.0, 0)


@pytest.mark.parametrize(
    ("language", "columns"), [("en", 42), ("zh", 32), ("ko", 32), ("ja", 26), ("th", 42)]
)
def test_netflix_counts_full_width_characters_on_a_line(language: str, columns: int) -> None:
    assert rules_of(SubtitleOptions(), language).line_columns == columns
    assert rules_of(SubtitleOptions(line_columns=40), language).line_columns == 40
    assert rules_of(SubtitleOptions(preset="bbc"), language).line_columns == 37


def test_json_input_takes_a_preset_by_its_name_or_numbers() -> None:
    named = read_request({"source": SOURCE, "subtitles": "bbc"})
    detailed = read_request(
        {"source": SOURCE, "subtitles": {"preset": "bbc", "line_columns": 40, "lines": 1}}
    )

    assert named.subtitles == SubtitleOptions(preset="bbc")
    assert detailed.subtitles == SubtitleOptions(preset="bbc", line_columns=40, lines=1)
    assert read_request({"source": SOURCE}).subtitles == SubtitleOptions()
    again = read_request(detailed.model_dump(mode="json", exclude={"decoding"}))
    assert again.subtitles == detailed.subtitles


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("imax", "subtitles.preset"),
        ({"preset": "imax"}, "subtitles.preset"),
        ({"columns": 40}, "subtitles.columns"),
        ({"line_columns": "40"}, "subtitles.line_columns"),
        ({"line_columns": 3}, "subtitles.line_columns"),
        ({"longest_seconds": 0}, "subtitles.longest_seconds"),
        ({"shortest_seconds": 3, "longest_seconds": 2}, "'subtitles' is wrong: the shortest"),
        (7, "subtitles"),
    ],
)
def test_json_input_with_wrong_subtitles_is_refused_by_the_fields_name(given: object, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        read_request({"source": SOURCE, "subtitles": given})


def test_subtitles_are_no_part_of_what_makes_a_job_the_same() -> None:
    plain = read_request({"source": SOURCE})
    bbc = read_request({"source": SOURCE, "subtitles": "bbc"})

    assert request_digest(plain, model="m") == request_digest(bbc, model="m")
    assert job_id_for("a" * 64, weights="b", decoding=plain.decoding) == job_id_for(
        "a" * 64, weights="b", decoding=bbc.decoding
    )


def test_no_option_given_is_none() -> None:
    assert read_subtitles(preset=None, line_columns=None, word_times=False) is None


def test_a_preset_and_a_number_are_read() -> None:
    assert read_subtitles(preset="bbc", line_columns=30, word_times=True) == SubtitleOptions(
        preset="bbc", line_columns=30, word_times=True
    )
    assert read_subtitles(characters_per_second=0.0) == SubtitleOptions(characters_per_second=0.0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"preset": "imax"}, "--subtitles can't be 'imax': input should be 'netflix', 'bbc' or 'plain'."),
        ({"line_columns": 3}, "--columns can't be '3': input should be greater than or equal to 10."),
        ({"longest_seconds": float("nan")}, "--longest can't be 'nan': input should be"),
        (
            {"shortest_seconds": 3.0, "longest_seconds": 2.0},
            "These subtitle options do not go together: the shortest time on screen must be below",
        ),
        (
            {"characters_per_second": 2.0},
            "These subtitle options do not go together: at 2 characters a second not even one full",
        ),
        (
            {"gap_frames": 50},
            "These subtitle options do not go together: gaps can't be closed to a smallest gap",
        ),
    ],
)
def test_a_wrong_option_gets_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_subtitles(**given)

    assert str(refused.value).startswith(sentence)


def test_options_are_frozen_and_know_their_fields() -> None:
    with pytest.raises(ValidationError):
        SubtitleOptions.model_validate({"speed": 3})
