"""Keeps the history of a job that ended, for the replay test: one for each release and each kind of ending.

    python -m tools.record_history JOB tests/histories/0.1.0-complete.json

Asks the Temporal that the environment names (`TEMPORAL_ADDRESS`).
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from whisper_farm.temporal_client import connect, identity


async def history_of(job: str) -> str:
    """The job's history as JSON."""
    client = await connect(identity=identity("recorder"))
    history = await client.get_workflow_handle(job).fetch_history()
    return json.dumps(without_traces(json.loads(history.to_json())), indent=1) + "\n"


def without_traces(part: Any) -> Any:
    """`part` without stack traces: they name folders of the machine, and a replay looks at none."""
    match part:
        case dict():
            return {name: without_traces(value) for name, value in part.items() if name != "stackTrace"}
        case list():
            return [without_traces(value) for value in part]
        case _:
            return part


def main() -> int:
    """Read the arguments and record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    asked.out.write_text(asyncio.run(history_of(asked.job)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
