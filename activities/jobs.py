"""Opening and closing a job: the store's own record of what was asked, what runs and how it ended.

The store is the record and Temporal is what is running: the mark under `open/` is written before
anything else happens for a job and taken away last, so a job whose server's database was lost is
found and started again.
"""

from datetime import UTC, datetime

from temporalio import activity

from activities.failures import told_apart
from whisper_farm import keys
from whisper_farm.errors import BadRequest, JobTaken
from whisper_farm.identity import request_digest
from whisper_farm.messages import CLOSE_JOB, OPEN_JOB, CloseJob, JobClosed, JobOpened, OpenJob, gpu_queue
from whisper_farm.models import CatalogueEntry, FarmDefaults, OpenMark
from whisper_farm.request import StoredRequest, TranscribeRequest, check_job_id
from whisper_farm.settings import FarmSettings
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.documents import find_document, write_document


class JobActivities:
    """Opens and closes jobs in the store that it was handed."""

    def __init__(self, store: ObjectStore, settings: FarmSettings) -> None:
        self._store = store
        self._settings = settings

    @activity.defn(name=OPEN_JOB.name)
    def open_job(self, order: OpenJob) -> JobOpened:
        """Keep the request, or find it kept already, and settle its model.

        Raises (as failures): `BadRequest`, `JobTaken`; both permanent.
        """
        with told_apart():
            check_job_id(order.job)
            stored = find_document(self._store, keys.job_request(order.job), StoredRequest)
            settled = self._settle(order, stored)
            if settled != stored:
                write_document(self._store, keys.job_request(order.job), settled)
            write_document(
                self._store,
                keys.open_mark(order.job),
                OpenMark(job=order.job, submitted_at=settled.submitted_at),
            )
            self._enter_as_running(settled)
            return JobOpened(
                model=settled.model,
                queue=gpu_queue(settled.model),
                decoding=settled.request.decoding,
                submitted_at=settled.submitted_at,
                take=settled.take,
            )

    def _settle(self, order: OpenJob, stored: StoredRequest | None) -> StoredRequest:
        request = order.request
        if stored is None:
            model = request.model or self._default_model()
            return StoredRequest(
                job=order.job,
                request=request,
                digest=request_digest(request, model=model),
                model=model,
                submitted_at=order.started_at,
                take=order.run if request.again else "",
            )
        digest = request_digest(request, model=request.model or stored.model)
        if digest != stored.digest:
            raise JobTaken(
                f"The job id '{order.job}' belongs to another request ({_in_short(stored.request)}); choose"
                " another id, or hand that request in again."
            )
        # A renamed folder of the same weights is served under another name: follow the latest request.
        model = request.model or stored.model
        take = order.run if request.again else stored.take
        kept = stored.request.model_copy(update={"subtitles": request.subtitles})
        return stored.model_copy(update={"model": model, "take": take, "request": kept})

    def _default_model(self) -> str:
        defaults = find_document(self._store, keys.FARM_SETTINGS, FarmDefaults)
        if defaults is None or defaults.model is None:
            raise BadRequest(
                "The request names no model and the farm has no default one; name one as"
                ' {"model": "large-v3-turbo"}, or set the default with \'whisper-farm up --model NAME\'.'
            )
        return defaults.model

    def _enter_as_running(self, stored: StoredRequest) -> None:
        key = _entry_key(stored)
        entry = find_document(self._store, key, CatalogueEntry) or CatalogueEntry(
            job=stored.job,
            state="running",
            name=stored.request.name or stored.request.source.rsplit("/", 1)[-1],
            source=stored.request.source,
            model=stored.model,
            owner=stored.request.owner,
            labels=stored.request.labels,
            submitted_at=stored.submitted_at,
        )
        running = {"state": "running", "model": stored.model, "ended_at": None, "message": None}
        write_document(self._store, key, entry.model_copy(update=running))

    @activity.defn(name=CLOSE_JOB.name)
    def close_job(self, order: CloseJob) -> JobClosed:
        """Enter how the job ended, clear its chunks as the policy says, and take its open mark away last."""
        with told_apart():
            stored = find_document(self._store, keys.job_request(order.job), StoredRequest)
            if stored is not None:
                self._enter_as_ended(stored, order)
            if self._chunks_go(order):
                self._clear_chunks(order)
            self._store.delete([keys.open_mark(order.job)])
            return JobClosed()

    def _enter_as_ended(self, stored: StoredRequest, order: CloseJob) -> None:
        key = _entry_key(stored)
        entry = find_document(self._store, key, CatalogueEntry)
        if entry is None:
            self._enter_as_running(stored)
            entry = find_document(self._store, key, CatalogueEntry)
        assert entry is not None
        ended: dict[str, object] = {
            "state": order.state,
            "ended_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "recording_sha256": order.recording_sha256,
            "duration_seconds": order.duration_seconds,
            "language": order.language,
            "chunk_count": order.chunk_count,
            "elapsed_seconds": order.elapsed_seconds,
            "message": order.message,
        }
        if order.merged is not None:
            ended |= {
                "word_count": order.merged.word_count,
                "gap_count": order.merged.gap_count,
                "version": order.merged.version,
            }
        write_document(self._store, key, entry.model_copy(update=ended))

    def _chunks_go(self, order: CloseJob) -> bool:
        if order.state in {"incomplete", "failed"}:
            return False  # a retry wants them
        match self._settings.keep_chunks:
            case "always":
                return False
            case "never":
                return True
            case "gaps":
                # Where the model found no words, a retry has nothing to hear: the result is there. Only a run
                # that hears all anew (`again`) could find some, and that one cuts what it misses.
                return order.merged is None or order.merged.gap_count == order.merged.model_gap_count

    def _clear_chunks(self, order: CloseJob) -> None:
        if order.recording_sha256 is None or order.plan_sha256 is None:
            return
        folder = keys.chunk_folder(order.recording_sha256, order.plan_sha256)
        found = [stat.key for stat in self._store.list(folder)]
        # Cuts before audio: a cut promises its audio, so it must not outlive it.
        self._store.delete(sorted(found, key=lambda key: not key.endswith(".json")))


def _entry_key(stored: StoredRequest) -> str:
    return keys.catalogue_entry(stored.submitted_at[:10], stored.job)


def _in_short(request: TranscribeRequest) -> str:
    return request.name or request.source
