"""Where everything lies in the object store: the layout, in one place.

    recordings/<sha256>/source.<ext>, meta.json
    chunks/<recording-sha256>/<plan-sha256>/plan.json, <index>.flac, <index>.json (the cut, written last)
    results/<pcm-sha256>/<recipe-sha256>.json
    jobs/<job-id>/request.json, plan.json, current.json
    jobs/<job-id>/versions/<version>/transcript.{json,srt,vtt,txt,tsv}, report.json
    catalog/<yyyy-mm-dd>/<job-id>.json
    open/<job-id>.json      a mark that lies here from a job's start to its end
    staging/<token>         bytes whose hash is not known yet
    settings/farm.json      what the whole farm shares: its default model

A stored chunk is there once its cut (`<index>.json`) is: the FLAC comes first, so a crash between
the two leaves bytes that nobody looks at, and that the next attempt overwrites.
"""

import re

from whisper_farm.errors import BadRequest

_PART = re.compile(r"[^/\x00-\x1f\x7f\\\ud800-\udfff]{1,255}")


def check_key(key: str) -> str:
    """`key`, if it is one: 1 to 1,024 bytes of UTF-8, parts between slashes, none empty, `.` or `..`.

    Raises:
        BadRequest: says what is wrong with it.
    """
    if len(key.encode("utf-8", "surrogatepass")) > 1024 or not all(
        _PART.fullmatch(part) and part not in {".", ".."} for part in key.split("/")
    ):
        raise BadRequest(f"{key!r:.200} is no object key; a key is as 'recordings/episode.mp3'.")
    return key


def recording_source(sha256: str, extension: str) -> str:
    """`extension` without its dot; `bin` where the recording came without one."""
    return f"recordings/{sha256}/source.{extension}"


def recording_meta(sha256: str) -> str:
    """What is known of a recording; written last."""
    return f"recordings/{sha256}/meta.json"


def staging(token: str) -> str:
    """Where bytes lie until their hash is known; `token` follows from whose they are, so a retry is one."""
    return f"staging/{token}"


def chunk_folder(recording_sha256: str, plan_sha256: str) -> str:
    """The prefix, with its closing slash, of all chunks of one plan."""
    return f"chunks/{recording_sha256}/{plan_sha256}/"


def chunk_plan(recording_sha256: str, plan_sha256: str) -> str:
    """The rules that its cuts follow."""
    return f"{chunk_folder(recording_sha256, plan_sha256)}plan.json"


def chunk_audio(recording_sha256: str, plan_sha256: str, index: int) -> str:
    """One chunk as FLAC."""
    return f"{chunk_folder(recording_sha256, plan_sha256)}{index:06d}.flac"


def chunk_cut(recording_sha256: str, plan_sha256: str, index: int) -> str:
    """Where one chunk lies; written after its audio."""
    return f"{chunk_folder(recording_sha256, plan_sha256)}{index:06d}.json"


def language_sample(recording_sha256: str, plan_sha256: str) -> str:
    """A short FLAC of spaced windows, from which the job's language is decided."""
    return f"{chunk_folder(recording_sha256, plan_sha256)}language.flac"


def result(pcm_sha256: str, recipe_sha256: str) -> str:
    """One chunk heard once, by one recipe."""
    return f"results/{pcm_sha256}/{recipe_sha256}.json"


def job_folder(job_id: str) -> str:
    """The prefix, with its closing slash, of all that one job keeps."""
    return f"jobs/{job_id}/"


def job_request(job_id: str) -> str:
    """What the job was asked."""
    return f"jobs/{job_id}/request.json"


def job_plan(job_id: str) -> str:
    """The rules that bind all its runs."""
    return f"jobs/{job_id}/plan.json"


def job_current(job_id: str) -> str:
    """Which version people see."""
    return f"jobs/{job_id}/current.json"


def version_folder(job_id: str, version: str) -> str:
    """The prefix, with its closing slash, of one version; never rewritten."""
    return f"jobs/{job_id}/versions/{version}/"


def transcript(job_id: str, version: str, extension: str) -> str:
    """`extension` is one of `json`, `srt`, `vtt`, `txt`, `tsv`."""
    return f"{version_folder(job_id, version)}transcript.{extension}"


def report(job_id: str, version: str) -> str:
    """Who heard which chunk when, and what it took."""
    return f"{version_folder(job_id, version)}report.json"


def catalogue_entry(day: str, job_id: str) -> str:
    """`day` is `yyyy-mm-dd` in UTC, of the day the job was first submitted: it never moves."""
    return f"catalog/{day}/{job_id}.json"


def open_mark(job_id: str) -> str:
    """Lies here from the job's start to its end."""
    return f"open/{job_id}.json"


FARM_SETTINGS = "settings/farm.json"
