"""What makes two things the same: digests of recordings, requests, plans and recipes.

Keys follow from what their values are made of, so doing a thing twice is doing it once, and a
retry overwrites itself with itself. All digests are SHA-256 over canonical JSON: sorted keys, no
spaces, UTF-8.
"""

import hashlib
import json
import re
from importlib.metadata import PackageNotFoundError, version

from whisper_farm.models import Fact, Plan
from whisper_farm.request import Decoding, TranscribeRequest

#: Of our own decoding: raised when the same audio under the same options would be heard differently.
DECODING_REVISION = 3

#: A folder is served under its base name and the first digits of its fingerprint.
_SERVED_FOLDER = re.compile(r"-([0-9a-f]{8})$")

_STORED_RECORDING = re.compile(r"(?:s3://[^/]+/)?recordings/([0-9a-f]{64})/source\.[^/]+")


def canonical_json(value: object) -> bytes:
    """The one way to write `value` (plain JSON types) down for hashing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: object) -> str:
    """SHA-256 of `value` (plain JSON types), in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def program_version() -> str:
    """The installed version of the farm, as `0.1.0`."""
    try:
        return version("whisper-farm")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0.0.0"


class Recipe(Fact):
    """All that decides what is heard in a given chunk of PCM.

    `weights` is the fingerprint of the model's files; `take` is empty, or the id of the run that was
    told to compute anew, so that such a run finds its own results after a crash and nobody else's.
    """

    weights: str
    engine: dict[str, str]  #: package names and their versions: faster-whisper, ctranslate2, ...
    compute_type: str
    decoding: Decoding
    language: str  #: the one that was locked for the job
    revision: int = DECODING_REVISION
    take: str = ""

    @property
    def sha256(self) -> str:
        return digest(self.model_dump(mode="json"))


def stored_recording_sha256(source: str) -> str | None:
    """The recording's hash where `source` names a recording that intake has stored, else None."""
    found = _STORED_RECORDING.fullmatch(source)
    return found.group(1) if found else None


def weights_identity(model: str, *, fingerprint: str | None = None) -> str:
    """What stands for a model's weights in job ids and digests, as far as they are known.

    The first eight digits of their `fingerprint` (which may be only these); where it is not known, the
    eight that the name of a served folder ends in; where there are none, the name itself.
    """
    if fingerprint is not None:
        return fingerprint[:8]
    told = _SERVED_FOLDER.search(model)
    return told[1] if told else name_identity(model)


def name_identity(model: str) -> str:
    """What stands for weights that nobody knows: never to be taken for a fingerprint's digits."""
    return f"model {model}"


def request_digest(request: TranscribeRequest, *, model: str) -> str:
    """Two requests of one digest ask for the same transcript of the same recording.

    `model` is the settled name; where the request pins its weights, they count instead.
    """
    return digest(
        {
            "source": stored_recording_sha256(request.source) or request.source,
            "weights": weights_identity(model, fingerprint=request.weights),
            **_wanted(request.decoding, word_timestamps=request.word_timestamps),
        }
    )


def job_id_for(
    recording_sha256: str, *, weights: str, decoding: Decoding, word_timestamps: bool = True
) -> str:
    """The id of the job that these make: `<12 hex of the recording>-<8 hex of the rest>`.

    `weights` is what `weights_identity` gives.
    """
    rest = digest({"weights": weights, **_wanted(decoding, word_timestamps=word_timestamps)})
    return f"{recording_sha256[:12]}-{rest[:8]}"


def _wanted(decoding: Decoding, *, word_timestamps: bool) -> dict[str, object]:
    """What a transcript is to be. One without word times is another transcript, made of the same results."""
    options: dict[str, object] = {"decoding": decoding.model_dump(mode="json")}
    return options if word_timestamps else options | {"word_timestamps": False}


def plan_sha256(plan: Plan) -> str:
    """Chunks of one plan lie in one folder. The job's id is part of the plan, so no two jobs share chunks."""
    return digest(plan.model_dump(mode="json"))
