"""What `submit` does: a file is looked at and stored, any other source is the farm's to fetch."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from whisper_farm.cli.board import Board, board_for
from whisper_farm.cli.door import OpenDoor, check_knows, model_here, open_door
from whisper_farm.cli.hearing import Hearing
from whisper_farm.cli.signals import Interrupted
from whisper_farm.cli.waiting import wait_for
from whisper_farm.errors import BadRequest
from whisper_farm.farm import jobs, which_job
from whisper_farm.farm.connection import is_remote
from whisper_farm.farm.looking import Looked, check_room, look_at
from whisper_farm.farm.quoting import quoted
from whisper_farm.farm.which_job import Wish
from whisper_farm.identity import stored_recording_sha256
from whisper_farm.intake.sources import OWN_PREFIXES, parse_source
from whisper_farm.intake.storing import store_recording
from whisper_farm.request import TranscribeRequest, read_request
from whisper_farm.settings import FarmSettings, IntakeSettings, StoreSettings, load
from whisper_farm.subtitles.options import SubtitleOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The command's arguments, read."""

    source: str
    model: str | None
    hearing: Hearing
    layout: SubtitleOptions | None
    job: str | None
    owner: str
    labels: dict[str, str]
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A job that runs, or was finished before."""

    job: str
    how: Literal["started", "joined", "finished"]
    warning: str | None  #: what it waits for, if anything


def read_labels(given: Sequence[str]) -> dict[str, str]:
    """`name=value` pairs. Raises `BadRequest` for one that is none."""
    labels = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise BadRequest(f"--label {quoted(pair)} is no label; give one as 'show=daily'.")
        labels[name] = value
    return labels


def hand_in(wanted: Wanted) -> Begun:
    """Begin the job."""
    settings, limits = load(FarmSettings), load(IntakeSettings)
    looked = look_at(Path(wanted.source), limits) if _is_file(wanted.source) else None
    if looked is None and not is_remote():
        # In a farm elsewhere, what may be read is for its own settings to say.
        parse_source(wanted.source, own_bucket=load(StoreSettings).bucket, allowed=limits.sources)
    _request(wanted, source="recordings/x", model=None, weights=None, looked=looked)
    chosen = model_here(settings, wanted.model, may_wait=True)
    check_knows(wanted.hearing.decoding, wanted.model, chosen)
    if looked is not None and not is_remote():
        check_room(settings.home, [looked])
    with board_for([looked.name if looked is not None else wanted.source]) as board:
        try:
            with open_door(settings, wanted.model, chosen=chosen, say=board.preparing) as door:
                return _begin(wanted, looked, door, board, limits)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted; the same command hands the recording in again.") from None


def _begin(
    wanted: Wanted, looked: Looked | None, door: OpenDoor, board: Board, limits: IntakeSettings
) -> Begun:
    store, seconds = door.farm.store, None
    patience = door.patience(board.note)
    source = wanted.source
    if looked is not None:
        recording = patience.patiently(
            lambda: store_recording(
                store,
                looked.path,
                name=looked.name,
                limits=limits,
                on_bytes=lambda count: board.sending(0, count, looked.size_bytes),
            )
        )
        source, seconds = recording.key, recording.duration_seconds
    request = _request(
        wanted, source=source, model=door.model.name, weights=door.model.fingerprint, looked=looked
    )
    wish = Wish(recording_sha256=_content_of(source), request=request, model=door.model, job=wanted.job)
    which = patience.patiently(
        lambda: wait_for(which_job.settle(door.farm.client, store, wish), tick=door.keep_alive)
    )
    if which.ended is not None:
        return Begun(job=which.job, how="finished", warning=None)
    if which.runs:
        return Begun(job=which.job, how="joined", warning=door.warning())
    how = patience.patiently(
        lambda: wait_for(
            jobs.begin(door.farm.client, store, which.job, which.request, seconds=seconds),
            tick=door.keep_alive,
        )
    )
    return Begun(job=which.job, how=how, warning=door.warning())


def _request(
    wanted: Wanted, *, source: str, model: str | None, weights: str | None, looked: Looked | None
) -> TranscribeRequest:
    said: dict[str, object] = {
        "source": source,
        "decoding": wanted.hearing.decoding.model_dump(),
        "word_timestamps": wanted.hearing.word_timestamps,
        "owner": wanted.owner,
        "labels": wanted.labels,
        "again": wanted.again,
    }
    name = looked.name if looked is not None else None
    layout = wanted.layout.model_dump() if wanted.layout is not None else None
    optional = {"model": model, "weights": weights, "name": name, "subtitles": layout}
    return read_request(said | {key: value for key, value in optional.items() if value is not None})


def _content_of(source: str) -> str:
    """Of a source that is not stored yet, its address stands for its content."""
    return stored_recording_sha256(source) or hashlib.sha256(source.encode()).hexdigest()


def _is_file(source: str) -> bool:
    """Whether `source` is meant as a file of this machine: anything that is no address and no key."""
    if "://" in source:
        return False
    return Path(source).exists() or not source.startswith(OWN_PREFIXES)
