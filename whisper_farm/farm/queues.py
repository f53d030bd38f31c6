"""Who serves a model now, and what waits for them.

Temporal tells it in two ways, and neither alone is enough: a queue lists who polled it in the last
minutes, dead workers among them; and workers send heartbeats, but only every ten seconds and only to
servers that take them. A worker counts as alive if it polled or sent a heartbeat, unless its heartbeats
have stopped or its process on this very machine is gone.
"""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListWorkersRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from whisper_farm import fleet_identity
from whisper_farm.errors import BadRequest, FarmUnreachable
from whisper_farm.fleet_identity import WorkerIdentity
from whisper_farm.messages import gpu_queue
from whisper_farm.temporal_client import patiently

#: Workers send a heartbeat every ten seconds.
_SILENT = timedelta(seconds=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One model's queue: its workers that are alive, and the chunks that wait there."""

    model: str
    workers: tuple[WorkerIdentity, ...]
    backlog: int  #: chunks that no worker has taken yet, as far as the queue knows

    @property
    def slots(self) -> int:
        return sum(worker.slots for worker in self.workers)

    @property
    def weights8(self) -> tuple[str, ...]:
        """The first digits of the weights that are served under the name: one, if all is well."""
        return tuple(sorted({worker.weights8 for worker in self.workers}))

    @property
    def trouble(self) -> str | None:
        """What is wrong with the queue, in a sentence, or None."""
        if len(self.weights8) < 2:
            return None
        who = ", ".join(f"{worker.host}:{worker.pid} has {worker.weights8}" for worker in self.workers)
        return (
            f"The model '{self.model}' is served with different weights ({who}); stop the wrong workers, or"
            " serve them under another name."
        )


async def serving(client: Client, model: str) -> Serving:
    """Who serves `model` now.

    Raises:
        FarmUnreachable: the server stays away, or does not tell.
    """
    queue = gpu_queue(model)
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    try:
        described: DescribeTaskQueueResponse = await patiently(
            lambda: client.workflow_service.describe_task_queue(request)
        )
    except RPCError as error:
        raise FarmUnreachable(f"Temporal does not tell who polls '{queue}' ({error.message}).") from None
    heard, silent = await _heartbeats(client)
    polled = {poller.identity for poller in described.pollers}
    alive = (polled | {name for name, its_queue in heard if its_queue == queue}) - silent
    workers = {fleet_identity.parse(name) for name in alive}
    return Serving(
        model=model,
        workers=tuple(sorted(_really_there(workers), key=str)),
        backlog=described.stats.approximate_backlog_count,
    )


async def slots_alive(client: Client, model: str) -> int:
    """How many chunks the model's workers hear at once now; 0 where nobody serves it."""
    return (await serving(client, model)).slots


async def models_served(client: Client) -> list[str]:
    """The names of all models of which a worker sent a heartbeat lately."""
    heard, _ = await _heartbeats(client)
    return sorted({worker.model for name, _ in heard if (worker := fleet_identity.parse(name))})


def nobody_serves(model: str) -> str:
    """What to say of a job that waits for a worker."""
    return (
        f"No worker serves the model '{model}': the job waits until one does; start one where the weights are"
        f" with 'WHISPER_FARM_MODEL={model} python -m worker_gpu'."
    )


def only_weights(found: Serving) -> str | None:
    """The first digits of the weights that are served under the name; None where nobody serves it.

    Raises:
        BadRequest: two workers serve different weights under it.
    """
    if found.trouble is not None:
        raise BadRequest(found.trouble)
    return found.weights8[0] if found.weights8 else None


async def _heartbeats(client: Client) -> tuple[set[tuple[str, str]], set[str]]:
    """Identities and queues of workers that live, and the identities of those whose heartbeats stopped."""
    heard: set[tuple[str, str]] = set()
    silent: set[str] = set()
    try:
        listed = await patiently(
            lambda: client.workflow_service.list_workers(
                ListWorkersRequest(namespace=client.namespace, page_size=1000)
            ),
            patience_seconds=20.0,
        )
    except RPCError:
        return heard, silent  # a server that takes no heartbeats
    now = datetime.now(UTC)
    for each in listed.workers_info:
        beat = each.worker_heartbeat
        late = now - beat.heartbeat_time.ToDatetime(tzinfo=UTC) > _SILENT
        if late or beat.status == WorkerStatus.WORKER_STATUS_SHUTDOWN:
            silent.add(beat.worker_identity)
        else:
            heard.add((beat.worker_identity, beat.task_queue))
    return heard, silent - {name for name, _ in heard}


def _really_there(workers: Iterable[WorkerIdentity | None]) -> list[WorkerIdentity]:
    here = socket.gethostname()
    return [worker for worker in workers if worker and (worker.host != here or _runs(worker.pid))]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
