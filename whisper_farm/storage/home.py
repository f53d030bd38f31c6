"""Opens the object store that the settings name."""

from pathlib import Path

from whisper_farm.errors import BadRequest
from whisper_farm.settings import StoreSettings
from whisper_farm.storage.base import ObjectStore
from whisper_farm.storage.disk import DiskStore


def open_store(settings: StoreSettings, *, home: Path) -> ObjectStore:
    """The store of `settings`; a local one lies in `home/store` where they name no folder.

    An endpoint alone is enough to mean S3; `local`, said in so many words, wins over it. Nothing is
    asked of the store yet: that is `check`'s.

    Raises:
        BadRequest: names the setting that is missing or wrong.
    """
    unsaid = "store" not in settings.model_fields_set
    if settings.store == "local" and not (unsaid and settings.s3_endpoint):
        return DiskStore(settings.store_folder or home / "store", settings.bucket)

    access_key = settings.s3_access_key.get_secret_value() if settings.s3_access_key else ""
    secret_key = settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else ""
    endpoint = settings.s3_endpoint or ""
    for name, value in (("ENDPOINT", endpoint), ("ACCESS_KEY", access_key), ("SECRET_KEY", secret_key)):
        if not value:
            raise BadRequest(
                f"WHISPER_FARM_S3_{name} is not set, and the object store at an S3 server needs it: set it, "
                "or WHISPER_FARM_STORE=local for a folder on this machine."
            )
    # The client of S3 takes a while to load, and a folder needs none of it.
    from whisper_farm.storage.s3 import S3Store

    return S3Store(endpoint, access_key, secret_key, settings.s3_region, settings.bucket)


def open_bucket(settings: StoreSettings, bucket: str, *, home: Path) -> ObjectStore:
    """Another bucket at the same place, opened with the same credential.

    Raises:
        BadRequest: as `open_store`.
    """
    return open_store(settings.model_copy(update={"bucket": bucket}), home=home)
