"""What a supervisor keeps alive: one `ProcessSpec` for each process, and the table that makes them.

The supervisor knows nothing of Temporal, stores or models; a table does. Tests hand in a table of
plain programs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from whisper_farm.embedded.state import ModelServed, Role, StoreFacts, TemporalFacts, WorkerShape


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process: how it is started, when it counts as up, and how it is told to leave."""

    role: Role
    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    #: Whether the process of this pid is up. Asked from a thread, again and again until it says yes; it
    #: may finish the process's set-up, and may raise `OSError` where the process does not answer yet.
    ready: Callable[[int], bool]
    after: tuple[str, ...] = ()  #: names of processes that must be up before this one is started
    leave_seconds: float = 5.0  #: between SIGTERM and SIGKILL
    model: str | None = None
    before_start: Callable[[str], None] | None = None  #: handed the last words of a start that failed, or ''


class ProcessTable(Protocol):
    """All processes of one stack."""

    @property
    def temporal(self) -> TemporalFacts: ...

    @property
    def store(self) -> StoreFacts: ...

    def servers(self) -> Sequence[ProcessSpec]:
        """Everything but transcription workers."""

    def worker(self, name: str, model: ModelServed, shape: WorkerShape) -> ProcessSpec:
        """A transcription worker of this name."""

    def open_jobs(self) -> int:
        """How many jobs run now. Blocks; raises `OSError` where that can't be told."""
