import json
import logging
from collections.abc import Iterator

import pytest
from temporalio.exceptions import ApplicationError

from whisper_farm.log import set_up_logging


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


def test_a_person_reads_one_sentence_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")

    logging.getLogger("whisper_farm.x").info("Chunk %d\nheard", 3, extra={"action": "chunk_heard"})
    logging.getLogger("whisper_farm.x").debug("too much")

    assert capsys.readouterr().err[20:] == "info    Chunk 3 heard\n"


def test_a_machine_reads_one_object_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHISPER_FARM_LOG_FORMAT", "json")
    set_up_logging("info")

    logging.getLogger("whisper_farm.x").warning("Chunk heard", extra={"action": "chunk_heard", "chunk": 3})

    entry = json.loads(capsys.readouterr().err)
    assert entry["message"] == "Chunk heard"
    assert entry["level"] == "warning"
    assert entry["action"] == "chunk_heard"
    assert entry["chunk"] == 3


def test_a_failed_activity_is_one_line_without_its_stack(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")
    try:
        raise ApplicationError("The store is down.")
    except ApplicationError:
        logging.getLogger("temporalio.activity").warning("Completing activity as failed", exc_info=True)

    said = capsys.readouterr().err
    assert said.endswith("Completing activity as failed: The store is down.\n")
    assert said.count("\n") == 1
