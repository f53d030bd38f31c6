"""The processes of a stack and the models they serve: who is there, who is to come, who is to go."""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

from whisper_farm.embedded.commands import Serve
from whisper_farm.embedded.keeper import Keeper
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.logs import bound
from whisper_farm.embedded.spec import ProcessSpec, ProcessTable
from whisper_farm.embedded.state import ModelServed, ProcessState, WorkerShape

#: Those that leave first: the servers stay until nobody needs them to say goodbye.
_WORKERS = frozenset({"gpu", "control"})


class Crew:
    """A keeper for each process of the table. Used from one event loop, in its thread."""

    def __init__(
        self,
        table: ProcessTable,
        layout: HomeLayout,
        changed: Callable[[], None],
        is_ours: Callable[[], bool],
    ) -> None:
        """`changed` is called whenever `states` or `models` are others than before; `is_ours` says whether
        the data folder still is.
        """
        self._table, self._layout, self._changed, self._is_ours = table, layout, changed, is_ours
        self._keepers: dict[str, Keeper] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._retiring: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
        self._models: dict[str, ModelServed] = {}
        self._shapes: dict[str, WorkerShape] = {}  # of the workers, by name

    def begin(self, models: Iterable[ModelServed]) -> None:
        """Start the servers, and workers for these models."""
        for spec in self._table.servers():
            self._begin(spec)
        for model in models:
            self._models[model.name] = model
            self._add_workers(model, model.shapes)

    @property
    def models(self) -> tuple[ModelServed, ...]:
        return tuple(self._models.values())

    @property
    def states(self) -> tuple[ProcessState, ...]:
        """Of all processes: also those that were told to leave while the stack goes on, for as long as they
        still run. These serve no model any more.
        """
        leaving = (keeper.state for keeper, _ in self._retiring.values())
        still_there = (dataclasses.replace(state, model=None) for state in leaving if state.pid is not None)
        return (*(keeper.state for keeper in self._keepers.values()), *still_there)

    @property
    def is_broken(self) -> bool:
        """Whether a process is given up without which nothing runs."""
        return any(keeper.given_up for keeper in self._keepers.values() if keeper.spec.role != "gpu")

    def look(self) -> None:
        """One or more children may have ended."""
        for keeper in (*self._keepers.values(), *(keeper for keeper, _ in self._retiring.values())):
            keeper.look()

    async def bound_logs(self) -> None:
        """Begin those logs anew that have grown too long. A slow disk keeps nobody waiting for it."""
        for name in ("supervisor", *self._keepers):
            await asyncio.to_thread(bound, self._layout.log(name))

    async def leave(self) -> None:
        """End all processes: the workers first, then the servers that they say goodbye to."""
        await asyncio.gather(*(task for _, task in self._retiring.values()), return_exceptions=True)
        keepers = list(self._keepers.values())
        for stage in (True, False):
            of_stage = (one for one in keepers if (one.spec.role in _WORKERS) is stage)
            await asyncio.gather(*(self._end(keeper) for keeper in of_stage))

    # -- models

    def has_other_weights(self, wanted: ModelServed) -> bool:
        """Whether other weights than these are served under their name."""
        known = self._models.get(wanted.name)
        return known is not None and known.fingerprint != wanted.fingerprint

    def serve(self, serve: Serve) -> None:
        """Start what is missing and retire what is too many or of no use."""
        wanted, known = serve.model, self._models.get(serve.model.name)
        there = self._workers_of(wanted.name)
        if known is None or self.has_other_weights(wanted) or _has_moved(known, wanted):
            self._replace(there, wanted)
            return
        if serve.count == "exactly" and known.shapes != wanted.shapes:
            self._replace(there, wanted)
            return
        more = wanted.shapes[len(known.shapes) :] if serve.count == "at_least" else ()
        lost = [keeper for keeper in there if keeper.given_up]
        again = [self._shapes[keeper.spec.name] for keeper in lost]
        self._retire(lost)
        self._models[wanted.name] = dataclasses.replace(known, shapes=(*known.shapes, *more))
        self._add_workers(known, (*again, *more))
        self._changed()

    def _replace(self, there: Iterable[Keeper], wanted: ModelServed) -> None:
        self._retire(there)
        self._models[wanted.name] = wanted
        self._add_workers(wanted, wanted.shapes)
        self._changed()

    def _add_workers(self, model: ModelServed, shapes: Iterable[WorkerShape]) -> None:
        for shape in shapes:
            taken = {*self._keepers, *self._retiring}
            name = next(name for n in itertools.count() if (name := f"gpu-{n}") not in taken)
            self._shapes[name] = shape
            self._begin(self._table.worker(name, model, shape))

    def _workers_of(self, model: str) -> list[Keeper]:
        return [k for k in self._keepers.values() if k.spec.role == "gpu" and k.spec.model == model]

    # -- keepers

    def _begin(self, spec: ProcessSpec) -> None:
        keeper = Keeper(
            spec,
            log=self._layout.log(spec.name),
            folder=self._layout.root,
            changed=self._changed,
            is_ours=self._is_ours,
        )
        self._keepers[spec.name] = keeper
        self._keeping[spec.name] = asyncio.create_task(keeper.keep(self._keepers.__getitem__), name=spec.name)

    def _retire(self, keepers: Iterable[Keeper]) -> None:
        """Tell these to leave while the stack goes on. Until they are gone, their names stay taken."""
        for keeper in list(keepers):
            name = keeper.spec.name
            del self._keepers[name]
            self._retiring[name] = keeper, asyncio.create_task(self._end(keeper))

    async def _end(self, keeper: Keeper) -> None:
        name = keeper.spec.name
        await keeper.leave()
        keeping = self._keeping.pop(name, None)
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        self._keepers.pop(name, None)
        self._retiring.pop(name, None)
        self._changed()


def _has_moved(known: ModelServed, wanted: ModelServed) -> bool:
    """Whether the weights went from where they are served, and lie where they are wanted from now."""
    return known.folder != wanted.folder and not Path(known.folder).exists()
