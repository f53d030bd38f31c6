"""What an embedded stack is: the facts in `stack.json`, and in every answer of its control channel.

Plain dataclasses rather than pydantic models: the supervisor is on the way of every cold start, and
importing pydantic would cost it a third of a second. Whoever reads them back has them checked by pydantic.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from whisper_farm.embedded.processes import ProcessMark
from whisper_farm.embedded.whole_files import write_whole

if TYPE_CHECKING:
    from whisper_farm.settings import StoreSettings

Role = Literal["supervisor", "temporal", "store", "control", "gpu"]
StoreKind = Literal["local", "minio"]


class ServedWeights(Protocol):
    """A model that is on this machine, ready to be served: see `whisper_farm.weights.Weights`."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerShape:
    """One transcription process; what is None is left to the worker itself."""

    device: Literal["cpu", "cuda"] | None = None
    device_index: int | None = None  #: of the GPU
    slots: int | None = None  #: chunks heard at once


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServed:
    """A model that the stack serves, and by which processes. None: it is served from elsewhere."""

    name: str
    folder: str
    fingerprint: str
    shapes: tuple[WorkerShape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One process of the stack, as it is now."""

    role: Role
    name: str  #: its own among the stack's, and its log's: `temporal`, `store`, `control`, `gpu-0`
    pid: int | None  #: None: it ended, and is started again in a moment (or not: see `trouble`)
    birth: str  #: see `ProcessMark`
    started: float  #: seconds since the epoch
    ready: bool  #: it answers; of a worker: its model is loaded and its poller was seen
    restarts: int = 0
    last_words: str = ""  #: what it said last before it ended, where it ended before
    model: str | None = None
    trouble: str | None = None  #: its last words, where it is not started any more

    @property
    def mark(self) -> ProcessMark | None:
        return None if self.pid is None else ProcessMark(pid=self.pid, birth=self.birth)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalFacts:
    """Where the stack's Temporal is."""

    address: str  #: `host:port`
    namespace: str
    ui: str  #: `http://host:port`
    cli: str  #: path of the command


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """The stack's object store, as its clients are to open it."""

    kind: StoreKind
    description: str  #: in a few words, without a secret
    environment: Mapping[str, str] = field(repr=False)  #: `WHISPER_FARM_...` with a client's credential


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack at one moment."""

    stack: str  #: its id: of one supervisor's life
    version: str  #: `version.stack_version()` of its program
    control_port: int
    token: str = field(repr=False)  #: whoever knows it may command the stack
    temporal: TemporalFacts
    store: StoreFacts
    models: tuple[ModelServed, ...]
    default_model: str | None
    stay: bool  #: it stays until `down`
    leases: int  #: commands that need it now
    processes: tuple[ProcessState, ...]  #: the supervisor is the first

    @property
    def supervisor(self) -> ProcessState:
        return self.processes[0]

    @property
    def alive(self) -> bool:
        """Whether its supervisor runs."""
        mark = self.supervisor.mark
        return mark is not None and mark.alive

    def workers_of(self, model: str) -> tuple[ProcessState, ...]:
        return tuple(
            process for process in self.processes if process.role == "gpu" and process.model == model
        )

    def store_settings(self) -> "StoreSettings":
        """The settings with which a client opens the stack's store, whatever its own environment says."""
        from whisper_farm.settings import StoreSettings

        said = {
            name.removeprefix("WHISPER_FARM_").lower(): value
            for name, value in self.store.environment.items()
        }
        nothing: dict[str, object] = {
            name: definition.default for name, definition in StoreSettings.model_fields.items()
        }
        return StoreSettings.model_validate(nothing | said)


def write_state(path: Path, state: StackState) -> None:
    """Put the state where clients find it: whole, mode 0600."""
    write_whole(path, _as_json(state), durable=False)


def is_told(path: Path, state: StackState) -> bool:
    """Whether `path` holds exactly this state. Costs a small read."""
    try:
        return path.read_bytes() == _as_json(state)
    except OSError:
        return False


def _as_json(state: StackState) -> bytes:
    return json.dumps(dataclasses.asdict(state)).encode()


def read_state(path: Path) -> StackState | None:
    """The state at `path`, or None where there is none that can be understood."""
    try:
        return parse_state(path.read_bytes())
    except OSError:
        return None


def parse_state(data: bytes) -> StackState | None:
    """The state that this JSON tells, or None where it tells none."""
    from pydantic import TypeAdapter, ValidationError

    try:
        state = TypeAdapter(StackState).validate_json(data)
    except ValidationError:
        return None
    return state if state.processes else None
