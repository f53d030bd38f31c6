"""The processes of a real stack: Temporal's dev server, perhaps MinIO, control and transcription workers."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whisper_farm.embedded import dev_server, minio_server
from whisper_farm.embedded.dev_server import DevServer, polls_as
from whisper_farm.embedded.environment import (
    common,
    farm_settings,
    person_environment,
    python,
    worker_settings,
)
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.minio_server import MinioServer, settle_keys
from whisper_farm.embedded.order import StackOrder
from whisper_farm.embedded.ports import settle_ports
from whisper_farm.embedded.spec import ProcessSpec
from whisper_farm.embedded.state import ModelServed, StoreFacts, TemporalFacts, WorkerShape

#: As `messages.CONTROL_QUEUE` and `messages.gpu_queue`: `messages` needs pydantic, which a cold start can't
#: wait for.
CONTROL_QUEUE = "whisper-farm"
GPU_QUEUE = "whisper-farm-gpu."

#: How long a worker that is told to leave may finish what it is at: `down` and a person wait for it.
DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTable:
    """See `ProcessTable`."""

    stack: str
    layout: HomeLayout
    server: DevServer
    store: StoreFacts
    minio: MinioServer | None
    environ: Mapping[str, str] = field(repr=False)  #: of the person who started the stack

    @property
    def temporal(self) -> TemporalFacts:
        return self.server.facts

    def servers(self) -> Sequence[ProcessSpec]:
        shared = self._shared()
        control = ProcessSpec(
            role="control",
            name="control",
            argv=python("workflows"),
            environment={
                **person_environment(self.environ),
                **farm_settings(self.environ),
                **self._temporal_settings(),
                **self.store.environment,
                **shared,
            },
            ready=lambda pid: all(
                polls_as(self.server.pollers(CONTROL_QUEUE, kind), pid) for kind in ("WORKFLOW", "ACTIVITY")
            ),
            after=("store",) if self.minio else (),
        )
        store = [self.minio.spec(shared)] if self.minio else []
        return [self.server.spec(shared), *store, control]

    def worker(self, name: str, model: ModelServed, shape: WorkerShape) -> ProcessSpec:
        queue = GPU_QUEUE + model.name
        told = {
            "MODEL": model.folder,
            "MODEL_NAME": model.name,
            "DEVICE": shape.device,
            "DEVICE_INDEX": shape.device_index,
            "SLOTS": shape.slots,
        }
        credential = self.minio.environment_for("worker") if self.minio else dict(self.store.environment)
        return ProcessSpec(
            role="gpu",
            name=name,
            argv=python("worker_gpu"),
            environment={
                **person_environment(self.environ),
                "WHISPER_FARM_DRAIN_SECONDS": str(DRAIN_SECONDS),
                **worker_settings(self.environ),
                **{f"WHISPER_FARM_{key}": str(value) for key, value in told.items() if value is not None},
                **self._temporal_settings(),
                **credential,
                **self._shared(),
            },
            ready=lambda pid: polls_as(self.server.pollers(queue, "ACTIVITY"), pid),
            after=("store",) if self.minio else (),
            leave_seconds=float(self.environ.get("WHISPER_FARM_DRAIN_SECONDS") or DRAIN_SECONDS) + 5.0,
            model=model.name,
        )

    def open_jobs(self) -> int:
        return self.server.running_jobs()

    def _shared(self) -> dict[str, str]:
        return common(self.stack, self.layout.root, self.layout.scratch)

    def _temporal_settings(self) -> dict[str, str]:
        facts = self.server.facts
        # Profiles of the person's other Temporals (TLS, API keys) are none of this one's business.
        return {
            "TEMPORAL_ADDRESS": facts.address,
            "TEMPORAL_NAMESPACE": facts.namespace,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }


def make_table(order: StackOrder, stack: str, environ: Mapping[str, str]) -> RealTable:
    """The table for `order`. Settles its ports and, for a MinIO, its keys.

    Raises:
        StackBroken: a port or the store's keys can't be had as asked.
    """
    layout = HomeLayout(Path(order.home))
    names = dev_server.PORT_NAMES + (minio_server.PORT_NAMES if order.store == "minio" else ())
    ports = settle_ports(layout.ports_file, names, temporal=order.temporal_port)
    minio = None
    if order.store == "minio":
        assert order.minio is not None
        minio = MinioServer(
            program=Path(order.minio),
            folder=layout.minio,
            port=ports["store"],
            bucket=order.bucket,
            region=order.region,
            keys=settle_keys(layout.minio / "credentials.json"),
        )
    return RealTable(
        stack=stack,
        layout=layout,
        server=DevServer(
            cli=Path(order.temporal_cli),
            version=order.temporal_version,
            folder=layout.temporal,
            ports=ports,
        ),
        store=minio.facts if minio else _folder_store(order, layout),
        minio=minio,
        environ=environ,
    )


def _folder_store(order: StackOrder, layout: HomeLayout) -> StoreFacts:
    folder = order.store_folder or str(layout.store)
    return StoreFacts(
        kind="local",
        description=f"folder {folder}",
        environment={
            "WHISPER_FARM_STORE": "local",
            "WHISPER_FARM_STORE_FOLDER": folder,
            "WHISPER_FARM_BUCKET": order.bucket,
        },
    )
