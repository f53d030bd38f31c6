"""Documents in the store: pydantic models, written whole and checked when read."""

from typing import TypeVar

from pydantic import ValidationError

from whisper_farm.errors import ObjectDamaged, ObjectMissing
from whisper_farm.models import Document
from whisper_farm.storage.base import ObjectStore

D = TypeVar("D", bound=Document)


def write_document(store: ObjectStore, key: str, document: Document) -> None:
    """Store `document` as JSON under `key`, in place of what may be there."""
    store.put(key, document.model_dump_json(by_alias=True).encode())


#: The transcript of a hundred hours is far larger than any other document.
_LARGEST_BYTES = 512 * 1024 * 1024


def read_document(store: ObjectStore, key: str, kind: type[D]) -> D:
    """The `kind` that lies under `key`.

    Raises:
        ObjectMissing: there is none.
        ObjectDamaged: it does not fit its schema, or carries the number of another one.
    """
    data = store.get(key, limit_bytes=_LARGEST_BYTES)
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ObjectDamaged(key, f"field '{field}' {first['msg'].lower()}") from None


def find_document(store: ObjectStore, key: str, kind: type[D]) -> D | None:
    """As `read_document`, but None where there is no such object."""
    try:
        return read_document(store, key, kind)
    except ObjectMissing:
        return None
