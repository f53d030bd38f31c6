"""The environment as frozen values. Every setting is `WHISPER_FARM_<NAME>`; secrets come from nowhere else.

Temporal's own settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key, profiles) are read by
its SDK exactly as its command line reads them: see `temporal_client`.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from whisper_farm.errors import BadRequest

S = TypeVar("S", bound=BaseSettings)

_CONFIG = SettingsConfigDict(env_prefix="WHISPER_FARM_", frozen=True, extra="ignore", env_ignore_empty=True)


class StoreSettings(BaseSettings):
    """Where the object store is. Without an endpoint it is a folder on this machine."""

    model_config = _CONFIG

    store: Literal["local", "minio", "s3"] = "local"  #: `minio` and `s3` are one thing: an S3 endpoint
    store_folder: Path | None = None  #: of a local store; default: `store/` in the data folder
    s3_endpoint: str | None = None  #: `http://host:port` or `https://host`
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_region: str = "us-east-1"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = "whisper-farm"


class IntakeSettings(BaseSettings):
    """What the farm takes in. Bounds on everything that comes from outside."""

    model_config = _CONFIG

    #: `bucket/prefix` pairs that a job may read, besides `recordings/` and `inbox/` of the farm's own bucket
    sources: tuple[str, ...] = ()
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

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("whisper-farm", appauthor=False))
    )
    idle_seconds: Annotated[float, Field(ge=0)] = 10.0  #: a stack that nobody asked to stay leaves after this
    keep_chunks: Literal["never", "gaps", "always"] = "gaps"  #: whose chunks stay once a job has ended
    keep_recordings_days: Annotated[float, Field(ge=0)] | None = None  #: None: for ever
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load(kind: type[S]) -> S:
    """The settings of this kind, from the environment.

    Raises:
        BadRequest: names the variable that is wrong.
    """
    try:
        return kind()
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = "_".join(["WHISPER_FARM", *(str(part).upper() for part in fault["loc"][:1])])
        raise BadRequest(f"The environment variable {name} is wrong: {fault['msg']}.") from None
