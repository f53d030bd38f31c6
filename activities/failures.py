"""Two doors for failure, at the edge of every activity.

The recording's or the request's fault (`PermanentError`) must not be retried; the farm's fault must
be. Temporal sees class names and messages only, so each error crosses the edge as an
`ApplicationError` whose type is its class name and whose message is the sentence a person will read. The
error behind it stays behind: its stack traces would fill a failure past the server's limit, and the
sentence would be lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from whisper_farm.errors import ChunkUnreadable, FarmError, PermanentError, ResultsLost

#: Temporal refuses failures that are too large; a sentence never needs as much.
LONGEST_MESSAGE_CHARS = 2_000


@contextmanager
def told_apart() -> Iterator[None]:
    """Turns the farm's own errors into failures that Temporal treats rightly; lets all others pass."""
    try:
        yield
    except ResultsLost as error:
        # Trying the same again would find the same: the workflow has those chunks heard again.
        raise ApplicationError(
            str(error)[:LONGEST_MESSAGE_CHARS], error.indices, type=type(error).__name__, non_retryable=True
        ) from None
    except FarmError as error:
        raise ApplicationError(
            str(error)[:LONGEST_MESSAGE_CHARS],
            type=type(error).__name__,
            # Whoever reads an unreadable chunk finds it so: the workflow has it cut anew.
            non_retryable=isinstance(error, PermanentError | ChunkUnreadable),
        ) from None
