"""`whisper-farm retry`: try again what failed."""

from whisper_farm.cli import printing, words
from whisper_farm.cli.options import Job, Json, Model


def retry(job: Job, model: Model = None, json: Json = False) -> int:
    """Take a failed, incomplete or cancelled job up again. Only what is missing is done."""
    from whisper_farm.cli.door import model_here, open_door
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.farm import jobs
    from whisper_farm.farm.connection import records
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    stored = jobs.stored_request(records(settings), job)
    wanted = model or stored.model
    chosen = model_here(settings, wanted, must_be=stored.request.weights)
    with open_door(settings, wanted, chosen=chosen, say=printing.say) as door:
        retried = wait_for(jobs.retry(door.farm.client, door.farm.store, job, model=door.model.name))
        warning = door.warning()
    if warning is not None:
        printing.say(warning)
    if json:
        printing.show_json({"job": job, "how": retried.how, "chunks": retried.chunks})
        return 0
    match retried.how:
        case "complete":
            printing.show(
                f"The job '{job}' is complete already; 'whisper-farm export {job}' writes its transcript."
            )
        case "running":
            many = words.count(retried.chunks or 0, "failed chunk")
            printing.show(f"The job '{job}' runs; {many} of it are tried again.")
        case "started":
            printing.show(f"Started the job '{job}' again; 'whisper-farm watch {job}' shows how it goes.")
    return 0
