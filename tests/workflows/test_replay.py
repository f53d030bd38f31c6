"""Jobs that run while the program is updated must go on: their histories replay without a difference."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows.sandbox import sandbox
from workflows.transcribe_recording import ENDS_A_JOB, TranscribeWorkflow

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))

ADVICE = """
The order of TranscribeWorkflow has changed for jobs that began before. Keep the old order for them:
    if workflow.patched("what-changed"): <new order>
    else: <old order>
and record a history of the new one with `python -m tools.record_history JOB tests/histories/<name>.json`.
"""


@pytest.mark.parametrize(
    ("name", "history"),
    [pytest.param(path.stem, path.read_text(), id=path.stem) for path in HISTORIES],
)
async def test_a_job_of_an_earlier_program_goes_on(name: str, history: str) -> None:
    replayer = Replayer(
        workflows=[TranscribeWorkflow],
        data_converter=pydantic_data_converter,
        workflow_runner=sandbox(),
        workflow_failure_exception_types=list(ENDS_A_JOB),
    )

    replayed = await replayer.replay_workflow(
        WorkflowHistory.from_json(name, history), raise_on_replay_failure=False
    )

    assert replayed.replay_failure is None, ADVICE


def test_there_are_histories_to_replay() -> None:
    assert {path.stem.split("-", 1)[1] for path in HISTORIES} >= {"complete", "cancelled", "failed", "mended"}
