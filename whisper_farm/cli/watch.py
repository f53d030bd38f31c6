"""`whisper-farm watch`: look on while a job runs."""

from whisper_farm.cli import printing
from whisper_farm.cli.options import Job, Json


def watch(job: Job, json: Json = False) -> int:
    """Show how a job goes until it ends. Leaving (Ctrl-C) changes nothing for the job."""
    from whisper_farm.cli.board import board_for
    from whisper_farm.cli.door import is_up
    from whisper_farm.cli.ending import exit_code_of, sentence_of
    from whisper_farm.cli.signals import Interrupted
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.errors import BadRequest
    from whisper_farm.farm import jobs, watching
    from whisper_farm.farm.connection import reach, records
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    farm = wait_for(reach(settings)) if is_up(settings) else None
    store = farm.store if farm is not None else records(settings)
    stored = jobs.known(store, job)
    if farm is not None and wait_for(jobs.is_running(farm.client, job)):
        name = jobs.name_of(store, stored) if stored is not None else job
        try:
            with board_for([name]) as board:
                ended = wait_for(
                    watching.watch(
                        farm.client,
                        job,
                        seen=lambda progress: board.hearing(0, progress),
                        troubled=lambda sentence: board.troubled(0, sentence),
                    )
                )
        except KeyboardInterrupt:
            raise Interrupted(f"Stopped watching; the job '{job}' goes on.") from None
    else:
        stored = stored or jobs.stored_request(store, job)
        name = jobs.name_of(store, stored)
        entry = jobs.entry_of(store, stored)
        if entry is not None and entry.state == "running":
            raise BadRequest(
                f"The job '{job}' waits: no stack runs that would go on with it; start one with"
                " 'whisper-farm up'."
            )
        last = jobs.last_version(store, job)
        state = entry.state if entry is not None else last.state if last is not None else "failed"
        message = entry.message if entry is not None else None
        ended = watching.Ended(job=job, state=state, result=last.result if last else None, message=message)
    if json:
        result = ended.result.model_dump(mode="json") if ended.result is not None else None
        printing.show_json({"job": job, "state": ended.state, "message": ended.message, "result": result})
    else:
        printing.show(sentence_of(name, ended))
    return exit_code_of(ended)
