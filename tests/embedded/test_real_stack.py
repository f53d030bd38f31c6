"""The real thing: dev server, MinIO, control worker, and a transcription worker with the demo's model."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from tests.embedded.test_stack import process
from whisper_farm.embedded.dev_server import PORT_NAMES, RETENTION_SECONDS, DevServer, polls_as
from whisper_farm.embedded.local_http import NoAnswer, ask, ask_json
from whisper_farm.embedded.ports import free_port
from whisper_farm.embedded.processes import wait_until
from whisper_farm.embedded.stack import down, find, join
from whisper_farm.embedded.starting import find_temporal
from whisper_farm.settings import FarmSettings
from whisper_farm.weights import resolve_weights

#: 127.0.0.1 and ::1, as they stand in /proc/net.
LOOPBACKS = {"0100007F", "00000000000000000000000001000000"}
MODEL = Path(__file__).parents[2] / "demo" / "model"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[FarmSettings]:
    """A data folder with a name that tries its programs' patience."""
    settings = FarmSettings(home=tmp_path / "a b'{1...4}?%41#é", idle_seconds=60)
    yield settings
    down(settings)


def environment_of(pid: int | None) -> dict[str, str]:
    data = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(item.split("=", 1) for item in data.split("\0") if item)


def test_a_real_stack_is_up_survives_the_loss_of_any_process_and_goes(real: FarmSettings) -> None:
    said: list[str] = []
    with join(real, weights=resolve_weights(str(MODEL)), say=said.append) as lease:
        state = lease.state
        assert [one.role for one in state.processes] == ["supervisor", "temporal", "control", "gpu"]
        assert "Starting the stack" in said[0]
        for name in ("temporal", "control", "gpu-0"):
            before = process(state, name)
            assert before.pid is not None
            os.kill(before.pid, signal.SIGKILL)

        def all_back() -> bool:
            now = find(real)
            return now is not None and all(one.ready and one.pid for one in now.processes)

        assert wait_until(lambda: not all_back(), 5)
        assert wait_until(all_back, 60)
        now = find(real)
        assert now is not None
        assert now.temporal == state.temporal
        assert [one.restarts for one in now.processes] == [0, 1, 1, 1]
        assert {path.name for path in real.home.iterdir()} >= {"temporal", "logs", "stack.json", "ports.json"}
    assert down(real)
    assert not any(one.mark is not None and one.mark.alive for one in state.processes)
    assert not {"stack.json", "stack.lock", "scratch"} & {path.name for path in real.home.iterdir()}


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_with_minio_a_worker_holds_its_own_credential_and_no_other(real: FarmSettings) -> None:
    from whisper_farm.embedded.minio_server import settle_keys
    from whisper_farm.storage.home import open_store

    with join(real, weights=resolve_weights(str(MODEL)), store="minio") as lease:
        state = lease.state
        assert [one.role for one in state.processes] == ["supervisor", "temporal", "store", "control", "gpu"]
        open_store(state.store_settings(), home=real.home).check()
        keys = settle_keys(real.home / "minio" / "credentials.json")
        worker = environment_of(process(state, "gpu-0").pid)
        control = environment_of(process(state, "control").pid)
        assert worker["WHISPER_FARM_S3_ACCESS_KEY"] == keys["worker"].access
        assert control["WHISPER_FARM_S3_ACCESS_KEY"] == keys["farm"].access
        others = (keys["farm"].secret, keys["root"].secret, state.token)
        assert not set(others) & set(worker.values())
        assert not {keys["root"].secret, state.token} & set(control.values())
        assert not Path.home().joinpath(".mc").exists()
        assert listening(process(state, "store").pid) <= LOOPBACKS
        assert listening(process(state, "temporal").pid) <= LOOPBACKS


def listening(pid: int | None) -> set[str]:
    """The addresses at which a process listens, as the kernel writes them."""
    links = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links}


class RunningServer:
    """A dev server without a supervisor."""

    def __init__(self, folder: Path) -> None:
        program = find_temporal(lambda _: None)
        ports: dict[str, int] = {}
        for name in PORT_NAMES:
            ports[name] = free_port(ports.values())
        self.server = DevServer(cli=program.path, version=program.version, folder=folder, ports=ports)
        self._folder = folder

    async def started(self, last_words: str = "") -> asyncio.subprocess.Process:
        spec = self.server.spec({})
        self.server.clear_unusable_database(last_words)
        with (self._folder / "log").open("a") as log:
            started = await asyncio.create_subprocess_exec(
                *spec.argv, env=dict(spec.environment), cwd=self._folder.parent, stdout=log, stderr=log
            )
        for _ in range(200):
            try:
                if await asyncio.to_thread(self.server.is_ready):
                    break
            except NoAnswer:
                if started.returncode is not None:
                    break
                await asyncio.sleep(0.05)
        return started


@pytest.fixture
async def running(tmp_path: Path) -> Callable[[], RunningServer]:
    folder = tmp_path / "temporal"
    folder.mkdir()
    return lambda: RunningServer(folder)


async def test_the_dev_server_tells_its_jobs_its_pollers_and_keeps_runs_for_a_month(
    running: Callable[[], RunningServer],
) -> None:
    at = running()
    process = await at.started()
    try:
        http = at.server.ports["temporal_http"]
        config = ask_json(http, "/api/v1/namespaces/default")["config"]
        assert isinstance(config, dict)
        assert config["workflowExecutionRetentionTtl"] == f"{RETENTION_SECONDS}s"
        assert await eventually(lambda: at.server.running_jobs() == 0)
        client = await Client.connect(at.server.facts.address, identity=f"gpu {os.getpid()}@here of a test")
        handle = await client.start_workflow(
            "TranscribeWorkflow", id="a-job", task_queue="q", execution_timeout=timedelta(minutes=1)
        )
        assert await eventually(lambda: at.server.running_jobs() == 1)
        await handle.terminate()
        assert await eventually(lambda: at.server.running_jobs() == 0)
        queue = "whisper-farm-gpu.org/model name"
        async with Worker(client, task_queue=queue, activities=[nothing]):
            assert await eventually(lambda: polls_as(at.server.pollers(queue, "ACTIVITY"), os.getpid()))
            assert not polls_as(at.server.pollers(queue, "ACTIVITY"), os.getpid() * 10 + 1)
        with pytest.raises(NoAnswer, match="status 403"):
            await asyncio.to_thread(ask, http, "/api/v1/namespaces/default", host="evil.example")
    finally:
        process.kill()
        await process.wait()


@activity.defn
async def nothing() -> None: ...


async def eventually(true: Callable[[], bool]) -> bool:
    """As a supervisor does, takes a server that can't tell yet (503 in its first moments) for a no."""

    def true_now() -> bool:
        try:
            return true()
        except NoAnswer:
            return False

    return await asyncio.to_thread(wait_until, true_now, 30)


async def test_a_database_whose_making_was_cut_short_is_made_anew(
    running: Callable[[], RunningServer],
) -> None:
    at = running()
    at.server.database.touch()
    process = await at.started()
    try:
        assert process.returncode is None
        assert at.server.is_ready()
    finally:
        process.kill()
        await process.wait()
    with sqlite3.connect(at.server.database) as database:
        assert database.execute("select count(*) from namespaces").fetchone()[0] > 0
    database.close()


async def test_a_damaged_database_is_put_aside_once_the_server_has_said_so(
    running: Callable[[], RunningServer],
) -> None:
    at = running()
    process = await at.started()
    process.kill()
    await process.wait()
    folder = at.server.database.parent
    for path in (at.server.database, *folder.glob("*-wal"), *folder.glob("*-shm")):
        path.write_bytes(b"damaged" * 5000)
    process = await at.started()
    assert await process.wait() != 0
    from whisper_farm.embedded.logs import last_sentence

    process = await at.started(last_sentence(folder / "log"))
    try:
        assert process.returncode is None
        assert list(folder.glob("*.sqlite.damaged-*"))
    finally:
        process.kill()
        await process.wait()
