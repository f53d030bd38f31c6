"""Jobs that were open when their server's database was lost or replaced, and jobs ended from outside.

The store's marks under `open/` say which jobs have begun and not ended. A mark whose workflow the
server does not know belongs to a lost job: it is started again from its stored request, and finds the
results that were stored before. A mark whose workflow has closed belongs to a run that was terminated
before it could close its job: the catalogue is told. What can't be read concerns its own job only.
"""

import asyncio
import logging
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm import keys
from whisper_farm.errors import ObjectDamaged
from whisper_farm.messages import CONTROL_QUEUE, TRANSCRIBE_WORKFLOW
from whisper_farm.models import CatalogueEntry, OpenMark
from whisper_farm.request import StoredRequest
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document, write_document
from whisper_farm.temporal_client import patiently

log = logging.getLogger(__name__)


async def restart_lost_jobs(client: Client, store: ObjectStore) -> list[str]:
    """Start every lost job again and enter those that were ended from outside; ids of the former.

    Raises:
        FarmUnreachable, StoreUnreachable: the server or the store stays away.
    """
    restarted = []
    for stat in await asyncio.to_thread(lambda: list(store.list("open/"))):
        try:
            if (job := await _look_at(client, store, stat.key)) is not None:
                restarted.append(job)
        except (ObjectDamaged, RPCError) as error:
            log.warning(
                "The open job of '%s' can't be taken up again: %s",
                *(stat.key, error),
                extra={"action": "job_not_restarted"},
            )
    return restarted


async def _look_at(client: Client, store: ObjectStore, key: str) -> str | None:
    """Do what the mark under `key` calls for; the job's id where it was started again."""
    mark = await asyncio.to_thread(find_document, store, key, OpenMark)
    if mark is None:
        return None
    status = await _status(client, mark.job)
    if status is None:
        return mark.job if await _start_again(client, store, mark.job) else None
    if status is not WorkflowExecutionStatus.RUNNING:
        await asyncio.to_thread(_enter_as_ended_from_outside, store, mark, status)
    return None


async def _status(client: Client, job: str) -> WorkflowExecutionStatus | None:
    try:
        description = await patiently(client.get_workflow_handle(job).describe)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return description.status


async def _start_again(client: Client, store: ObjectStore, job: str) -> bool:
    stored = await asyncio.to_thread(find_document, store, keys.job_request(job), StoredRequest)
    if stored is None:
        await asyncio.to_thread(store.delete, [keys.open_mark(job)])
        return False
    # What the lost run computed anew stays: the stored request remembers its take.
    request = stored.request.model_copy(update={"again": False})
    await patiently(
        lambda: client.start_workflow(
            TRANSCRIBE_WORKFLOW,
            request.model_dump(mode="json"),
            id=job,
            task_queue=CONTROL_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=stored.request.name,
        )
    )
    return True


def _enter_as_ended_from_outside(store: ObjectStore, mark: OpenMark, status: WorkflowExecutionStatus) -> None:
    key = keys.catalogue_entry(mark.submitted_at[:10], mark.job)
    entry = find_document(store, key, CatalogueEntry)
    if entry is not None and entry.state == "running":
        ended = {
            "state": "failed",
            "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "message": f"Its run was ended from outside ({status.name.lower()});"
            f" try: whisper-farm retry {mark.job}",
        }
        write_document(store, key, entry.model_copy(update=ended))
    store.delete([keys.open_mark(mark.job)])
