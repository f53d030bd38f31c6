"""From the environment's settings to a loaded engine: device, compute type, slots, batches."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from whisper_farm.errors import BadRequest, UnknownModel
from whisper_farm.models import SAMPLE_RATE_HZ
from whisper_farm.settings import WorkerSettings
from whisper_farm.weights import Weights, detect_device
from worker_gpu.engine import FasterWhisperEngine
from worker_gpu.machine import default_batch_size, default_slots
from worker_gpu.wide import SLOW_PASS_SECONDS, WideModel
from worker_gpu.windows import LONGEST_WINDOW

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

WINDOW_SECONDS = LONGEST_WINDOW / SAMPLE_RATE_HZ

_DEFAULT_COMPUTE_TYPES = {"cpu": ("int8",), "cuda": ("float16", "int8_float16", "float32")}

#: On CPUs a whole encoder pass would take a large model a minute to load, so a fifteenth of one is timed. Its
#: attention is cheaper by more than that: 33 times for `small`, 80 times for the demo's model.
_TIMED_FRAMES = {"cpu": 200, "cuda": 3000}
_PASS_IS_LONGER_BY = {"cpu": 40.0, "cuda": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a worker computes with, all settled."""

    device: Literal["cpu", "cuda"]
    device_index: int
    compute_type: str
    slots: int  #: chunks heard at once
    batch_size: int | None  #: windows heard at once in a slot; None: by the model's pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model that is ready to be heard through."""

    engine: FasterWhisperEngine
    hardware: Hardware
    batch_size: int
    encoder_seconds: float  #: about how long one encoder pass over 30 s takes in a slot


def settle_hardware(settings: WorkerSettings) -> Hardware:
    """What the settings leave open, by what this machine has.

    Raises:
        BadRequest: a GPU or a compute type was asked for that is not there.
    """
    import ctranslate2

    device = detect_device() if settings.device == "auto" else settings.device
    if device == "cuda" and settings.device_index >= ctranslate2.get_cuda_device_count():
        raise BadRequest(
            f"This machine has no GPU {settings.device_index} that can be used; set WHISPER_FARM_DEVICE=cpu,"
            " or look at its driver with nvidia-smi."
        )
    supported = ctranslate2.get_supported_compute_types(device, settings.device_index)
    wanted = [settings.compute_type] if settings.compute_type else _DEFAULT_COMPUTE_TYPES[device]
    usable = [each for each in wanted if each in supported or each in {"auto", "default"}]
    if not usable:
        raise BadRequest(
            f"This {device} can't compute in {' or '.join(wanted)}; WHISPER_FARM_COMPUTE_TYPE may be one of"
            f" {', '.join(sorted(supported))}."
        )
    return Hardware(
        device=device,
        device_index=settings.device_index,
        compute_type=usable[0],
        slots=settings.slots or default_slots(device),
        batch_size=settings.batch_size,
    )


def load_engine(weights: Weights, hardware: Hardware) -> Loaded:
    """Load the model once for all slots, and time it.

    Raises:
        UnknownModel: its files can't be loaded.
    """
    threads = 1 if hardware.device == "cpu" else 0
    try:
        model = _load(weights, hardware, slots=hardware.slots, threads=threads)
        encoder_seconds = _time_encoder(model, hardware)
    except Exception as error:  # ctranslate2, tokenizers and the hub's client each raise their own
        said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise UnknownModel(
            f"The model in '{weights.folder}' can't be loaded: {said}; give another one with --model FOLDER."
        ) from error
    worth_a_copy = hardware.device == "cpu" and hardware.slots > 1 and encoder_seconds > SLOW_PASS_SECONDS
    wide = (
        WideModel(lambda: _load(weights, hardware, slots=1, threads=hardware.slots)) if worth_a_copy else None
    )
    batch_size = hardware.batch_size or default_batch_size(hardware.device, encoder_seconds=encoder_seconds)
    engine = FasterWhisperEngine(model, weights, slots=hardware.slots, batch_size=batch_size, wide=wide)
    return Loaded(engine=engine, hardware=hardware, batch_size=batch_size, encoder_seconds=encoder_seconds)


def _load(weights: Weights, hardware: Hardware, *, slots: int, threads: int) -> "WhisperModel":
    from faster_whisper import WhisperModel

    return WhisperModel(
        str(weights.folder),
        device=hardware.device,
        device_index=hardware.device_index,
        compute_type=hardware.compute_type,
        cpu_threads=threads,
        num_workers=slots,
    )


def _time_encoder(model: "WhisperModel", hardware: Hardware) -> float:
    """About how long one encoder pass over a window takes; the first one only warms up."""
    import ctranslate2
    import numpy as np

    frames = np.zeros((1, model.model.n_mels, _TIMED_FRAMES[hardware.device]), dtype=np.float32)
    took = 0.0
    for _ in range(2):
        started = time.perf_counter()
        model.model.encode(ctranslate2.StorageView.from_array(frames), to_cpu=True)
        took = time.perf_counter() - started
    return took * _PASS_IS_LONGER_BY[hardware.device]
