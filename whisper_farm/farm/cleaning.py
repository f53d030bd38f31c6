"""Freeing space: first what would go and how much that is, then the same, freed.

Chunks of jobs that have ended can be cut again, staging keys are left-overs: they always may go.
Recordings go when asked for, or when they are older than the settings keep them; results only when asked
for and while no job is open. Nothing of an open job is ever touched, and transcripts never go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from whisper_farm import keys
from whisper_farm.errors import BadRequest, ObjectDamaged
from whisper_farm.farm.jobs import open_ids
from whisper_farm.farm.quoting import quoted
from whisper_farm.identity import stored_recording_sha256
from whisper_farm.models import Plan
from whisper_farm.request import StoredRequest
from whisper_farm.storage.base import ObjectStat, ObjectStore
from whisper_farm.storage.documents import find_document

Kind = Literal["chunks", "staging", "recordings", "results"]

#: A staging key this old belongs to nobody: its bytes get their name as soon as they are whole.
_STAGING_AGE = timedelta(hours=1)

#: A folder of chunks without a plan, this old, was never begun in earnest.
_NO_PLAN_AGE = timedelta(days=1)

_AT_ONCE = 500  #: keys that are deleted before the open jobs are looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeable:
    """Things of one kind that may go."""

    kind: Kind
    keys: tuple[str, ...]
    folders: tuple[str, ...]  #: of the recordings and jobs they belong to; of staging and results none
    size_bytes: int  #: what the disk gets back; a linked recording gives nothing


def freeable(
    store: ObjectStore,
    *,
    recordings: bool = False,
    results: bool = False,
    keep_recordings_days: float | None = None,
    now: datetime | None = None,
) -> list[Freeable]:
    """What may go, by kind; kinds of which nothing may go are left out.

    Raises:
        BadRequest: results are asked for and a job is open.
    """
    now = now or datetime.now(UTC)
    busy = open_ids(store)
    if results and busy:
        raise BadRequest(
            f"Results can go only while no job is open, and {quoted(min(busy))} is; wait for it or cancel it,"
            " then try again."
        )
    found = [
        _sum(store, "chunks", _idle_chunks(store, busy, now)),
        _sum(store, "staging", _old(store.list("staging/"), now - _STAGING_AGE)),
    ]
    if recordings or keep_recordings_days is not None:
        before = now if recordings else now - timedelta(days=keep_recordings_days or 0.0)
        found.append(_sum(store, "recordings", _idle_recordings(store, busy, before)))
    if results:
        found.append(_sum(store, "results", store.list("results/")))
    return [each for each in found if each.keys]


def free(store: ObjectStore, what: Freeable) -> int:
    """Delete it, except what a job has begun to need meanwhile; how many objects went."""
    gone = 0
    for first in range(0, len(what.keys), _AT_ONCE):
        some = list(what.keys[first : first + _AT_ONCE])
        busy = open_ids(store)
        if busy and what.kind == "results":
            break
        if busy and what.kind == "chunks":
            needed = {folder for folder in what.folders if _job_of(store, folder) in busy}
            some = [key for key in some if _folder(key) not in needed]
        if busy and what.kind == "recordings":
            needed = {f"recordings/{sha256}/" for sha256 in _recordings_of(store, busy)}
            some = [key for key in some if _folder(key) not in needed]
        store.delete(some)
        gone += len(some)
    return gone


def _idle_chunks(store: ObjectStore, busy: set[str], now: datetime) -> Iterator[ObjectStat]:
    folder, job, begun = "", None, True
    for stat in store.list("chunks/"):
        if _folder(stat.key) != folder:
            folder = _folder(stat.key)
            job = _job_of(store, folder)
            begun = job is not None
        if (begun and job not in busy) or (not begun and stat.modified_at < now - _NO_PLAN_AGE):
            yield stat


def _job_of(store: ObjectStore, folder: str) -> str | None:
    """The job whose chunks lie in this folder, or None where no plan says so."""
    try:
        plan = find_document(store, f"{folder}plan.json", Plan)
    except ObjectDamaged:
        return None
    return plan.job_id if plan is not None else None


def _idle_recordings(store: ObjectStore, busy: set[str], before: datetime) -> Iterator[ObjectStat]:
    needed = _recordings_of(store, busy)
    everything: dict[str, list[ObjectStat]] = {}
    for stat in store.list("recordings/"):
        parts = stat.key.split("/")
        if len(parts) == 3 and len(parts[1]) == 64:  # what people put there themselves is theirs
            everything.setdefault(parts[1], []).append(stat)
    for sha256, stats in everything.items():
        # A linked recording bears its original's time; what the farm wrote beside it bears its own.
        stored_at = max(
            (stat.modified_at for stat in stats if stat.key.endswith("/meta.json")),
            default=max(stat.modified_at for stat in stats),
        )
        if sha256 not in needed and stored_at < before:
            # The bytes before what is known of them: a meta.json without bytes is found missing, and mended.
            yield from sorted(stats, key=lambda stat: stat.key.endswith("/meta.json"))


def _recordings_of(store: ObjectStore, jobs: set[str]) -> set[str]:
    """Hashes of the recordings that these jobs need, as far as they are known yet."""
    needed = set()
    for job in jobs:
        plan = find_document(store, keys.job_plan(job), Plan)
        if plan is not None:
            needed.add(plan.recording_sha256)
        stored = find_document(store, keys.job_request(job), StoredRequest)
        if stored is not None and (sha256 := stored_recording_sha256(stored.request.source)):
            needed.add(sha256)
    return needed


def _old(stats: Iterator[ObjectStat], before: datetime) -> Iterator[ObjectStat]:
    return (stat for stat in stats if stat.modified_at < before)


def _sum(store: ObjectStore, kind: Kind, stats: Iterator[ObjectStat]) -> Freeable:
    found = list(stats)
    folders = sorted({_folder(stat.key) for stat in found}) if kind in {"chunks", "recordings"} else []
    return Freeable(
        kind=kind,
        keys=tuple(stat.key for stat in found),
        folders=tuple(folders),
        size_bytes=sum(_given_back(store, stat) for stat in found),
    )


def _given_back(store: ObjectStore, stat: ObjectStat) -> int:
    path = store.local_path(stat.key)
    try:
        shared = path is not None and path.stat().st_nlink > 1
    except OSError:
        shared = False
    return 0 if shared else stat.size_bytes


def _folder(key: str) -> str:
    return key[: key.rindex("/") + 1]
