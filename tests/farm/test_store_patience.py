"""A store that is killed under a running step is waited for; one that is full, or no server, is not."""

import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.farm.mortal_minio import MortalMinio
from whisper_farm.errors import StoreFull, StoreUnreachable
from whisper_farm.farm.ledger import OutputLedger
from whisper_farm.farm.outputs import named_outputs, write_outputs
from whisper_farm.farm.store_patience import StorePatience
from whisper_farm.intake.storing import store_recording
from whisper_farm.settings import IntakeSettings
from whisper_farm.storage.s3 import S3Store


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalMinio]:
    minio = MortalMinio(tmp_path_factory.mktemp("minio"))
    try:
        yield minio
    finally:
        minio.close()


class Looker:
    """Who waits: what was said, and how often the stack was seen to meanwhile."""

    def __init__(self, *, patience_seconds: float = 60.0) -> None:
        self.told: list[str] = []
        self.ticks = 0
        self.patience = StorePatience(
            told=self.told.append, tick=self._tick, patience_seconds=patience_seconds
        )

    def _tick(self) -> None:
        self.ticks += 1


def test_an_upload_outlives_a_store_that_is_killed_in_the_middle(minio: MortalMinio, tmp_path: Path) -> None:
    recording = tmp_path / "silence.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(48_000_000))
    kills: list[int] = []

    def on_bytes(count: int) -> None:
        if count > 20_000_000 and not kills:
            kills.append(count)
            minio.kill(back_after_seconds=1.5)

    looker = Looker()
    stored = looker.patience.patiently(
        lambda: store_recording(
            minio.store, recording, name="silence.wav", limits=IntakeSettings(), on_bytes=on_bytes
        )
    )

    assert kills
    found = minio.store.stat(stored.key)
    assert found is not None
    assert found.size_bytes == recording.stat().st_size
    assert len(looker.told) == 1, "it is said once, however often it is tried"
    assert "The store is away" in looker.told[0]
    assert looker.ticks >= 2


async def test_a_transcript_is_written_once_the_store_is_back(minio: MortalMinio, tmp_path: Path) -> None:
    minio.store.put("jobs/j/versions/1/transcript.txt", b"hello\n")
    files = named_outputs("talk.mp3", folder=tmp_path, formats=["txt"])
    ledger = OutputLedger(tmp_path / "home")
    stored = {"txt": "jobs/j/versions/1/transcript.txt"}
    minio.kill(back_after_seconds=1.5)

    looker = Looker()
    await looker.patience.patiently_async(
        lambda: write_outputs(minio.store, stored, files, ledger, force=False)
    )

    assert files.paths["txt"].read_text() == "hello\n"
    assert len(looker.told) == 1


@pytest.fixture
def nobody() -> S3Store:
    """A store that does not answer."""
    return S3Store(f"http://127.0.0.1:{free_port()}", "someone", "something", "us-east-1", "whisper-farm")


def test_patience_ends(nobody: S3Store) -> None:
    with pytest.raises(StoreUnreachable):
        Looker(patience_seconds=0.1).patience.patiently(nobody.check)


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_full_store_is_not_waited_for_nor_one_that_will_not_be_back(seconds: float) -> None:
    fault = StoreFull("full") if seconds else StoreUnreachable("a folder that can't be read")
    tries: list[int] = []

    def step() -> None:
        tries.append(1)
        raise fault

    with pytest.raises(StoreUnreachable):
        Looker(patience_seconds=seconds).patience.patiently(step)
    assert tries == [1]
