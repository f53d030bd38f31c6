"""What `status` and `up` print of a farm that runs: a page for people, a document for scripts."""

from pathlib import Path
from typing import Any

from whisper_farm.cli import words
from whisper_farm.embedded.state import StackState
from whisper_farm.farm.overview import Overview
from whisper_farm.farm.worker_credential import credentials_file, worker_key_files
from whisper_farm.settings import FarmSettings, StoreSettings, load


def summary(state: StackState) -> str:
    """`3 processes, model podcasts-1a2b3c4d`"""
    models = ", ".join(model.name for model in state.models) or "no model"
    return f"{words.count(len(state.processes), 'process', 'processes')}, model {models}"


def as_json(settings: FarmSettings, state: StackState | None, found: Overview | None) -> dict[str, Any]:
    """The document for scripts; `temporal` and `store` are null where nothing runs."""
    document: dict[str, Any] = {
        "running": state is not None or found is not None,
        "home": str(settings.home),
        "version": state.version if state is not None else None,
        "temporal": None,
        "store": None,
        "processes": [],
        "default_model": state.default_model if state is not None else None,
        "stays": state.stay if state is not None else None,
        "models": [],
        "open_jobs": None,
    }
    if state is not None:
        facts = state.temporal
        document["temporal"] = {
            "address": facts.address,
            "namespace": facts.namespace,
            "ui": facts.ui,
            "cli": facts.cli,
        }
        document["store"] = _store_as_json(settings, state)
        document["processes"] = [
            {
                "role": process.role,
                "pid": process.pid,
                "name": process.name,
                "ready": process.ready,
                "restarts": process.restarts,
                "model": process.model,
                "trouble": process.trouble,
            }
            for process in state.processes
        ]
    if found is not None:
        if state is None:
            document["temporal"] = {
                "address": found.address,
                "namespace": found.namespace,
                "ui": None,
                "cli": None,
            }
            place = load(StoreSettings)
            by_endpoint = "store" not in place.model_fields_set and place.s3_endpoint
            kind = "s3" if by_endpoint else place.store
            document["store"] = _place_as_json(kind, found.store, place, settings.home)
        document["open_jobs"] = found.open_jobs
        document["models"] = [
            {
                "name": each.model,
                "workers": [str(worker) for worker in each.workers],
                "slots": each.slots,
                "weights": list(each.weights8),
                "backlog": each.backlog,
                "trouble": each.trouble,
            }
            for each in found.models
        ]
    return document


def _store_as_json(settings: FarmSettings, state: StackState) -> dict[str, Any]:
    """Where the stack's store is. Keys are never in it: for a MinIO, the files that hold them are."""
    store = _place_as_json(state.store.kind, state.store.description, state.store_settings(), settings.home)
    if state.store.kind == "minio":
        access, secret = worker_key_files(settings.home)
        store["credentials"] = str(credentials_file(settings.home))
        store["worker"] = {"access_key_file": str(access), "secret_key_file": str(secret)}
    return store


def _place_as_json(kind: str, description: str, place: StoreSettings, home: Path) -> dict[str, Any]:
    store: dict[str, Any] = {"kind": kind, "description": description, "bucket": place.bucket}
    if kind == "local":
        return store | {"folder": str(place.store_folder or home / "store")}
    return store | {"endpoint": place.s3_endpoint, "region": place.s3_region}


def page_lines(settings: FarmSettings, state: StackState | None, found: Overview) -> list[tuple[str, str]]:
    """A name and what it is, for each line of the page."""
    lines = [("temporal", f"{found.address}, namespace {found.namespace}")]
    if state is not None:
        stays = "stays until 'down'" if state.stay else "leaves by itself after its last job"
        lines = [("home", f"{settings.home} (version {state.version}; {stays})"), *lines]
        lines.append(("its UI", state.temporal.ui))
        lines.append(("its command", state.temporal.cli))
    lines.append(("store", found.store))
    if state is not None and state.store.kind == "minio":
        folder = worker_key_files(settings.home)[0].parent
        lines.append(("its worker's key", f"{folder}/worker.access_key and worker.secret_key"))
    for process in state.processes if state is not None else ():
        how = "up" if process.ready else process.trouble or "starting"
        again = f", restarted {words.count(process.restarts, 'time')}" if process.restarts else ""
        lines.append((process.role, f"pid {process.pid or '-'}, {how}{again}"))
    for each in found.models:
        who = f"{words.count(len(each.workers), 'worker')}, {words.count(each.slots, 'slot')}"
        default = ", the default" if state is not None and state.default_model == each.model else ""
        lines.append(("model", f"{each.model}: {who}, {words.count(each.backlog, 'chunk')} waiting{default}"))
    lines.append(("open jobs", str(found.open_jobs)))
    return lines
