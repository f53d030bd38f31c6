"""What a transcription worker calls itself towards Temporal, so that clients can read what is served.

A poller's identity is the only thing that Temporal tells about a worker to everybody who asks for a
queue's pollers. So it says it all, in one line that people can read and programs can parse:

    gpu 4242@studio podcasts-1a2b3c4d weights=1a2b3c4d slots=2 v=0.1.0
"""

import os
import re
import socket
from dataclasses import dataclass

_IDENTITY = re.compile(
    r"gpu (?P<pid>\d{1,10})@(?P<host>\S{1,253}) (?P<model>\S{1,201})"
    r" weights=(?P<weights8>[0-9a-f]{8}) slots=(?P<slots>\d{1,4}) v=(?P<version>\S{1,40})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIdentity:
    """One transcription worker: the process, and what it serves."""

    model: str  #: the name it is served under
    weights8: str  #: the first eight hex digits of the weights' fingerprint
    slots: int  #: chunks it hears at once
    host: str
    pid: int
    version: str  #: of the program

    def __str__(self) -> str:
        return (
            f"gpu {self.pid}@{self.host} {self.model}"
            f" weights={self.weights8} slots={self.slots} v={self.version}"
        )


def parse(text: str) -> WorkerIdentity | None:
    """The worker that calls itself `text`, or None where that is no transcription worker of this farm."""
    found = _IDENTITY.fullmatch(text)
    if found is None:
        return None
    return WorkerIdentity(
        model=found["model"],
        weights8=found["weights8"],
        slots=int(found["slots"]),
        host=found["host"],
        pid=int(found["pid"]),
        version=found["version"],
    )


def this_process(*, model: str, weights: str, slots: int, version: str) -> WorkerIdentity:
    """The identity of a worker in this process. `weights` is the whole fingerprint."""
    host = re.sub(r"\s+", "-", socket.gethostname().strip()) or "localhost"
    return WorkerIdentity(
        model=model, weights8=weights[:8], slots=slots, host=host, pid=os.getpid(), version=version
    )
