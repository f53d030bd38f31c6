"""One place turns what went wrong into an exit code and a sentence."""

import errno
from pathlib import Path

import pytest

from whisper_farm import errors
from whisper_farm.cli.faults import fault_of
from whisper_farm.cli.signals import Interrupted


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadRequest("no"), 2),
        (errors.OutputExists("no"), 2),
        (errors.UnknownModel("no"), 2),
        (errors.RecordingUnusable("no"), 2),
        (errors.SourceRefused("no"), 2),
        (errors.FarmUnreachable("no"), 3),
        (errors.StoreFull("no"), 3),
        (errors.StackBroken("no"), 3),
        (errors.ServerMissing("Temporal", "none", "Build it."), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (Interrupted("kept"), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_error_has_its_exit_code(error: BaseException, code: int, tmp_path: Path) -> None:
    fault = fault_of(error, home=tmp_path)

    assert fault.code == code
    assert fault.sentence.endswith(".") or fault.sentence == str(error)


def test_what_nobody_foresaw_is_a_sentence_and_a_log(tmp_path: Path) -> None:
    try:
        raise LookupError("a shelf\nfell")
    except LookupError as error:
        fault = fault_of(error, home=tmp_path)

    assert fault.code == 3
    assert "LookupError: a shelf fell" in fault.sentence
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in fault.sentence
    assert "Traceback" in log.read_text()
