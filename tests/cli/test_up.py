"""A stack whose workers are all elsewhere needs no weights here."""

import json
import signal

from tests.cli.command import SPEECH, Command, refused


def test_a_stack_without_workers_needs_no_weights(command: Command) -> None:
    try:
        command.ok("up", "--workers", "0", "--model", "large-v3-turbo")

        status = json.loads(command.ok("status", "--json"))
        assert status["default_model"] == "large-v3-turbo"
        assert status["stays"]
        assert [each["role"] for each in status["processes"]] == ["supervisor", "temporal", "control"]
        waits = command.start("transcribe", SPEECH, "--out", command.folder)
        assert waits.stderr is not None
        assert "No worker serves the model 'large-v3-turbo'" in waits.stderr.readline()
        waits.send_signal(signal.SIGINT)
        waits.communicate(timeout=20)
        assert waits.returncode == 130
    finally:
        command("down")


def test_a_folder_has_to_be_here_and_a_name_has_to_be_one(command: Command) -> None:
    said = refused(command("up", "--workers", "0", "--model", "./nowhere"))

    assert "nowhere" in said
    assert "'two words'" in refused(command("up", "--workers", "0", "--model", "two words"))
    assert not command.started_something
