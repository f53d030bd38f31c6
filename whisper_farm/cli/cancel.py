"""`whisper-farm cancel`: end a job early."""

from whisper_farm.cli import printing
from whisper_farm.cli.options import Job, Json


def cancel(job: Job, json: Json = False) -> int:
    """End a running job. What was heard is kept: 'retry' takes it up again."""
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.farm import jobs
    from whisper_farm.farm.connection import reach
    from whisper_farm.farm.watching import Ended, watch
    from whisper_farm.settings import FarmSettings, load

    farm = wait_for(reach(load(FarmSettings)))
    stored = jobs.known(farm.store, job)

    async def end() -> Ended | None:
        if not await jobs.cancel(farm.client, job):
            return None
        return await watch(farm.client, job)

    ended = wait_for(end())
    if ended is None and stored is None:
        jobs.stored_request(farm.store, job)  # says that there is none
    state = ended.state if ended is not None else jobs.state_of(farm.store, job)
    if json:
        printing.show_json({"job": job, "state": state, "cancelled": state == "cancelled"})
    elif ended is None:
        printing.show(f"The job '{job}' does not run: it is {state}.")
    elif state == "cancelled":
        printing.show(f"Cancelled the job '{job}'; 'whisper-farm retry {job}' takes it up again.")
    else:
        printing.show(f"The job '{job}' ended before it could be cancelled: it is {state}.")
    return 0
