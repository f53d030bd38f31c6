"""One way to reach Temporal, for clients and workers alike.

Address, namespace, TLS and API key are read as Temporal's own command line reads them
(`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, its configuration file, ...). Two things are mended here:
the SDK's calls give up after about ten seconds, which is less than a server takes to come back; and
its warnings about a server that is away would drown a progress bar.
"""

import asyncio
import os
import re
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from whisper_farm.errors import BadRequest, FarmUnreachable

T = TypeVar("T")

#: What a server says, or what the SDK says in its place, while it is down, starting or swamped.
PASSING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.ABORTED,
    }
)


def quiet_runtime() -> Runtime:
    """A runtime whose Rust core says errors only. Call once a process."""
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
        ),
        worker_heartbeat_interval=timedelta(seconds=10),
    )


def identity(role: str) -> str:
    """`<role> <pid>@<host>`: how this process is called in Temporal."""
    return f"{role} {os.getpid()}@{socket.gethostname()}"


async def connect(
    *,
    identity: str,
    address: str | None = None,
    namespace: str | None = None,
    runtime: Runtime | None = None,
    patience_seconds: float = 10.0,
) -> Client:
    """A client of the farm's Temporal: the one at `address`, or the one that the environment names.

    Raises:
        FarmUnreachable: nothing answers within `patience_seconds`, it does not let us in, or it has no such
            namespace.
    """
    # An embedded stack's address is handed in, and what the environment says of another server (its key,
    # its certificates) must not reach it.
    config = _configured() if address is None else ClientConnectConfig(target_host=address)
    config.setdefault("target_host", "localhost:7233")
    if namespace is not None:
        config["namespace"] = namespace
    where = config["target_host"]
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            client = await Client.connect(
                **config, identity=identity, runtime=runtime, data_converter=pydantic_data_converter
            )
            if address is None:
                await _check_namespace(client, where)
            return client
        except (RuntimeError, RPCError) as error:
            # The SDK wraps whatever went wrong while connecting into a RuntimeError.
            if time.monotonic() >= deadline:
                raise FarmUnreachable(
                    f"Temporal can't be reached at {where} ({_core_of(error)}); start a stack with"
                    " 'whisper-farm up', or set TEMPORAL_ADDRESS to the farm's."
                ) from None
            await asyncio.sleep(0.2)


async def _check_namespace(client: Client, where: str) -> None:
    """Raises `FarmUnreachable` where the server knows no such namespace, or does not let us at it."""
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise FarmUnreachable(
                f"Temporal at {where} has no namespace '{client.namespace}'; correct TEMPORAL_NAMESPACE, or"
                " create it with 'temporal operator namespace create'."
            ) from None
        if error.status in {RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED}:
            raise FarmUnreachable(
                f"Temporal at {where} does not let us at the namespace '{client.namespace}'"
                f" ({_first_line(error)}); correct TEMPORAL_API_KEY or its TLS certificate."
            ) from None
        if error.status in PASSING:
            raise


def _configured() -> ClientConnectConfig:
    """What Temporal's environment variables and its configuration file say."""
    try:
        return ClientConfig.load_client_connect_config()
    except Exception as error:  # the SDK's own, of no class that it names
        raise BadRequest(
            f"Temporal's client configuration can't be used ({_first_line(error)}); correct"
            " TEMPORAL_PROFILE or its file, or unset it."
        ) from None


async def patiently(call: Callable[[], Awaitable[T]], *, patience_seconds: float = 120.0) -> T:
    """`await call()`, again and again while the server is away.

    Raises:
        FarmUnreachable: it is still away after `patience_seconds`.
        RPCError: it answered, and said no.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return await call()
        except RPCError as error:
            if error.status not in PASSING:
                raise
            if time.monotonic() >= deadline:
                raise FarmUnreachable(
                    f"Temporal did not answer for {patience_seconds:.0f} s: {_first_line(error)}. The job is"
                    " kept; look at 'whisper-farm status'."
                ) from None
            await asyncio.sleep(0.5)


def _core_of(error: BaseException) -> str:
    """What the SDK's Rust core says of a connection without its wrappings: `Connection refused`."""
    said = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return said[-1][:200] if said else _first_line(error)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:200]
