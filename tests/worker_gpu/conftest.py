"""The demo's model, loaded once, and the demo's recording as the engine gets it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from whisper_farm.audio.flac import decode_flac
from whisper_farm.settings import WorkerSettings
from whisper_farm.weights import Weights, resolve_weights
from worker_gpu.loading import Loaded, load_engine, settle_hardware

if TYPE_CHECKING:
    from whisper_farm.speech import Pcm


@pytest.fixture(scope="session")
def demo_weights(demo_model: Path) -> Weights:
    return resolve_weights(str(demo_model))


@pytest.fixture(scope="session")
def loaded(demo_weights: Weights) -> Loaded:
    return load_engine(demo_weights, settle_hardware(WorkerSettings(device="cpu", slots=2, batch_size=2)))


@pytest.fixture(scope="session")
def podcast(demo_recording: Path) -> "Pcm":
    return decode_flac(demo_recording.read_bytes(), longest_samples=10 * 60 * 16_000)
