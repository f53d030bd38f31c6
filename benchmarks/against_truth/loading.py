"""The model under test, loaded twice: as the farm's worker loads it, and as a single pass has it."""

import os

from benchmarks.against_truth.farm import Farm
from benchmarks.against_truth.single_pass import SinglePass
from whisper_farm.request import Decoding
from whisper_farm.settings import WorkerSettings, load
from whisper_farm.weights import resolve_weights
from worker_gpu.allocator import keep_memory
from worker_gpu.loading import load_engine, settle_hardware


def load_farm(model: str, *, language: str) -> Farm:
    """The farm's engine in this process, with the settings that the environment gives a worker."""
    hardware = settle_hardware(load(WorkerSettings))
    keep_memory(len(os.sched_getaffinity(0)))
    loaded = load_engine(resolve_weights(model, device=hardware.device), hardware)
    return Farm(loaded.engine, slots=hardware.slots, decoding=Decoding(language=language))


def load_single_pass(model: str, *, language: str, with_previous_text: bool) -> SinglePass:
    """faster-whisper with the same weights in the same compute type, and all cores."""
    hardware = settle_hardware(load(WorkerSettings))
    return SinglePass(
        resolve_weights(model, device=hardware.device).folder,
        compute_type=hardware.compute_type,
        device=hardware.device,
        cores=len(os.sched_getaffinity(0)),
        language=language,
        with_previous_text=with_previous_text,
    )
