"""What a data folder remembers of a stack that is gone: the kind of its store, and the default model."""

import os
import signal

import pytest

from tests.embedded.conftest import PlainWeights
from tests.embedded.test_stack import eventually
from whisper_farm.embedded.choices import Choices, read_choices
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.stack import down, find, join, up
from whisper_farm.embedded.starting import Supervision
from whisper_farm.embedded.state import StackState
from whisper_farm.errors import StackBroken
from whisper_farm.farm.connection import records
from whisper_farm.farm.model_choice import default_here
from whisper_farm.settings import FarmSettings


def kill_all(state: StackState) -> None:
    for one in state.processes:
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
    eventually(lambda: not any(one.mark is not None and one.mark.alive for one in state.processes))


@pytest.mark.parametrize("end", ["down", "killed"])
def test_a_stack_that_is_gone_had_a_minio_and_a_default_model(
    settings: FarmSettings, plain: Supervision, end: str
) -> None:
    state = up(settings, weights=PlainWeights("good"), store="minio", supervision=plain)
    if end == "down":
        assert down(settings)
    else:
        kill_all(state)
    assert find(settings) is None
    with pytest.raises(
        StackBroken, match="is its MinIO, which does not run; start it with 'whisper-farm up'"
    ):
        records(settings)
    assert default_here(settings) == "good"
    with join(settings, supervision=plain) as lease:
        assert lease.state.store.kind == "minio"


def test_what_was_chosen_last_counts(settings: FarmSettings, plain: Supervision) -> None:
    up(settings, weights=PlainWeights("good"), store="minio", supervision=plain)
    up(settings, store="local", supervision=plain)
    assert down(settings)
    assert read_choices(HomeLayout(settings.home)) == Choices(store="local", default_model="good")
    assert records(settings).describe() == f"folder {settings.home / 'store'}"
    with join(settings, supervision=plain) as lease:
        assert lease.state.store.kind == "local"


def test_a_stack_that_nobody_asked_to_stay_decides_nothing(
    settings: FarmSettings, plain: Supervision
) -> None:
    up(settings, weights=PlainWeights("good"), store="minio", supervision=plain)
    assert down(settings)
    join(settings, weights=PlainWeights("other"), store="local", supervision=plain).close()
    assert down(settings)
    assert read_choices(HomeLayout(settings.home)) == Choices(store="minio", default_model="good")


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"\xff", b'{"store": "tape", "default_model": 7}'])
def test_nonsense_among_the_choices_is_as_none(settings: FarmSettings, nonsense: bytes) -> None:
    layout = HomeLayout(settings.home)
    layout.choices_file.write_bytes(nonsense)
    assert read_choices(layout) == Choices()
