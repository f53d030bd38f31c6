"""Jobs: beginning one, taking it up again, ending it early.

The job's id is its workflow's id, so the same request twice is one job: a running one is joined, a
complete one is found in the store and not run again, anything else gets a new run, which finds the
results that are stored already.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm import keys
from whisper_farm.errors import BadRequest, FarmUnreachable, JobTaken, ObjectDamaged
from whisper_farm.farm.quoting import quoted
from whisper_farm.farm.watching import Ended
from whisper_farm.identity import request_digest
from whisper_farm.messages import CONTROL_QUEUE, RETRY_FAILED_UPDATE, TRANSCRIBE_WORKFLOW, JobResult
from whisper_farm.models import CatalogueEntry, Current, Transcript
from whisper_farm.request import StoredRequest, TranscribeRequest, check_job_id
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document, read_document
from whisper_farm.temporal_client import patiently

HowBegun = Literal["started", "joined"]


def finished(store: ObjectStore, job: str) -> Ended | None:
    """How the job ended, where the store holds its complete transcript; else None."""
    if known(store, job) is None:
        return None
    ended = last_version(store, job)
    return ended if ended is not None and ended.state == "complete" else None


def last_version(store: ObjectStore, job: str) -> Ended | None:
    """What people see of the job: its current version, or None where it has none."""
    current = find_document(store, keys.job_current(job), Current)
    if current is None:
        return None
    folder = keys.version_folder(job, current.version)
    outputs = {stat.key.rpartition(".")[2]: stat.key for stat in store.list(f"{folder}transcript.")}
    if "json" not in outputs:
        return None
    try:
        transcript = read_document(store, outputs["json"], Transcript)
    except ObjectDamaged:
        return None  # not the farm's any more: a new run writes a new version
    result = JobResult(
        job=job,
        state=current.state,
        version=current.version,
        outputs=outputs,
        language=transcript.language,
        duration_seconds=transcript.duration,
        chunk_count=len(transcript.chunks),
        word_count=transcript.word_count,
        gap_count=len(transcript.gaps),
        message=" ".join(transcript.warnings) or None,
    )
    return Ended(
        job=job,
        state=current.state,
        result=result,
        message=result.message,
        found=True,
        weights=transcript.weights or None,
    )


async def begin(
    client: Client, store: ObjectStore, job: str, request: TranscribeRequest, *, seconds: float | None = None
) -> HowBegun:
    """Start the job, or join it where it runs. `seconds` is the recording's length: short ones go first.

    Raises:
        JobTaken: the id belongs to another request.
    """
    check_job_id(job)
    stored = await asyncio.to_thread(find_document, store, keys.job_request(job), StoredRequest)
    if stored is not None:
        _check_same(stored, request)
    try:
        await patiently(
            lambda: client.start_workflow(
                TRANSCRIBE_WORKFLOW,
                request.model_dump(mode="json"),
                id=job,
                task_queue=CONTROL_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=(request.name or request.source)[:200],
                priority=Priority(priority_key=_priority(seconds), fairness_key=(request.owner or job)[:64]),
            )
        )
    except WorkflowAlreadyStartedError:
        await _check_same_soon(store, job, request)
        return "joined"
    except RPCError as error:
        raise FarmUnreachable(f"Temporal does not start the job '{job}': {error.message}.") from None
    return "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What retrying a job came to."""

    job: str
    how: Literal["started", "running", "complete"]
    chunks: int | None = None  #: of a running job: how many chunks are tried again


def stored_request(store: ObjectStore, job: str) -> StoredRequest:
    """What the job was asked.

    Raises:
        BadRequest: the farm knows no such job.
    """
    stored = known(store, job)
    if stored is None:
        raise BadRequest(f"This farm knows no job {quoted(job)}; 'whisper-farm jobs' lists those it knows.")
    return stored


async def retry(client: Client, store: ObjectStore, job: str, *, model: str | None = None) -> Retried:
    """Try again what failed: in the running job, or as a new run of a closed one.

    `model` is the name that the job's weights are served under now, where it is another one.
    """
    stored = await asyncio.to_thread(stored_request, store, job)
    if await is_running(client, job):
        try:
            chunks: int = await patiently(
                lambda: client.get_workflow_handle(job).execute_update(
                    RETRY_FAILED_UPDATE, result_type=int, rpc_timeout=timedelta(seconds=20)
                )
            )
            return Retried(job=job, how="running", chunks=chunks)
        except (WorkflowUpdateFailedError, RPCError):
            if await is_running(client, job):
                raise FarmUnreachable(f"The job '{job}' runs but does not answer; try again soon.") from None
    if await asyncio.to_thread(finished, store, job):
        return Retried(job=job, how="complete")
    # A run that computed anew is taken up where it stopped: the stored request remembers its take.
    request = stored.request.model_copy(update={"again": False, "model": model or stored.model})
    await begin(client, store, job, request)
    return Retried(job=job, how="started")


async def cancel(client: Client, job: str) -> bool:
    """Ask the job to stop; False where none of that id runs."""
    if not await is_running(client, job):
        return False
    await patiently(client.get_workflow_handle(job).cancel)
    return True


async def is_running(client: Client, job: str) -> bool:
    """Whether a run of the job is open."""
    try:
        description = await patiently(client.get_workflow_handle(job).describe)
    except RPCError as error:
        if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
            return False
        raise FarmUnreachable(f"Temporal does not tell about the job '{job}': {error.message}.") from None
    return description.status is WorkflowExecutionStatus.RUNNING


def known(store: ObjectStore, job: str) -> StoredRequest | None:
    """What the job was asked, or None where the farm knows no such job."""
    return find_document(store, keys.job_request(check_job_id(job)), StoredRequest)


def open_ids(store: ObjectStore) -> set[str]:
    """The ids of all jobs that have begun and not ended."""
    return {stat.key.removeprefix("open/").removesuffix(".json") for stat in store.list("open/")}


def state_of(store: ObjectStore, job: str) -> str:
    """The job's state as the catalogue tells it; `unknown` where it does not."""
    stored = known(store, job)
    entry = entry_of(store, stored) if stored is not None else None
    return entry.state if entry is not None else "unknown"


def name_of(store: ObjectStore, stored: StoredRequest) -> str:
    """The recording's file name, for people."""
    entry = entry_of(store, stored)
    return (entry.name if entry is not None else None) or stored.request.name or stored.job


def entry_of(store: ObjectStore, stored: StoredRequest) -> CatalogueEntry | None:
    """The job's line in the catalogue."""
    return find_document(store, keys.catalogue_entry(stored.submitted_at[:10], stored.job), CatalogueEntry)


def is_same(stored: StoredRequest, request: TranscribeRequest) -> bool:
    """Whether `request` asks for what the stored one asked for."""
    return request_digest(request, model=request.model or stored.model) == stored.digest


def taken(job: str, stored: StoredRequest | None) -> JobTaken:
    """What to say of an id that holds another request."""
    request = stored.request if stored is not None else None
    whose = f", for {quoted(request.name or request.source)}" if request is not None else ""
    return JobTaken(
        f"The job id '{job}' belongs to another request{whose}; choose another id with 'submit --job-id'."
    )


def _check_same(stored: StoredRequest, request: TranscribeRequest) -> None:
    if not is_same(stored, request):
        raise taken(stored.job, stored)


async def _check_same_soon(store: ObjectStore, job: str, request: TranscribeRequest) -> None:
    """As `_check_same`, for a job that runs already and may be about to store its request."""
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline:
        stored = await asyncio.to_thread(find_document, store, keys.job_request(job), StoredRequest)
        if stored is not None:
            _check_same(stored, request)
            return
        await asyncio.sleep(0.1)


def _priority(seconds: float | None) -> int:
    """1 to 5, the lower the sooner: a short recording does not wait behind a long one."""
    match seconds:
        case None:
            return 3
        case _ if seconds < 600.0:
            return 2
        case _ if seconds < 3600.0:
            return 3
        case _:
            return 4
