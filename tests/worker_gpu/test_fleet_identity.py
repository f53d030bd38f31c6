import os

import pytest

from whisper_farm.fleet_identity import WorkerIdentity, parse, this_process


def test_a_worker_says_what_it_serves_in_one_line() -> None:
    worker = WorkerIdentity(
        model="podcasts-1a2b3c4d", weights8="1a2b3c4d", slots=2, host="studio", pid=4242, version="0.1.0"
    )

    assert str(worker) == "gpu 4242@studio podcasts-1a2b3c4d weights=1a2b3c4d slots=2 v=0.1.0"
    assert parse(str(worker)) == worker


def test_this_process_is_known_by_its_pid() -> None:
    worker = this_process(model="org/name", weights="ab" * 32, slots=4, version="0.1.0")

    assert worker.pid == os.getpid()
    assert worker.weights8 == "abababab"
    assert parse(str(worker)) == worker


@pytest.mark.parametrize(
    "text", ["", "control 1@here", "4242@studio", "gpu x@studio m weights=1 slots=2 v=1"]
)
def test_others_are_no_workers(text: str) -> None:
    assert parse(text) is None
