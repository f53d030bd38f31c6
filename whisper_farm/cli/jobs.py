"""`whisper-farm jobs`: what the farm has done and does."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from whisper_farm.cli import printing, words
from whisper_farm.cli.options import Json
from whisper_farm.cli.table import show_table

if TYPE_CHECKING:
    from whisper_farm.farm.listing import JobList, ListedJob


def jobs(
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=100_000, help="How many, the newest first.")
    ] = 20,
    state: Annotated[
        Literal["running", "complete", "incomplete", "failed", "cancelled"] | None,
        typer.Option("--state", help="Only those in this state.", show_default=False),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only this owner's.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """List jobs, the newest first."""
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.embedded import stack
    from whisper_farm.farm.connection import is_remote, reach, records
    from whisper_farm.farm.listing import catalogue, with_progress
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    if is_remote() or stack.find(settings) is not None:
        farm = wait_for(reach(settings))
        listed = catalogue(farm.store, limit=limit, state=state, owner=owner)
        listed = wait_for(with_progress(farm.client, farm.store, listed))
    else:
        listed = catalogue(records(settings), limit=limit, state=state, owner=owner)
    shown = [
        job for job in listed.jobs if state in {None, job.entry.state} and owner in {None, job.entry.owner}
    ][:limit]
    if json:
        more = {} if listed.is_complete else {"more": True}
        printing.show_json({"jobs": [_as_json(job) for job in shown], **more})
    else:
        _as_table(shown, listed)
    for key in listed.damaged:
        printing.say(f"The catalogue's entry '{key}' can't be read and was left out.")


def _as_table(shown: "list[ListedJob]", listed: "JobList") -> None:
    if not shown:
        printing.show("No jobs.")
        return
    show_table(
        ("job", "state", "recording", "length", "model", "done", "submitted"),
        [
            (
                job.entry.job,
                state_of(job),
                job.entry.name,
                words.length(_duration(job)) if _duration(job) is not None else "",
                job.entry.model,
                part_done(job),
                words.when(job.entry.submitted_at),
            )
            for job in shown
        ],
        right=(3, 5),
    )
    if not listed.is_complete:
        printing.say(f"There are more; see them with --limit {2 * len(shown)}.")


def state_of(job: "ListedJob") -> str:
    """`waiting` is a job that is kept and that no server runs now."""
    if job.entry.state == "running" and not job.is_known_to_temporal:
        return "waiting"
    return "running" if job.is_known_to_temporal else job.entry.state


def part_done(job: "ListedJob") -> str:
    """`43 %` of a running job, nothing of others."""
    if job.progress is None or not job.progress.duration_seconds:
        return ""
    return f"{100 * job.progress.heard_seconds / job.progress.duration_seconds:.0f} %"


def _duration(job: "ListedJob") -> float | None:
    if job.entry.duration_seconds is not None:
        return job.entry.duration_seconds
    return job.progress.duration_seconds if job.progress is not None else None


def _as_json(job: "ListedJob") -> dict[str, object]:
    entry = job.entry.model_dump(mode="json", exclude={"schema_number"}, by_alias=False)
    progress = job.progress.model_dump(mode="json") if job.progress is not None else None
    return {**entry, "waits": state_of(job) == "waiting", "progress": progress}
