"""`whisper-farm cancel`: end a job early."""

from typing import TYPE_CHECKING

from whisper_farm.cli import printing
from whisper_farm.cli.options import Job, Json

if TYPE_CHECKING:
    from whisper_farm.farm.connection import Farm
    from whisper_farm.farm.watching import Ended


def cancel(job: Job, json: Json = False) -> int:
    """End a running job. What was heard is kept: 'retry' takes it up again."""
    from whisper_farm.cli.door import is_up
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.embedded import stack
    from whisper_farm.farm import jobs
    from whisper_farm.farm.connection import reach, records
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    store = records(settings)
    ended = None
    if is_up(settings):
        ended = wait_for(_end(wait_for(reach(settings)), job))
    elif job in jobs.open_ids(store):
        # It waits for a stack: without one it would go on as soon as there is one again.
        with stack.join(settings, say=printing.say) as lease:
            ended = wait_for(_end(wait_for(reach(settings, running=lease.state)), job))
    if ended is None:
        jobs.stored_request(store, job)  # says so where there is no such job
    state = ended.state if ended is not None else jobs.state_of(store, job)
    if json:
        printing.show_json(
            {"job": job, "state": state, "cancelled": ended is not None and state == "cancelled"}
        )
    elif ended is None:
        printing.show(f"The job '{job}' does not run: it is {state}.")
    elif state == "cancelled":
        printing.show(f"Cancelled the job '{job}'; 'whisper-farm retry {job}' takes it up again.")
    else:
        printing.show(f"The job '{job}' ended before it could be cancelled: it is {state}.")
    return 0


async def _end(farm: "Farm", job: str) -> "Ended | None":
    """How the job ended once it was told to; None where it does not run."""
    from whisper_farm.farm import jobs
    from whisper_farm.farm.watching import watch

    return await watch(farm.client, job) if await jobs.cancel(farm.client, job) else None
