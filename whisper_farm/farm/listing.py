"""The farm's jobs: the store's catalogue, newest first, with what Temporal has running."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from temporalio.client import Client
from temporalio.service import RPCError

from whisper_farm import keys
from whisper_farm.errors import ObjectDamaged
from whisper_farm.farm.watching import progress_of
from whisper_farm.messages import TRANSCRIBE_WORKFLOW, Progress
from whisper_farm.models import CatalogueEntry, JobState
from whisper_farm.request import StoredRequest
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document
from whisper_farm.temporal_client import patiently

_MOST_RUNNING = 200  #: jobs that Temporal is asked for; there is a bound to what a page can show


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job's line: its catalogue entry, and its progress where it runs."""

    entry: CatalogueEntry
    progress: Progress | None = None
    is_known_to_temporal: bool = False  #: a run of it is open there


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """What was found, newest first."""

    jobs: tuple[ListedJob, ...]
    is_complete: bool  #: whether there is no older one
    damaged: tuple[str, ...] = field(default=())  #: keys of entries that can't be read


def catalogue(
    store: ObjectStore, *, limit: int, state: JobState | None = None, owner: str | None = None
) -> JobList:
    """The newest jobs of the catalogue, of one state or owner where asked for."""
    found: list[CatalogueEntry] = []
    damaged: list[str] = []
    for day in _days(store):
        for key in day:
            try:
                entry = find_document(store, key, CatalogueEntry)
            except ObjectDamaged:
                damaged.append(key)
                continue
            if entry is None or state not in {None, entry.state} or owner not in {None, entry.owner}:
                continue
            found.append(entry)
        if len(found) > limit:
            break
    found.sort(key=lambda entry: entry.submitted_at, reverse=True)
    return JobList(
        jobs=tuple(ListedJob(entry=entry) for entry in found[:limit]),
        is_complete=len(found) <= limit,
        damaged=tuple(damaged),
    )


async def with_progress(client: Client, store: ObjectStore, listed: JobList) -> JobList:
    """The same jobs with what Temporal knows of those that run, and those that are not entered yet."""
    running = await _running(client)
    entries = {each.entry.job: each.entry for each in listed.jobs}
    progress = dict(
        zip(running, await asyncio.gather(*(progress_of(client, job) for job in running[:50])), strict=False)
    )
    for job in running:
        if job not in entries:
            entry = await asyncio.to_thread(_entry, store, job, progress.get(job))
            if entry is not None:
                entries[job] = entry
    ordered = sorted(entries.values(), key=lambda entry: entry.submitted_at, reverse=True)
    jobs = tuple(
        ListedJob(entry=entry, progress=progress.get(entry.job), is_known_to_temporal=entry.job in running)
        for entry in ordered
    )
    return JobList(jobs=jobs, is_complete=listed.is_complete, damaged=listed.damaged)


async def _running(client: Client) -> list[str]:
    """Ids of the jobs that run now, in Temporal's order. Empty where it can't be asked."""

    async def ask() -> list[str]:
        query = f"WorkflowType = '{TRANSCRIBE_WORKFLOW}' AND ExecutionStatus = 'Running'"
        return [each.id async for each in client.list_workflows(query, limit=_MOST_RUNNING)]

    with suppress(RPCError):
        return await patiently(ask, patience_seconds=5.0)
    return []


def _entry(store: ObjectStore, job: str, progress: Progress | None) -> CatalogueEntry | None:
    """The entry of a job that is not among the newest, or was started a moment ago."""
    with suppress(ObjectDamaged):
        stored = find_document(store, keys.job_request(job), StoredRequest)
        if stored is not None:
            key = keys.catalogue_entry(stored.submitted_at[:10], job)
            if (entry := find_document(store, key, CatalogueEntry)) is not None:
                return entry
    if progress is None:
        return None
    return CatalogueEntry(
        job=job,
        state="running",
        name=progress.name or job,
        source="",
        model=progress.model or "",
        owner="",
        submitted_at=progress.started_at,
    )


def _days(store: ObjectStore) -> Iterator[list[str]]:
    """The catalogue's keys, a day at a time, the latest day first."""
    days: dict[str, list[str]] = {}
    for stat in store.list("catalog/"):
        days.setdefault(stat.key.split("/")[1], []).append(stat.key)
    for day in sorted(days, reverse=True):
        yield days[day]
