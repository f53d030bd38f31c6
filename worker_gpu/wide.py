"""The same model once more, with all cores in one transcription: for a short clip that is alone.

Slots have one thread each, because threads inside one transcription scale badly. But a clip of one window
can't be shared among slots, and where a model is slow a person should not wait for one core while the
others idle. So a second copy of the weights is loaded when such a clip comes, and let go some time
after the last one. It costs the memory of the weights while it is there (`small` 250 MB, `large-v3`
1.6 GB in int8) and a second or so to load; docs/benchmarks.md has figures.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING

from worker_gpu.allocator import give_back_memory

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

KEPT_SECONDS = 60.0  #: after its last use

#: An encoder pass over one window that takes longer on one thread is worth a second copy.
SLOW_PASS_SECONDS = 1.5


def is_faster_wide(windows: int, *, slots: int) -> bool:
    """Whether `windows` are heard sooner one after the other by all cores than beside each other by one each.

    Threads inside one transcription bring about the square root of their number: 1.6 on 4, and on 2 the
    encoder 1.5 and the decoder next to nothing.
    """
    beside_each_other = ceil(windows / slots)
    one_after_the_other = windows / slots**0.5
    return slots > 1 and one_after_the_other < beside_each_other


class WideModel:
    """A model that is loaded when it is wanted and let go when it was not wanted for a while."""

    def __init__(self, load: Callable[[], "WhisperModel"]) -> None:
        self._load = load
        self._model: WhisperModel | None = None
        self._users = 0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    @contextmanager
    def loaded(self) -> Iterator["WhisperModel"]:
        """The model, for the time of the body."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._model is None:
                self._model = self._load()
            model = self._model
            self._users += 1
        try:
            yield model
        finally:
            del model
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._timer = threading.Timer(KEPT_SECONDS, self._let_go)
                    self._timer.daemon = True
                    self._timer.start()

    def _let_go(self) -> None:
        with self._lock:
            if self._users == 0:
                self._model = None
                give_back_memory()
