"""What went wrong at an S3 server, told in the farm's own errors, each with its mend.

Nothing is chained: the errors of the layers below carry URLs, and those of the probe are signed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from whisper_farm.errors import BadRequest, FarmError, ObjectMissing, StoreFull, StoreUnreachable

_MISSING = {"NoSuchKey", "NoSuchVersion"}
_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"}
_BAD_KEY = {
    "KeyTooLongError",
    "XMinioInvalidObjectName",
    "XMinioInvalidResourceName",
    "XMinioObjectExistsAsDirectory",
    "XMinioParentIsObject",
}
_REFUSED = {
    "AccessDenied",
    "AccountNotEligible",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "XMinioAccessKeyDisabled",
}


@contextmanager
def s3_faults(place: str, bucket: str, key: str | None = None) -> Iterator[None]:
    """Tells whatever the `minio` client raises, about `key` where one is meant.

    Raises:
        ObjectMissing: there is no such object.
        BadRequest: a key that this server can't hold.
        StoreFull: no room is left.
        StoreUnreachable: anything else.
    """
    try:
        yield
    except S3Error as error:
        raise _refusal(error, place, bucket, key) from None
    except ServerError as error:
        raise _by_status(error.status_code, place) from None
    except (InvalidResponseError, ParseError):
        raise StoreUnreachable(
            f"What answers at {place} is no object store: correct WHISPER_FARM_S3_ENDPOINT."
        ) from None
    except HTTPError as error:
        raise unreachable(place, error) from None
    except MinioException as error:
        raise StoreUnreachable(f"The object store at {place} failed ({error}): see its log.") from None


def error_code(error: S3Error) -> str:
    """The server's own word for it. The answer to a HEAD has no body, and MinIO puts it into a header."""
    return error.response.headers.get("x-minio-error-code") or error.code or "no code"


def unreachable(place: str, error: HTTPError) -> StoreUnreachable:
    """The sentence for a server that gave no answer."""
    return StoreUnreachable(
        f"The object store at {place} can't be reached ({_why(error)}): start it, or correct "
        "WHISPER_FARM_S3_ENDPOINT."
    )


def refused(code: str, place: str, bucket: str, key: str | None) -> FarmError:
    """The sentence for an error that the server names `code`."""
    what = f"'{key}'" if key else f"its bucket '{bucket}'"
    if code in _MISSING and key:
        return ObjectMissing(key)
    if code == "NoSuchBucket":
        return StoreUnreachable(
            f"The bucket '{bucket}' does not exist at {place}: create it, or set WHISPER_FARM_BUCKET to one "
            "that does."
        )
    if code in _REFUSED:
        return StoreUnreachable(
            f"The object store at {place} does not let these credentials at {what} ({code}): correct "
            "WHISPER_FARM_S3_ACCESS_KEY, WHISPER_FARM_S3_SECRET_KEY or the policy that they stand for."
        )
    if code in _FULL:
        return _full(place, code)
    if code in _BAD_KEY:
        return BadRequest(
            f"The object store at {place} can't hold the key {what} ({code}): give it another name, with "
            "parts of at most 255 bytes between its slashes."
        )
    if code == "RequestTimeTooSkewed":
        return StoreUnreachable(
            f"The object store at {place} refuses a request whose time is not its own: set this machine's "
            "clock right, or the store's."
        )
    return StoreUnreachable(f"The object store at {place} failed at {what} ({code}): see its log.")


def _refusal(error: S3Error, place: str, bucket: str, key: str | None) -> FarmError:
    if error.response.status == 507:
        return _full(place, error_code(error))
    return refused(error_code(error), place, bucket, key)


def _by_status(status: int, place: str) -> StoreUnreachable:
    if status == 507:
        return _full(place, "status 507")
    return StoreUnreachable(f"The object store at {place} failed (status {status}): see its log.")


def _full(place: str, code: str) -> StoreFull:
    return StoreFull(
        f"No room is left in the object store at {place} ({code}): free some space, for example with "
        "'whisper-farm clean', or give it a larger disk."
    )


def _why(error: BaseException) -> str:
    if isinstance(error, MaxRetryError) and error.reason is not None:
        return _why(error.reason)
    if isinstance(error, NameResolutionError):
        return "its name is not known"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError) and not isinstance(
        error, NewConnectionError
    ):
        return "no answer in time"
    if isinstance(error, SSLError):
        return f"its certificate or TLS is not accepted: {error}"
    if isinstance(error, NewConnectionError) and isinstance(error.__cause__, OSError):
        return (error.__cause__.strerror or "no connection").lower()
    return "the connection broke"
