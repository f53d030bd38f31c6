"""All that is known of one job, from the store's record and, where it runs, from Temporal."""

import asyncio
from dataclasses import dataclass

from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from whisper_farm.errors import ObjectDamaged
from whisper_farm.farm import jobs
from whisper_farm.farm.connection import Farm
from whisper_farm.farm.watching import progress_of
from whisper_farm.messages import TIMELINE_QUERY, JobResult, Progress, Timeline
from whisper_farm.models import Audit, Gap, Transcript
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """One job. What is None or empty is not known, or not yet."""

    job: str
    state: str  #: as in the catalogue; `unknown` where it tells nothing
    waits: bool  #: it is open, and no server runs it now
    message: str | None
    name: str
    source: str
    model: str
    weights: str | None
    language: str | None
    language_probability: float | None
    language_votes: dict[str, int]  #: windows that sounded like each language
    owner: str
    labels: dict[str, str]
    submitted_at: str
    ended_at: str | None
    elapsed_seconds: float | None
    duration_seconds: float | None
    word_count: int | None
    chunk_count: int | None
    gaps: tuple[Gap, ...]
    audit: Audit | None
    warnings: tuple[str, ...]
    chunk_workers: tuple[str | None, ...]  #: of each chunk, who heard it
    outputs: dict[str, str]  #: format to a path on this machine, or to `s3://bucket/key`
    progress: Progress | None
    ui: str | None


async def page_of(store: ObjectStore, farm: Farm | None, job: str) -> JobPage:
    """The job's page. `farm` is None where nothing of it runs.

    Raises:
        BadRequest: the farm knows no such job.
    """
    stored = await asyncio.to_thread(jobs.stored_request, store, job)
    entry = await asyncio.to_thread(jobs.entry_of, store, stored)
    ended = await asyncio.to_thread(jobs.last_version, store, job)
    transcript = await asyncio.to_thread(_transcript, store, ended.result if ended is not None else None)
    runs = farm is not None and await jobs.is_running(farm.client, job)
    progress = await progress_of(farm.client, job) if farm is not None and runs else None
    workers = await _workers_now(farm, job) if farm is not None and runs else ()
    if not workers and transcript is not None:
        workers = tuple(chunk.worker for chunk in transcript.chunks)
    known_duration = entry.duration_seconds if entry is not None else None
    return JobPage(
        job=job,
        state="running" if runs else entry.state if entry is not None else "unknown",
        waits=entry is not None and entry.state == "running" and not runs,
        message=entry.message if entry is not None else None,
        name=jobs.name_of(store, stored),
        source=stored.request.source,
        model=stored.model,
        weights=transcript.weights if transcript is not None else stored.request.weights,
        language=transcript.language if transcript is not None else progress.language if progress else None,
        language_probability=transcript.language_probability if transcript is not None else None,
        language_votes=transcript.language_votes if transcript is not None else {},
        owner=stored.request.owner,
        labels=stored.request.labels,
        submitted_at=stored.submitted_at,
        ended_at=entry.ended_at if entry is not None else None,
        elapsed_seconds=entry.elapsed_seconds if entry is not None else None,
        duration_seconds=known_duration or (progress.duration_seconds if progress else None),
        word_count=entry.word_count if entry is not None else None,
        chunk_count=(entry.chunk_count if entry is not None else None)
        or (progress.chunks_cut if progress else None),
        gaps=transcript.gaps if transcript is not None else (),
        audit=transcript.audit if transcript is not None else None,
        warnings=transcript.warnings if transcript is not None else (),
        chunk_workers=workers,
        outputs=_outputs(store, ended.result if ended is not None else None),
        progress=progress,
        ui=farm.ui_of(job) if farm is not None else None,
    )


def _transcript(store: ObjectStore, result: JobResult | None) -> Transcript | None:
    if result is None:
        return None
    try:
        return find_document(store, result.outputs["json"], Transcript)
    except ObjectDamaged:
        return None


async def _workers_now(farm: Farm, job: str) -> tuple[str | None, ...]:
    """Who heard which chunk so far, from the running workflow. Empty where it does not answer."""
    heard: list[str | None] = []
    handle = farm.client.get_workflow_handle(job)
    try:
        while True:
            page: Timeline = await handle.query(TIMELINE_QUERY, len(heard), result_type=Timeline)
            heard += [chunk.worker for chunk in page.chunks]
            if not page.chunks or len(heard) >= page.chunk_count:
                return tuple(worker for worker in heard if worker is not None)
    except (RPCError, WorkflowQueryFailedError):
        return ()


def _outputs(store: ObjectStore, result: JobResult | None) -> dict[str, str]:
    if result is None:
        return {}
    places = {}
    for extension, key in result.outputs.items():
        path = store.local_path(key)
        places[extension] = str(path) if path is not None else f"s3://{store.bucket}/{key}"
    return places
