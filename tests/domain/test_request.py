"""What a person may ask, at the door: the same from the command line, from JSON and by a preset."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_farm.cli.hearing import read_hearing
from whisper_farm.errors import BadRequest
from whisper_farm.identity import job_id_for, request_digest
from whisper_farm.presets import PRESETS
from whisper_farm.request import (
    LONGEST_PROMPT_BYTES,
    Decoding,
    TranscribeRequest,
    parse_request,
    read_request,
)

SOURCE = {"source": "s3://whisper-farm/recordings/episode.mp3"}


def asked(**fields: Any) -> Decoding:
    return read_request(SOURCE | fields).decoding


def refusal(**fields: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        read_request(SOURCE | fields)
    return str(caught.value)


ALL: dict[str, Any] = {
    "language": "de",
    "task": "translate",
    "initial_prompt": "A talk about durable execution.",
    "hotwords": "Temporal, MinIO",
    "beam_size": 7,
    "temperatures": [0, 0.3],
    "guards": False,
    "vad": False,
    "vad_threshold": 0.4,
    "vad_min_silence_ms": 300,
    "vad_padding_ms": 200,
}


def test_every_option_comes_through_json_flat_or_under_decoding() -> None:
    flat = asked(**ALL)

    assert flat == read_request(SOURCE | {"decoding": ALL}).decoding
    assert flat.model_dump(mode="json") == ALL | {"multilingual": False, "temperatures": [0.0, 0.3]}
    assert set(ALL) | {"multilingual"} == set(Decoding.model_fields)
    assert asked(multilingual=True).multilingual


def test_every_option_comes_through_the_command_line() -> None:
    hearing = read_hearing(
        language="DE",
        task="translate",
        initial_prompt="A talk about durable execution.",
        hotwords="Temporal, MinIO",
        beam_size=7,
        temperature="0,0.3",
        no_guards=True,
        no_vad=True,
        vad_threshold=0.4,
        vad_min_silence_ms=300,
        vad_padding_ms=200,
        no_word_timestamps=True,
    )

    assert hearing.decoding == asked(**ALL)
    assert hearing.word_timestamps is False
    assert read_hearing(multilingual=True).decoding == asked(multilingual=True)


def test_a_request_that_says_nothing_is_balanced_at_every_door() -> None:
    assert asked() == asked(preset="balanced") == read_hearing().decoding == Decoding()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_and_its_values_spelled_out_are_one_job(preset: str) -> None:
    spelled = {name: list(v) if isinstance(v, tuple) else v for name, v in PRESETS[preset].items()}
    requests = [
        read_request(SOURCE | {"preset": preset}),
        read_request(SOURCE | {"decoding": {"preset": preset}}),
        read_request(SOURCE | spelled),
    ]

    assert len({request_digest(request, model="tiny") for request in requests}) == 1
    ids = {job_id_for("a" * 64, weights="w", decoding=request.decoding) for request in requests}
    assert ids == {job_id_for("a" * 64, weights="w", decoding=read_hearing(preset=preset).decoding)}  # type: ignore[arg-type]


def test_the_presets_are_three_jobs() -> None:
    assert len({job_id_for("a" * 64, weights="w", decoding=asked(preset=preset)) for preset in PRESETS}) == 3


def test_fields_that_are_given_win_over_the_preset() -> None:
    fast = asked(preset="fast", beam_size=3, language="en")

    assert (fast.beam_size, fast.temperatures, fast.language) == (3, (0.0,), "en")


@pytest.mark.parametrize(
    ("told", "meant"), [(0, (0.0,)), (0.2, (0.2,)), ([0, 0.5], (0.0, 0.5)), ([0.0], (0.0,))]
)
def test_a_temperature_is_one_number_or_several(told: Any, meant: tuple[float, ...]) -> None:
    assert asked(temperature=told).temperatures == meant
    assert read_request(SOURCE | {"decoding": {"temperature": told}}).decoding.temperatures == meant
    assert asked(temperatures=told).temperatures == meant


def test_a_glossary_may_come_from_a_file_with_a_word_a_line() -> None:
    assert asked(hotwords="Temporal\nMinIO\r\n\tFFmpeg \n").hotwords == "Temporal MinIO FFmpeg"


@pytest.mark.parametrize(
    ("fields", "named", "why"),
    [
        ({"beam_size": 0}, "'decoding.beam_size'", "greater than or equal to 1"),
        ({"beam_size": 21}, "'decoding.beam_size'", "less than or equal to 20"),
        ({"beam_size": "5"}, "'decoding.beam_size'", "valid integer"),
        ({"beam_size": True}, "'decoding.beam_size'", "valid integer"),
        ({"temperature": 1.5}, "'decoding.temperatures.0'", "less than or equal to 1"),
        ({"temperature": []}, "'decoding.temperatures'", "at least 1 item"),
        ({"temperature": "hot"}, "'decoding.temperatures.0'", "valid number"),
        ({"temperature": None}, "'decoding.temperatures.0'", "valid number"),
        ({"temperatures": {"a": 0}}, "'decoding.temperatures.0'", "valid number"),
        (
            {"temperature": 0, "temperatures": [0]},
            "'temperature' and 'temperatures'",
            "leave one of them out",
        ),
        ({"task": "sing"}, "'decoding.task'", "'transcribe' or 'translate'"),
        ({"language": "klingon"}, "'decoding.language'", "'klingon' is no language code"),
        ({"preset": "best"}, "'best'", "take one of fast, balanced, accurate"),
        ({"preset": ["fast"]}, "no preset", "take one of fast, balanced, accurate"),
        ({"preset": "fast", "decoding": {}}, "'preset' stands beside 'decoding'", "give it there"),
        ({"guards": "no"}, "'decoding.guards'", "valid boolean"),
        ({"vad_threshold": 1}, "'decoding.vad_threshold'", "less than or equal to 0.95"),
        ({"vad_padding_ms": -1}, "'decoding.vad_padding_ms'", "greater than or equal to 0"),
        ({"hotwords": "one\x1b[2J"}, "'decoding.hotwords'", "control characters"),
        ({"hotwords": "w" * 893}, "The field 'hotwords'", "893 bytes of text are too long"),
        ({"multilingual": True, "language": "de"}, "'multilingual' and the field 'language'", "contradict"),
        ({"decoding": {"word_timestamps": False}}, "'decoding.word_timestamps'", "not known"),
        ({"word_timestamps": "no"}, "'word_timestamps'", "valid boolean"),
        ({"decoding": 3}, "'decoding'", "valid dictionary"),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, dict) else "",
)
def test_a_wrong_field_is_one_sentence_that_names_it(fields: dict[str, Any], named: str, why: str) -> None:
    said = refusal(**fields)

    assert named in said
    assert why in said
    assert said.endswith(".")
    assert len(said) < 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam_size": 40}, "--beam-size is wrong: input should be less than or equal to 20"),
        ({"temperature": "0,2"}, "--temperature is wrong: input should be less than or equal to 1"),
        ({"temperature": "0;1"}, "--temperature does not know '0;1'"),
        ({"language": "klingon"}, "--language is wrong: 'klingon' is no language code"),
        ({"language": "de", "multilingual": True}, "--multilingual and --language contradict each other"),
        ({"vad_threshold": 2.0}, "--vad-threshold is wrong"),
        (
            {"hotwords": "a" * 800, "initial_prompt": "b" * 800},
            "--initial-prompt and --hotwords: 1,600 bytes",
        ),
        ({"initial_prompt": "\x07"}, "--initial-prompt is wrong: it holds control characters"),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, dict) else "",
)
def test_a_wrong_option_is_named_as_it_was_given(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_hearing(**options)
    assert said in str(caught.value)


def test_an_unknown_field_is_told_what_is_known() -> None:
    said = refusal(sauce=1)
    assert all(name in said for name in ("'sauce' is not known", "preset", "temperature", "word_timestamps"))


@given(st.text(max_size=LONGEST_PROMPT_BYTES), st.text(max_size=LONGEST_PROMPT_BYTES))
def test_prompts_that_pass_the_door_fit_into_whispers_prompt_and_are_plain(prompt: str, words: str) -> None:
    try:
        decoding = asked(initial_prompt=prompt, hotwords=words)
    except BadRequest:
        return
    told = decoding.initial_prompt + decoding.hotwords
    assert len(told.encode()) <= LONGEST_PROMPT_BYTES
    assert not any(ord(c) < 32 for c in told)


def test_times_of_words_make_another_job_and_no_other_hearing() -> None:
    bare = read_request(SOURCE | {"word_timestamps": False})
    with_times = read_request(SOURCE)

    assert bare.decoding == with_times.decoding
    assert request_digest(bare, model="tiny") != request_digest(with_times, model="tiny")
    ids = {
        job_id_for("a" * 64, weights="w", decoding=each.decoding, word_timestamps=each.word_timestamps)
        for each in (bare, with_times)
    }
    assert len(ids) == 2


def test_what_was_read_reads_the_same_again() -> None:
    request = read_request(SOURCE | {"preset": "fast", "hotwords": "Temporal", "word_timestamps": False})

    assert parse_request(request.model_dump_json().encode()) == request
    assert TranscribeRequest.model_validate_json(request.model_dump_json()) == request
