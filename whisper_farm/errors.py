"""Everything that can go wrong, on one page.

    FarmError                      anything the farm says about itself; never a traceback for people
    ├── PermanentError             the request's or the recording's fault: trying again changes nothing
    │   ├── BadRequest             a field, an option or a combination of them is wrong
    │   │   ├── UnknownModel       a model that can't be had
    │   │   ├── JobTaken           the job id belongs to another request
    │   │   └── OutputExists       a file that the farm did not write stands in a transcript's place
    │   ├── SourceRefused          a source outside what the farm was given, or a forbidden address
    │   ├── RecordingUnusable      no such file, empty, no audio, a format that is not read, too large
    │   └── RecordingChanged       a linked recording was changed on disk after it was handed in
    └── TransientError             the farm's fault: retried, and the job is kept
        ├── FarmUnreachable        Temporal can't be reached
        ├── StoreUnreachable       the object store can't be reached, or refuses us
        │   └── StoreFull          no room left on the device
        ├── ObjectMissing          a key that should be there is not
        ├── ObjectDamaged          a stored document that does not fit its schema or its own hash
        ├── ChunkUnreadable        a stored chunk that is gone, or not what its order says; it is cut anew
        ├── ResultsLost            stored results of some chunks are gone or damaged; they are heard again
        ├── CutsDisagree           one chunk was announced with two spans, or not all chunks were announced
        ├── ServerMissing          a server program that can't be found or built
        ├── StackBroken            the embedded stack can't run as asked
        ├── WorkerFailed           the speech engine failed, stalled or ran out of memory
        ├── DecoderFailed          ffmpeg was killed, stalled or ran out of room
        └── SourceUnreachable      a web server that can't be reached now, or that fails

Two doors: a `PermanentError` ends the work politely, a `TransientError` is tried again. Temporal
compares class *names* and knows no ancestors, so `permanent_error_names` spells them out for retry
policies. An error's text is one sentence: what happened, to what, and what to do. It is shown as it is.
"""

from collections.abc import Iterator


class FarmError(Exception):
    """Anything the farm says about itself. `str(error)` is fit to be shown to a person."""


class PermanentError(FarmError):
    """The request or the recording is at fault; trying again changes nothing."""


class BadRequest(PermanentError):
    """A field, an option or a combination of them is wrong. The message names it."""


class UnknownModel(BadRequest):
    """A model that can't be had: no such folder, not a model folder, or a hub that can't be reached."""


class JobTaken(BadRequest):
    """The job id belongs to another request; nobody's transcript is overwritten."""


class OutputExists(BadRequest):
    """A file stands where a transcript should go, and the farm did not write it."""


class SourceRefused(PermanentError):
    """A source outside the buckets and prefixes given to the farm, or an address it must not open."""


class RecordingUnusable(PermanentError):
    """No such recording, or nothing in it that the farm can read."""


class RecordingChanged(PermanentError):
    """A recording that is linked into the store was changed on disk after it was handed in."""


class TransientError(FarmError):
    """The farm is at fault; the work is tried again and the job is kept."""


class FarmUnreachable(TransientError):
    """Temporal can't be reached at the address that the farm was given."""


class StoreUnreachable(TransientError):
    """The object store can't be reached, or does not let us in."""


class StoreFull(StoreUnreachable):
    """No room is left on the store's device."""


class ObjectMissing(TransientError):
    """An object that should be in the store is not there."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The store holds no object '{key}'.")
        self.key = key


class ObjectDamaged(TransientError):
    """A stored document does not fit its schema or its own hash."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"The stored object '{key}' can't be used: {why}.")
        self.key = key


class ChunkUnreadable(TransientError):
    """A stored chunk is gone, or is not what its order says it is: it has to be cut anew."""


class ResultsLost(TransientError):
    """Stored results of some chunks are gone or damaged: those chunks have to be heard again."""

    def __init__(self, indices: list[int], why: str) -> None:
        shown = ", ".join(map(str, indices[:5])) + (", ..." if len(indices) > 5 else "")
        super().__init__(f"The stored results of {len(indices)} chunks ({shown}) can't be used: {why}")
        self.indices = indices


class CutsDisagree(TransientError):
    """One chunk was announced with two spans, or not all were announced: a hole that must not be."""


class ServerMissing(TransientError):
    """A server program (the Temporal CLI, MinIO) can't be found, downloaded or built."""

    def __init__(self, name: str, why: str, mend: str) -> None:
        super().__init__(f"No usable {name} on this machine: {why}. {mend}")
        self.name = name


class StackBroken(TransientError):
    """The embedded stack can't run as asked, or another program stands in its way."""


class WorkerFailed(TransientError):
    """The speech engine failed, stalled or ran out of memory."""


class DecoderFailed(TransientError):
    """ffmpeg was killed, stalled or ran out of room: not the recording's fault."""


class SourceUnreachable(TransientError):
    """The web server of a source can't be reached now, or says that it failed."""


def permanent_error_names() -> list[str]:
    """The names of `PermanentError` and of every class below it, sorted, for a retry policy."""

    def family(root: type[PermanentError]) -> Iterator[str]:
        yield root.__name__
        for child in root.__subclasses__():
            yield from family(child)

    return sorted(set(family(PermanentError)))
