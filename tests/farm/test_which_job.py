"""One request is one job, whoever serves its weights at the moment and whatever they are called."""

import hashlib
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.jobs import JobActivities
from whisper_farm import keys
from whisper_farm.errors import JobTaken
from whisper_farm.farm import jobs
from whisper_farm.farm.model_choice import ChosenModel, choose_by_name
from whisper_farm.farm.which_job import Which, Wish, find_complete, settle
from whisper_farm.fleet_identity import WorkerIdentity
from whisper_farm.identity import job_id_for, request_digest
from whisper_farm.messages import OpenJob, gpu_queue
from whisper_farm.models import Current, Transcript
from whisper_farm.request import Decoding, TranscribeRequest
from whisper_farm.settings import FarmSettings
from whisper_farm.storage.disk import DiskStore
from whisper_farm.storage.documents import write_document
from whisper_farm.temporal_client import connect

WEIGHTS, OTHER_WEIGHTS = "1a2b3c4d" + "0" * 56, "5e6f7a8b" + "0" * 56


@activity.defn(name="transcribe_chunk")
async def _never_called() -> None:
    """A worker has to be able to do something."""


class Room:
    """A farm elsewhere without a control worker: what one would keep of a job, the test says."""

    def __init__(self, client: Client, folder: Path, recording_sha256: str) -> None:
        self.client, self.folder = client, folder
        self.store = DiskStore(folder / "store", "whisper-farm")
        self.recording_sha256 = recording_sha256
        self._settings = FarmSettings(home=folder)
        self._opened = 0

    async def which(self, model: str | ChosenModel, *, again: bool = False, job: str | None = None) -> Which:
        """The job of the recording for this model, as a command settles it."""
        chosen = await choose_by_name(self.client, self.store, model) if isinstance(model, str) else model
        return await settle(self.client, self.store, self.wish(chosen, again=again, job=job))

    def wish(self, chosen: ChosenModel, *, again: bool = False, job: str | None = None) -> Wish:
        request = TranscribeRequest(
            source=keys.recording_source(self.recording_sha256, "mp3"),
            model=chosen.name,
            weights=chosen.fingerprint,
            again=again,
        )
        return Wish(recording_sha256=self.recording_sha256, request=request, model=chosen, job=job)

    async def begin(self, which: Which, *, open_it: bool = True) -> str:
        assert which.ended is None
        assert not which.runs
        await jobs.begin(self.client, self.store, which.job, which.request)
        if open_it:
            self.open(which)
        return which.job

    def open(self, which: Which) -> None:
        self._opened += 1
        started_at = f"2026-11-24T10:00:{self._opened:02d}.000+00:00"
        order = OpenJob(job=which.job, run="run", started_at=started_at, request=which.request)
        JobActivities(self.store, self._settings).open_job(order)

    async def end(self, job: str, *, heard_by: str | None = None) -> None:
        """The job ends: complete, heard by these weights, or else cancelled."""
        await self.client.get_workflow_handle(job).terminate()
        self.store.delete([keys.open_mark(job)])
        if heard_by is not None:
            transcript = Transcript(
                version="0.1.0",
                job=job,
                recording_sha256=self.recording_sha256,
                model="pod",
                weights=heard_by,
                language="en",
                duration=1.0,
                text="",
                segments=(),
                decoding={},
            )
            write_document(self.store, keys.transcript(job, "1", "json"), transcript)
            write_document(self.store, keys.job_current(job), Current(version="1", state="complete"))

    @asynccontextmanager
    async def served(self, name: str, weights: str = WEIGHTS) -> AsyncIterator[None]:
        """A worker serves these weights under the name, in a process that ends with the block."""
        with _process() as pid:
            worker = WorkerIdentity(
                model=name, weights8=weights[:8], slots=1, host=socket.gethostname(), pid=pid, version="0"
            )
            address = self.client.service_client.config.target_host
            client = await connect(identity=str(worker), address=address)
            async with Worker(client, task_queue=gpu_queue(name), activities=[_never_called]):
                while not (await choose_by_name(self.client, self.store, name)).served8:
                    pass
                yield


@contextmanager
def _process() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "1000"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def room(temporal_address: str, tmp_path: Path, request: pytest.FixtureRequest) -> Room:
    client = await connect(identity="test", address=temporal_address)
    return Room(client, tmp_path, hashlib.sha256(request.node.name.encode()).hexdigest())


def _folder(weights: str = WEIGHTS) -> ChosenModel:
    """A model's folder on the machine of whoever asks."""
    return ChosenModel(name=f"model-{weights[:8]}", fingerprint=weights)


async def test_a_job_that_waits_for_its_worker_is_joined_once_there_is_one(room: Room) -> None:
    job = await room.begin(await room.which("pod"))

    async with room.served("pod"):
        again = await room.which("pod")

    assert (again.job, again.runs) == (job, True)


async def test_it_is_joined_too_where_nobody_has_opened_it_yet(room: Room) -> None:
    job = await room.begin(await room.which("pod"), open_it=False)

    async with room.served("pod"):
        again = await room.which("pod", again=True)

    assert (again.job, again.runs) == (job, True)


async def test_a_job_of_a_lost_server_is_taken_up_under_its_first_id(room: Room) -> None:
    which = await room.which("pod")
    room.open(which)

    async with room.served("pod"):
        again = await room.which("pod")

    assert (again.job, again.runs) == (which.job, False)


async def test_what_a_waiting_job_came_to_is_the_answer_if_those_weights_heard_it(room: Room) -> None:
    job = await room.begin(await room.which("pod"))
    await room.end(job, heard_by=WEIGHTS)

    async with room.served("pod"):
        same = await room.which("pod")
    async with room.served("pod", OTHER_WEIGHTS):
        other = await room.which("pod")

    assert same.job == job
    assert same.ended is not None
    assert other.job != job
    assert other.ended is None


async def test_a_job_is_found_again_while_its_worker_is_gone(room: Room) -> None:
    async with room.served("pod"):
        job = await room.begin(await room.which("pod"))
    running = await room.which("pod")
    await room.end(job)
    ended_early = await room.which("pod")
    await room.begin(ended_early)
    await room.end(job, heard_by=WEIGHTS)
    complete = await room.which("pod")

    assert [each.job for each in (running, ended_early, complete)] == [job] * 3
    assert complete.ended is not None


async def test_a_folder_and_a_name_of_the_same_weights_are_one_job(room: Room) -> None:
    unserved = await room.which(_folder().name)
    async with room.served("pod"), room.served(_folder().name):
        ids = {(await room.which(model)).job for model in ("pod", _folder().name, _folder())}

    assert ids == {unserved.job}


async def test_the_same_weights_by_another_name_are_no_other_request(room: Room) -> None:
    async with room.served("pod"), room.served("tub"):
        job = await room.begin(await room.which("pod"))
        joined = [await room.which(model) for model in ("tub", _folder())]
        await room.end(job, heard_by=WEIGHTS)
        answered = [await room.which(model) for model in ("tub", _folder())]

    assert [(each.job, each.runs) for each in joined] == [(job, True)] * 2
    assert [each.job for each in answered if each.ended is not None] == [job] * 2


async def test_a_job_that_ended_early_by_another_name_binds_nobody_to_that_name(room: Room) -> None:
    """Its runs hear on that name's queue, where perhaps nobody is any more."""
    async with room.served("pod"), room.served("tub"):
        job = await room.begin(await room.which("pod"))
        await room.end(job)
        own = await room.which("tub")
        pinned = await room.which(_folder())

    assert own.job != job
    assert own.request.model == "tub"
    assert pinned.request.model == _folder().name
    await room.begin(own)
    await room.begin(pinned)


async def test_a_pinned_job_goes_on_by_another_name_of_its_weights(room: Room) -> None:
    job = await room.begin(await room.which(_folder()))
    await room.end(job)

    async with room.served("pod"):
        again = await room.which("pod")

    assert (again.job, again.request.model, again.request.weights) == (job, "pod", WEIGHTS)
    await room.begin(again)


async def test_an_id_of_another_request_is_refused(room: Room) -> None:
    other = Room(room.client, room.folder, "f" * 64)
    made = (await room.which(_folder())).job
    room.open(Which(job=made, request=other.wish(_folder()).request))
    room.open(Which(job="by-hand", request=room.wish(_folder()).request))

    with pytest.raises(JobTaken, match=made):
        await room.which(_folder())
    with pytest.raises(JobTaken, match=made):
        find_complete(room.store, room.wish(_folder()))
    with pytest.raises(JobTaken, match="by-hand"):
        await room.which(_folder(OTHER_WEIGHTS), job="by-hand")
    assert (await room.which(_folder(), job="by-hand")).job == "by-hand"


def test_the_same_facts_make_the_id_and_the_digest() -> None:
    def made(model: ChosenModel) -> tuple[str, str]:
        request = TranscribeRequest(source="recordings/x.mp3", model=model.name, weights=model.fingerprint)
        job = job_id_for("a" * 64, weights=model.identity, decoding=Decoding())
        return job, request_digest(request, model=model.name)

    folder, its_name = _folder(), ChosenModel(name=_folder().name, fingerprint=None)
    renamed = ChosenModel(name="pod", fingerprint=WEIGHTS)
    assert made(folder) == made(its_name) == made(renamed)
    unknown = ChosenModel(name="pod", fingerprint=None)
    assert unknown.weights8 is None
    assert len({made(each) for each in (folder, unknown, _folder(OTHER_WEIGHTS))}) == 3
