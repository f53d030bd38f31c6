"""What a client wants of the stack it joins."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.shapes import count_cores, count_gpus, worker_shapes
from whisper_farm.embedded.starting import Say, Supervision
from whisper_farm.embedded.state import ModelServed, ServedWeights, StoreKind
from whisper_farm.settings import FarmSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a client wants of the stack it joins. None: anything will do."""

    settings: FarmSettings
    weights: ServedWeights | None = None
    workers: int | None = None
    exactly: bool = False  #: these workers and no others, on a stack that serves the model already
    store: StoreKind | None = None
    temporal_port: int | None = None
    say: Say = field(default=lambda _: None)
    supervision: Supervision = field(default_factory=Supervision)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def layout(self) -> HomeLayout:
        return HomeLayout(self.settings.home)

    @property
    def model(self) -> ModelServed | None:
        """The model, and the processes for it where it is not served yet."""
        if self.weights is None:
            return None
        shapes = worker_shapes(self.workers, cores=count_cores(), gpus=count_gpus(self.environ))
        return ModelServed(
            name=self.weights.name,
            folder=str(self.weights.folder),
            fingerprint=self.weights.fingerprint,
            shapes=shapes,
        )

    @property
    def count(self) -> Literal["default", "at_least", "exactly"]:
        if self.workers is None:
            return "default"
        return "exactly" if self.exactly else "at_least"
