"""Which farm a command speaks to, and the two things it needs of it: Temporal's client and the store.

Where the environment names a Temporal (`TEMPORAL_ADDRESS`, a profile or its configuration file), that is
a farm elsewhere, whose store is the one that `WHISPER_FARM_...` names. Else it is this machine's own: the
embedded stack of the data folder, which may be down; then its store can still be read where it is a folder.
One that is up and does not answer is never taken for one that is down.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.runtime import Runtime

from whisper_farm import temporal_client
from whisper_farm.embedded import stack
from whisper_farm.embedded.choices import store_kind
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.state import StackState, TemporalFacts, read_state
from whisper_farm.errors import StackBroken
from whisper_farm.settings import FarmSettings, StoreSettings, load
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.home import open_store

_REMOTE_VARIABLES = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


def is_remote(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a farm elsewhere."""
    return any(environ.get(name) for name in _REMOTE_VARIABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """A farm that answers."""

    client: Client
    store: ObjectStore
    stack: StackState | None  #: None: a farm elsewhere

    def ui_of(self, job: str) -> str | None:
        """The job's page in Temporal's own UI, where that is known."""
        if self.stack is None:
            return None
        return f"{self.stack.temporal.ui}/namespaces/{self.client.namespace}/workflows/{job}"


async def reach(settings: FarmSettings, *, running: StackState | None = None) -> Farm:
    """The farm, with its Temporal connected and its store looked at. Starts nothing.

    `running` is the stack that the caller joined, if any.

    Raises:
        FarmUnreachable, StoreUnreachable: they don't answer.
        StackBroken: this machine's own stack does not run, or does not answer.
    """
    if running is None and not is_remote():
        running = stack.find(settings)
        if running is None:
            raise StackBroken(
                f"No stack runs in '{settings.home}'; start one with 'whisper-farm up', or set"
                " TEMPORAL_ADDRESS to a farm's."
            )
    store = records(settings, running=running)
    client = await connect(running.temporal if running is not None else None)
    store.check()
    return Farm(client=client, store=store, stack=running)


async def connect(facts: TemporalFacts | None) -> Client:
    """A client of an embedded stack's Temporal, or (None) of the one that the environment names."""
    return await temporal_client.connect(
        identity=temporal_client.identity("cli"),
        address=facts.address if facts else None,
        namespace=facts.namespace if facts else None,
        runtime=_runtime(),
    )


def records(settings: FarmSettings, *, running: StackState | None = None) -> ObjectStore:
    """The farm's store, which is its record also while nothing of it runs.

    Raises:
        StackBroken: it lies in this stack's own MinIO, which does not run; or the stack does not answer.
        BadRequest: a setting of the store is wrong.
    """
    if is_remote() and running is None:
        return open_store(load(StoreSettings), home=settings.home)
    running = running or stack.find(settings)
    if running is not None:
        return open_store(running.store_settings(), home=settings.home)
    layout = HomeLayout(settings.home)
    if store_kind(layout, read_state(layout.state_file)) == "minio":
        raise StackBroken(
            f"The store of '{settings.home}' is its MinIO, which does not run; start it with"
            " 'whisper-farm up'."
        )
    return open_store(load(StoreSettings, store="local"), home=settings.home)


def _runtime() -> Runtime:
    if not _RUNTIME:
        _RUNTIME.append(temporal_client.quiet_runtime())
    return _RUNTIME[0]


_RUNTIME: list[Runtime] = []
