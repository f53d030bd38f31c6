"""`python -m worker_gpu` as somebody elsewhere runs it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from tests.conftest import REPOSITORY
from whisper_farm.fleet_identity import parse
from whisper_farm.messages import gpu_queue
from whisper_farm.temporal_client import connect
from whisper_farm.weights import Weights


@contextmanager
def worker(folder: Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker with only these settings in its environment; killed if it is still there at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "worker_gpu"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(REPOSITORY), **settings},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said_by(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[1]


def test_a_model_that_can_not_be_had_is_one_sentence_and_2(tmp_path: Path) -> None:
    with worker(tmp_path, WHISPER_FARM_MODEL="./nowhere") as process:
        said = said_by(process)

    assert process.returncode == 2
    assert said.startswith("There is no folder")
    assert said.count("\n") == 1


def test_a_wrong_setting_is_one_sentence_and_2(tmp_path: Path) -> None:
    with worker(tmp_path, WHISPER_FARM_SLOTS="many") as process:
        said = said_by(process)

    assert process.returncode == 2
    assert "WHISPER_FARM_SLOTS" in said
    assert said.count("\n") == 1


def test_a_store_that_can_not_be_used_is_one_sentence_and_3(tmp_path: Path, demo_model: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    settings = {"WHISPER_FARM_MODEL": str(demo_model), "WHISPER_FARM_STORE_FOLDER": str(tmp_path / "store")}

    with worker(tmp_path, **settings) as process:
        said = said_by(process)

    assert process.returncode == 3
    assert said.count("\n") == 1


def test_a_worker_waits_for_temporal_and_leaves_when_told_to(tmp_path: Path, demo_model: Path) -> None:
    settings = {"WHISPER_FARM_MODEL": str(demo_model), "TEMPORAL_ADDRESS": "127.0.0.1:9"}

    with worker(tmp_path, **settings) as process:
        assert process.stderr is not None
        assert "Temporal can't be reached at 127.0.0.1:9" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = said_by(process)

    assert process.returncode == 0
    assert "Traceback" not in said


async def test_a_worker_is_seen_on_its_queue_and_drains_when_told_to(
    tmp_path: Path, demo_weights: Weights, temporal_address: str
) -> None:
    settings = {"WHISPER_FARM_MODEL": str(demo_weights.folder), "TEMPORAL_ADDRESS": temporal_address}

    with worker(tmp_path, **settings) as process:
        client = await connect(identity="test", address=temporal_address)
        served = None
        async with asyncio.timeout(90):
            while served is None:
                await asyncio.sleep(0.1)
                described = await client.workflow_service.describe_task_queue(
                    DescribeTaskQueueRequest(
                        namespace="default",
                        task_queue=TaskQueue(name=gpu_queue(demo_weights.name)),
                        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                    )
                )
                served = next((parse(poller.identity) for poller in described.pollers), None)
        process.send_signal(signal.SIGTERM)
        said = await asyncio.to_thread(said_by, process)

    assert served.pid == process.pid
    assert served.weights8 == demo_weights.fingerprint[:8]
    assert process.returncode == 0
    assert "This worker serves" in said
    assert "This worker leaves: it was told to (SIGTERM)" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("option", ["--model", "--slots"])
def test_an_option_stands_for_a_setting(tmp_path: Path, option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker_gpu", "--model", "./nowhere", option, "./nowhere"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert ("WHISPER_FARM_SLOTS" if option == "--slots" else "no folder 'nowhere'") in done.stderr.replace(
        str(tmp_path) + "/", ""
    )
