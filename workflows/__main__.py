"""The control worker: `python -m workflows`. Runs workflows and all activities that need no GPU."""

import asyncio
import logging
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.worker import Worker

from activities.cutting import CuttingActivities
from activities.jobs import JobActivities
from activities.recordings import RecordingActivities
from activities.transcripts import TranscriptActivities
from whisper_farm import temporal_client
from whisper_farm.errors import BadRequest, FarmError
from whisper_farm.farm.queues import slots_alive
from whisper_farm.farm.recovery import restart_lost_jobs
from whisper_farm.log import set_up_logging
from whisper_farm.messages import CONTROL_QUEUE
from whisper_farm.search_attributes import ensure_search_attributes
from whisper_farm.settings import FarmSettings, IntakeSettings, StoreSettings, load
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.home import open_bucket, open_store
from workflows.sandbox import sandbox
from workflows.transcribe_recording import ENDS_A_JOB, TranscribeWorkflow

log = logging.getLogger("whisper_farm.control")

#: Effects at once. Each is a thread that mostly waits; cutting is the only one that computes.
ACTIVITY_THREADS = 24

#: A cancellation reaches a cutter with the answer to a heartbeat, and the SDK holds beats back for so long.
HEARTBEAT_THROTTLE = timedelta(seconds=2)

#: To hand running effects back when told to leave. They are retried by the next control worker.
DRAIN = timedelta(seconds=2)


def worker(client: Client, store: ObjectStore, scratch: Path, threads: ThreadPoolExecutor) -> Worker:
    """The control worker, wired."""
    farm, intake, stores = load(FarmSettings), load(IntakeSettings), load(StoreSettings)

    async def slots_of(model: str) -> int:
        return await slots_alive(client, model)

    jobs = JobActivities(store, farm)
    recordings = RecordingActivities(
        store, intake, lambda bucket: open_bucket(stores, bucket, home=farm.home), scratch
    )
    cutting = CuttingActivities(store, client, intake, scratch, slots_of)
    transcripts = TranscriptActivities(store)
    return Worker(
        client,
        task_queue=CONTROL_QUEUE,
        workflows=[TranscribeWorkflow],
        activities=[
            jobs.open_job,
            jobs.close_job,
            recordings.fetch_recording,
            recordings.sample_language,
            cutting.settle_plan,
            cutting.cut_recording,
            cutting.drop_chunks,
            transcripts.merge_transcript,
        ],
        activity_executor=threads,
        max_concurrent_activities=ACTIVITY_THREADS,
        graceful_shutdown_timeout=DRAIN,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        workflow_failure_exception_types=list(ENDS_A_JOB),
        workflow_runner=sandbox(),
    )


def load_ahead() -> None:
    """Import what activities import when they are first called (numpy, av, httpx): no first job waits for it.

    A stack's server comes up meanwhile, and there is no sandbox yet whose imports could meet these.
    """
    import whisper_farm.chunking.cutter
    import whisper_farm.intake.fetching
    import whisper_farm.intake.sampling
    import whisper_farm.intake.web  # noqa: F401


async def serve() -> None:
    """Poll until told to leave."""
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    farm = load(FarmSettings)
    store = open_store(load(StoreSettings), home=farm.home)
    connecting = temporal_client.connect(
        identity=temporal_client.identity("control"),
        runtime=temporal_client.quiet_runtime(),
        patience_seconds=60.0,
    )
    client, _ = await asyncio.gather(connecting, asyncio.to_thread(load_ahead))
    await ensure_search_attributes(client)
    with (
        tempfile.TemporaryDirectory(prefix="whisper-farm-") as scratch,
        ThreadPoolExecutor(ACTIVITY_THREADS, thread_name_prefix="effect") as threads,
    ):
        async with worker(client, store, Path(scratch), threads):
            log.info("The control worker polls '%s'", CONTROL_QUEUE, extra={"action": "control_started"})
            restarted = await restart_lost_jobs(client, store)
            for job in restarted:
                log.info(
                    "Started job '%s' again: its server had lost it", job, extra={"action": "job_restarted"}
                )
            await leave.wait()
        log.info("The control worker leaves: it was told to", extra={"action": "control_left"})


def main() -> int:
    """Serve; the exit code: 0 told to leave, 2 wrong settings, 3 Temporal or the store is out of reach."""
    try:
        set_up_logging(load(FarmSettings).log_level)
        asyncio.run(serve())
    except BadRequest as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except FarmError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except RuntimeError as error:  # what the SDK raises where it can't poll: no leave to, most of all
        why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        sys.stderr.write(f"This control worker can't poll '{CONTROL_QUEUE}': {why}.\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
