"""A supervisor over plain programs, in place of the real servers and workers: run as a module by the tests.

`temporal` listens at its port, `control` and the workers sleep. A model's name says how its workers fare:
`broken` ends with a sentence and exit code 2, `crashing` with exit code 1, `slow` is up once the data
folder holds a file `loaded`, `stubborn` does not leave when it is told to, any other is well. The number in
the file `open-jobs` of the data folder is how many jobs are open.
"""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whisper_farm.embedded.__main__ import main
from whisper_farm.embedded.environment import common
from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.order import StackOrder
from whisper_farm.embedded.ports import LOOPBACK, settle_ports
from whisper_farm.embedded.spec import ProcessSpec
from whisper_farm.embedded.state import ModelServed, Role, StoreFacts, TemporalFacts, WorkerShape

LISTEN = (
    "import socket, sys, time\n"
    "s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen()\n"
    "while True: s.accept()[0].close()\n"
)
#: Starts a process of its own, as a control worker starts ffmpeg.
WITH_OFFSPRING = "import subprocess; subprocess.run(['sleep', '1000'])"
FATES = {
    "broken": "import sys; sys.stderr.write('The weights are of no use.'); sys.exit(2)",
    "crashing": "import sys; sys.exit('Out of luck.')",
    "stubborn": "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)",
}


@dataclass(frozen=True, slots=True)
class PlainTable:
    stack: str
    layout: HomeLayout
    port: int
    kind: str

    @property
    def temporal(self) -> TemporalFacts:
        return TemporalFacts(address=f"{LOOPBACK}:{self.port}", namespace="default", ui="", cli="")

    @property
    def store(self) -> StoreFacts:
        return StoreFacts(
            kind="minio" if self.kind == "minio" else "local", description="plain", environment={}
        )

    def servers(self) -> Sequence[ProcessSpec]:
        listen = (sys.executable, "-S", "-c", LISTEN, str(self.port))
        offspring = (sys.executable, "-S", "-c", WITH_OFFSPRING)
        return [
            self._spec("temporal", "temporal", listen, ready=lambda _: self._answers()),
            self._spec("control", "control", offspring),
        ]

    def worker(self, name: str, model: ModelServed, shape: WorkerShape) -> ProcessSpec:
        fate = FATES.get(model.name)
        argv = (sys.executable, "-S", "-c", fate) if fate else ("sleep", "1000")
        return self._spec("gpu", name, argv, model=model.name, ready=lambda _: self._is_loaded(model.name))

    def open_jobs(self) -> int:
        return int((self.layout.root / "open-jobs").read_text())

    def _is_loaded(self, model: str) -> bool:
        return model not in {"broken", "crashing"} and (
            model != "slow" or (self.layout.root / "loaded").exists()
        )

    def _answers(self) -> bool:
        socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        return True

    def _spec(
        self,
        role: Role,
        name: str,
        argv: tuple[str, ...],
        *,
        model: str | None = None,
        ready: Callable[[int], bool] = lambda _: True,
    ) -> ProcessSpec:
        return ProcessSpec(
            role=role,
            name=name,
            argv=argv,
            environment={
                **common(self.stack, self.layout.root, self.layout.scratch),
                "PATH": "/usr/bin:/bin",
            },
            ready=ready,
            model=model,
            leave_seconds=2.0,
        )


def make_plain_table(order: StackOrder, stack: str, environ: Mapping[str, str]) -> PlainTable:
    layout = HomeLayout(Path(order.home))
    port = settle_ports(layout.ports_file, ["temporal"], temporal=order.temporal_port)["temporal"]
    return PlainTable(stack, layout, port, order.store)


if __name__ == "__main__":
    main(make_plain_table)
