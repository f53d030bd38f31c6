"""Which job a request is: one that was begun for it before, else the one to begin.

A job's id follows from the recording, the weights and the options. But a farm elsewhere knows the weights
of a name only while a worker serves it, and until then the name stands for them; and one person's folder
is another one's name. So what is the same job may lie under another id, or under the same id by another
name of its weights. Whatever is there is answered or joined, never begun a second time.
"""

import asyncio
import re
from dataclasses import dataclass

from temporalio.client import Client

from whisper_farm import keys
from whisper_farm.farm import jobs
from whisper_farm.farm.model_choice import ChosenModel
from whisper_farm.farm.watching import Ended
from whisper_farm.identity import job_id_for, name_identity, request_digest
from whisper_farm.request import StoredRequest, TranscribeRequest
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document

_STORED = re.compile(r"jobs/([0-9a-f]{12}-[0-9a-f]{8})/request\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request, and what is known of what it means."""

    recording_sha256: str  #: or the hash of an address, which stands for what nobody has fetched yet
    request: TranscribeRequest
    model: ChosenModel
    job: str | None = None  #: an id that a person chose: then no other will do


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The job that a request is."""

    job: str
    request: TranscribeRequest  #: put as this job was put, so that it is known for the same
    ended: Ended | None = None  #: it is complete already
    runs: bool = False  #: it needs no beginning


def find_complete(store: ObjectStore, wish: Wish) -> Which | None:
    """The job, where the store holds its complete transcript. Nothing has to run for this.

    Raises:
        JobTaken: its id belongs to another request.
    """
    return _complete(store, wish, _places(store, wish))


async def settle(client: Client, store: ObjectStore, wish: Wish) -> Which:
    """The job: complete, running, or to be begun.

    Raises:
        JobTaken: its id belongs to another request.
        FarmUnreachable, StoreUnreachable: as they say.
    """
    places = await asyncio.to_thread(_places, store, wish)
    if not wish.request.again:
        complete = await asyncio.to_thread(_complete, store, wish, places)
        if complete is not None:
            return complete
    first, *others = places
    for other in others:
        if await jobs.is_running(client, other.job):
            running = first if await jobs.is_running(client, first.job) else other
            return Which(job=running.job, request=wish.request, runs=True)
        if other.request is not None and await asyncio.to_thread(_is_open, store, other):
            return Which(job=other.job, request=other.request)  # its server was lost
    if first.request is None and await jobs.is_running(client, first.job):
        return Which(job=first.job, request=wish.request, runs=True)
    for place in places:
        if place.request is not None:
            return Which(job=place.job, request=place.request)
    raise jobs.taken(first.job, first.stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An id that is free for the job, or under which it lies."""

    job: str
    stored: StoredRequest | None
    request: TranscribeRequest | None  #: None: begun by another name of its weights, which binds all its runs


def _places(store: ObjectStore, wish: Wish) -> list[_Place]:
    """All ids under which the job may be, the best first.

    Raises:
        JobTaken: the best belongs to another request.
    """
    places: list[_Place] = []
    for job in _ids(store, wish):
        stored = jobs.known(store, job)
        request = wish.request if stored is None else _put_as(stored, wish)
        if stored is None or request is not None or (wish.job is None and _is_vouched_for(stored, wish)):
            places.append(_Place(job=job, stored=stored, request=request))
        elif not places:
            raise jobs.taken(job, stored)
    return places


def _ids(store: ObjectStore, wish: Wish) -> list[str]:
    if wish.job is not None:
        return [wish.job]
    model = wish.model
    made = [
        job_id_for(
            wish.recording_sha256,
            weights=weights,
            decoding=wish.request.decoding,
            word_timestamps=wish.request.word_timestamps,
        )
        for weights in (model.identity, name_identity(model.name))
    ]
    earlier = _begun_by_this_name(store, wish) if model.weights8 is None else []
    return list(dict.fromkeys([*earlier, *made]))


def _begun_by_this_name(store: ObjectStore, wish: Wish) -> list[str]:
    """Jobs of the same request whose weights were known when they began; the latest first."""
    found: list[tuple[str, str]] = []
    digest = request_digest(wish.request, model=wish.model.name)
    for stat in store.list(f"jobs/{wish.recording_sha256[:12]}-"):
        made = _STORED.fullmatch(stat.key)
        stored = find_document(store, stat.key, StoredRequest) if made else None
        if stored is not None and stored.digest == digest:
            found.append((stored.submitted_at, stored.job))
    return [job for _, job in sorted(found, reverse=True)]


def _put_as(stored: StoredRequest, wish: Wish) -> TranscribeRequest | None:
    """The wish as the stored request puts it, pinning its weights or not; None where it is another one."""
    pins = [wish.request.weights]
    if _may_be_the_weights(stored.request.weights, wish):
        pins.append(stored.request.weights)
    for weights in pins:
        request = wish.request.model_copy(update={"weights": weights})
        if jobs.is_same(stored, request):
            return request
    return None


def _is_vouched_for(stored: StoredRequest, wish: Wish) -> bool:
    """Whether it is the same but for the name of its weights, which its id vouches for."""
    named = wish.request.model_copy(update={"model": stored.model, "weights": stored.request.weights})
    return _may_be_the_weights(stored.request.weights, wish) and jobs.is_same(stored, named)


def _may_be_the_weights(weights: str | None, wish: Wish) -> bool:
    """Whether nothing speaks against these being the weights that the wish means."""
    return weights is None or wish.model.weights8 in {None, weights[:8]}


def _complete(store: ObjectStore, wish: Wish, places: list[_Place]) -> Which | None:
    for place in places:
        ended = jobs.last_version(store, place.job) if place.stored is not None else None
        if ended is None or ended.state != "complete":
            continue
        if wish.job is not None or _may_be_the_weights(ended.weights, wish):
            return Which(job=place.job, request=wish.request, ended=ended)
    return None


def _is_open(store: ObjectStore, place: _Place) -> bool:
    return place.stored is not None and store.exists(keys.open_mark(place.job))
