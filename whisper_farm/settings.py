"""The environment as frozen values. Every setting is `WHISPER_FARM_<NAME>`; secrets come from nowhere else.

Temporal's own settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key, profiles) are read by
its SDK exactly as its command line reads them: see `temporal_client`.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from whisper_farm.errors import BadRequest

S = TypeVar("S", bound=BaseSettings)

_CONFIG = SettingsConfigDict(env_prefix="WHISPER_FARM_", frozen=True, extra="ignore", env_ignore_empty=True)


def _in_full(path: Path) -> Path:
    """Only a shell expands a `~`: in a unit file or an `.env` it stands as it is."""
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"nobody on this machine has the home folder '{path.parts[0]}'") from None


def _listed(said: object) -> object:
    """The items of `a, b`, or of a JSON list."""
    if not isinstance(said, str):
        return said
    if not said.lstrip().startswith("["):
        return [item.strip() for item in said.split(",") if item.strip()]
    try:
        return json.loads(said)
    except ValueError:
        raise ValueError("it begins as a JSON list and is none; give the items separated by commas") from None


#: A folder, absolute and without a `~`.
Folder = Annotated[Path, AfterValidator(_in_full)]


class StoreSettings(BaseSettings):
    """Where the object store is. Without an endpoint it is a folder on this machine."""

    model_config = _CONFIG

    store: Literal["local", "minio", "s3"] = "local"  #: `minio` and `s3` are one thing: an S3 endpoint
    store_folder: Folder | None = None  #: of a local store; default: `store/` in the data folder
    s3_endpoint: str | None = None  #: `http://host:port` or `https://host`
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_region: str = "us-east-1"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = "whisper-farm"


class IntakeSettings(BaseSettings):
    """What the farm takes in. Bounds on everything that comes from outside."""

    model_config = _CONFIG

    #: `bucket/prefix` pairs that a job may read, besides `recordings/` and `inbox/` of the farm's own bucket;
    #: in the environment separated by commas
    sources: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    longest_recording_seconds: Annotated[float, Field(gt=0)] = 100 * 3600.0
    largest_recording_bytes: Annotated[int, Field(gt=0)] = 100 * 1024**3
    url_timeout_seconds: Annotated[float, Field(gt=0)] = 60.0


class WorkerSettings(BaseSettings):
    """What one transcription worker serves, and with how much of its machine."""

    model_config = _CONFIG

    model: str | None = None  #: a name, a Hugging Face id, or a folder
    model_name: str | None = None  #: the name to serve a folder under; default: its base name and fingerprint
    device: Literal["auto", "cpu", "cuda"] = "auto"
    device_index: Annotated[int, Field(ge=0)] = 0
    compute_type: str | None = None  #: as ctranslate2 names them; default: int8 on CPUs, float16 on GPUs
    slots: Annotated[int, Field(ge=1, le=64)] | None = (
        None  #: chunks heard at once; default: one per core; 2 on a GPU
    )
    prefetch: Annotated[int, Field(ge=0, le=8)] = 1  #: chunks fetched ahead while all slots are busy
    batch_size: Annotated[int, Field(ge=1, le=64)] | None = None  #: windows heard at once in a slot
    drain_seconds: Annotated[float, Field(ge=0)] = 20.0  #: to finish what is being heard, once told to leave


class FarmSettings(BaseSettings):
    """The rest: where the data folder is and how the embedded stack behaves."""

    model_config = _CONFIG

    home: Folder = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("whisper-farm", appauthor=False)),
        validate_default=True,
    )
    idle_seconds: Annotated[float, Field(ge=0)] = 10.0  #: a stack that nobody asked to stay leaves after this
    keep_chunks: Literal["never", "gaps", "always"] = "gaps"  #: whose chunks stay once a job has ended
    keep_recordings_days: Annotated[float, Field(ge=0)] | None = None  #: None: for ever
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load(kind: type[S], **overrides: Any) -> S:
    """The settings of this kind, from the environment; `overrides` go before what it says.

    Raises:
        BadRequest: names the variable that is wrong, and how.
    """
    try:
        return kind(**overrides)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field, how = str(fault["loc"][0]) if fault["loc"] else "", fault["msg"]
    except SettingsError as error:  # what it does not let a field's own checks see
        found = re.search(r'field "(\w+)"', str(error))
        field, how = found.group(1) if found else "", "it can't be read"
    name = "_".join(["WHISPER_FARM", *filter(None, [field.upper()])])
    raise BadRequest(f"The environment variable {name} is wrong: {how.removeprefix('Value error, ')}.")


def check_settings() -> None:
    """Every setting, whichever process it is meant for: before any is started that would stumble over it.

    Raises:
        BadRequest: as `load`.
    """
    for kind in (FarmSettings, StoreSettings, IntakeSettings, WorkerSettings):
        load(kind)
