"""From a command line and an environment to a worker that serves, and to an exit code that says why it ended.

0  told to leave, and drained
2  a setting or the model is wrong
3  the store, or Temporal's namespace, can't be used
4  the engine hung or broke: start another worker
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from temporalio.client import Client

from activities.pace import Pace
from whisper_farm import fleet_identity, temporal_client
from whisper_farm.errors import BadRequest, FarmError, FarmUnreachable, WorkerFailed
from whisper_farm.fleet_identity import WorkerIdentity
from whisper_farm.identity import program_version
from whisper_farm.log import set_up_logging
from whisper_farm.messages import gpu_queue
from whisper_farm.settings import FarmSettings, StoreSettings, WorkerSettings, load
from whisper_farm.speech import SpeechEngine
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.home import open_store
from whisper_farm.weights import resolve_weights
from worker_gpu.loading import WINDOW_SECONDS, Hardware, Loaded, load_engine, settle_hardware
from worker_gpu.serving import LEFT_BECAUSE_HUNG, Leave, Offer, serve

log = logging.getLogger("whisper_farm.worker")

WRONG_SETTINGS = 2
CANNOT_RUN = 3

_CONNECT_TRY_SECONDS = 2.0  #: before a person is told that this worker waits

#: Makes another engine of the loaded one. A test slows it down; nobody else has a use for it.
Wrap = Callable[[SpeechEngine], SpeechEngine]


def start(arguments: Sequence[str], *, wrap: Wrap | None = None) -> int:
    """Serve until told to leave; the exit code. Whoever calls must then end the process at once."""
    _take_options(arguments)
    try:
        settings, farm = load(WorkerSettings), load(FarmSettings)
        set_up_logging(farm.log_level)
        store = open_store(load(StoreSettings), home=farm.home)
        # Never closed: that would wait for threads that hang at the store or load a model.
        return asyncio.Runner().run(_work(settings, store, wrap))
    except BadRequest as error:
        return _end(error, WRONG_SETTINGS)
    except WorkerFailed as error:
        return _end(error, LEFT_BECAUSE_HUNG)
    except FarmError as error:
        return _end(error, CANNOT_RUN)


def _end(error: FarmError, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _take_options(arguments: Sequence[str]) -> None:
    """Options are other words for the settings in the environment, and go before them."""
    parser = argparse.ArgumentParser(
        prog="python -m worker_gpu",
        description="Serve one model to a farm. Each option stands for the setting WHISPER_FARM_<NAME>;"
        " Temporal's address comes from TEMPORAL_ADDRESS, the store from WHISPER_FARM_STORE and its kin.",
    )
    parser.add_argument("--model", help="a name as 'large-v3-turbo', a hub id as 'org/name', or a folder")
    parser.add_argument("--model-name", help="what to serve it under")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--device-index", help="which GPU; one process serves one")
    parser.add_argument("--compute-type", help="as ctranslate2 names them, for example int8 or float16")
    parser.add_argument("--slots", help="chunks heard at once")
    parser.add_argument("--batch-size", help="windows of 30 s heard at once in a slot")
    parser.add_argument("--drain-seconds", help="to finish what is being heard, once told to leave")
    for name, value in vars(parser.parse_args(arguments)).items():
        if value is not None:
            os.environ[f"WHISPER_FARM_{name.upper()}"] = value


async def _work(settings: WorkerSettings, store: ObjectStore, wrap: Wrap | None) -> int:
    leave = Leave()
    leave.on_signals(at_once=_end_at_once)
    await asyncio.to_thread(store.check)
    hardware = await asyncio.to_thread(settle_hardware, settings)
    weights = await asyncio.to_thread(
        resolve_weights, settings.model, name=settings.model_name, device=hardware.device
    )
    identity = fleet_identity.this_process(
        model=weights.name, weights=weights.fingerprint, slots=hardware.slots, version=program_version()
    )
    loading = asyncio.to_thread(load_engine, weights, hardware)
    loaded, client = await asyncio.gather(loading, _connect(identity, leave))
    if client is None:
        return leave.exit_code
    engine: SpeechEngine = loaded.engine if wrap is None else wrap(loaded.engine)
    step_seconds = loaded.batch_size * WINDOW_SECONDS
    pace = Pace(
        step_audio_seconds=step_seconds,
        # Of an engine that was changed nothing is known.
        estimate=WINDOW_SECONDS / loaded.encoder_seconds if wrap is None else None,
    )
    offer = Offer(
        identity=identity,
        slots=hardware.slots,
        prefetch=settings.prefetch,
        drain_seconds=settings.drain_seconds,
    )
    _say_what_is_served(loaded, identity, store)
    try:
        await serve(engine, store, client, offer=offer, pace=pace, leave=leave)
    except RuntimeError as error:  # what the SDK raises where it can't poll: no namespace, no leave to
        raise FarmUnreachable(
            f"This worker can't poll '{gpu_queue(weights.name)}': {_first_line(error)}."
        ) from None
    return leave.exit_code


async def _connect(identity: WorkerIdentity, leave: Leave) -> Client | None:
    """A client, however long Temporal stays away; None once told to leave before it came."""
    connecting = asyncio.create_task(_connect_at_last(identity))
    leaving = asyncio.create_task(leave.asked.wait())
    await asyncio.wait({connecting, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if connecting.done():
        return connecting.result()
    connecting.cancel()
    log.info("This worker leaves: %s", leave.reason, extra={"action": "worker_left"})
    return None


async def _connect_at_last(identity: WorkerIdentity) -> Client:
    runtime = temporal_client.quiet_runtime()
    told = False
    while True:
        try:
            return await temporal_client.connect(
                identity=str(identity), runtime=runtime, patience_seconds=_CONNECT_TRY_SECONDS
            )
        except FarmUnreachable as error:
            if not told:
                log.warning("%s Waiting for it.", error, extra={"action": "waiting_for_temporal"})
            told = True


def _say_what_is_served(loaded: Loaded, identity: WorkerIdentity, store: ObjectStore) -> None:
    hardware: Hardware = loaded.hardware
    log.info(
        "This worker serves '%s' (weights %s, %s on %s, %d slots, batches of %d) on '%s'; store: %s",
        *(identity.model, identity.weights8, hardware.compute_type, hardware.device, identity.slots),
        *(loaded.batch_size, gpu_queue(identity.model), store.describe()),
        extra={
            "action": "worker_serving",
            "model": identity.model,
            "weights": loaded.engine.weights,
            "device": hardware.device,
            "compute_type": loaded.engine.compute_type,
            "slots": identity.slots,
            "encoder_seconds": loaded.encoder_seconds,
        },
    )


def _end_at_once(code: int) -> NoReturn:
    """What was being heard is taken by another worker once this one's heartbeats stay away."""
    sys.stderr.write("Told to leave a second time; leaving at once.\n")
    sys.stderr.flush()
    os._exit(code)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
