"""Settings as people write them, and the sentence for one that is wrong."""

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from whisper_farm.errors import BadRequest
from whisper_farm.farm.connection import records
from whisper_farm.farm.health import Finding, examine
from whisper_farm.settings import (
    FarmSettings,
    IntakeSettings,
    StoreSettings,
    WorkerSettings,
    check_settings,
    load,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("media/talks", ("media/talks",)),
        ("media/talks, s3://other/a b,", ("media/talks", "s3://other/a b")),
        ('["media/talks", "other"]', ("media/talks", "other")),
        ("", ()),
    ],
)
def test_sources_are_separated_by_commas_or_a_json_list(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WHISPER_FARM_SOURCES", written)
    assert load(IntakeSettings).sources == meant


@pytest.mark.parametrize(
    ("kind", "name", "value", "how"),
    [
        (StoreSettings, "BUCKET", "Bad_Name!", "should match pattern"),
        (StoreSettings, "STORE", "tape", "should be 'local', 'minio' or 's3'"),
        (IntakeSettings, "SOURCES", "[media/talks", "separated by commas"),
        (IntakeSettings, "SOURCES", "[7]", "valid string"),
        (WorkerSettings, "DRAIN_SECONDS", "abc", "valid number"),
        (FarmSettings, "HOME", "~nobody-of-this-name/farm", "home folder '~nobody-of-this-name'"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_how(
    monkeypatch: pytest.MonkeyPatch, kind: type[BaseSettings], name: str, value: str, how: str
) -> None:
    monkeypatch.setenv(f"WHISPER_FARM_{name}", value)
    sentence = f"The environment variable WHISPER_FARM_{name} is wrong: .*{how}"
    with pytest.raises(BadRequest, match=sentence):
        load(kind)
    with pytest.raises(BadRequest, match=sentence):
        check_settings()


def test_a_wrong_bucket_is_named_also_where_the_record_is_read_while_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WHISPER_FARM_BUCKET", "Bad_Name!")
    with pytest.raises(BadRequest, match="The environment variable WHISPER_FARM_BUCKET is wrong"):
        records(FarmSettings(home=tmp_path))


def test_doctor_names_a_setting_that_would_keep_the_stack_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def finding() -> Finding:
        return next(each for each in examine(FarmSettings(home=tmp_path), None) if each.what == "settings")

    assert finding().is_well
    monkeypatch.setenv("WHISPER_FARM_DRAIN_SECONDS", "abc")
    assert not finding().is_well
    assert finding().needed
    assert "WHISPER_FARM_DRAIN_SECONDS is wrong" in (finding().note or "")


class _Odd(BaseSettings):
    """Of a type that pydantic reads as JSON itself, before any check of the field's own."""

    model_config = SettingsConfigDict(env_prefix="WHISPER_FARM_")

    pairs: dict[str, str] = {}


def test_a_setting_that_can_not_even_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISPER_FARM_PAIRS", "no JSON")
    with pytest.raises(BadRequest, match="The environment variable WHISPER_FARM_PAIRS is wrong: "):
        load(_Odd)


def test_what_is_said_in_the_program_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISPER_FARM_STORE", "s3")
    monkeypatch.setenv("WHISPER_FARM_BUCKET", "mine")
    settings = load(StoreSettings, store="local")
    assert (settings.store, settings.bucket) == ("local", "mine")


def test_a_folder_may_begin_with_a_tilde_and_is_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHISPER_FARM_HOME", "~/farm")
    monkeypatch.setenv("WHISPER_FARM_STORE_FOLDER", "~/objects")
    assert load(FarmSettings).home == tmp_path / "farm"
    assert load(StoreSettings).store_folder == tmp_path / "objects"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHISPER_FARM_HOME", "here")
    assert load(FarmSettings).home == tmp_path / "here"
    monkeypatch.delenv("WHISPER_FARM_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert load(FarmSettings).home.is_absolute()
