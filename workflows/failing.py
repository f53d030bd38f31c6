"""What a person is told when a step has failed: the sentence at the bottom of Temporal's nesting."""

from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError

from whisper_farm.errors import FarmError, PermanentError, ResultsLost


def lost_results(error: ActivityError) -> list[int]:
    """The chunks whose stored results a merge found lost; empty where it failed for another reason."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == ResultsLost.__name__ and cause.details:
        return [int(index) for index in cause.details[0]]
    return []


def failure_of(error: BaseException) -> ApplicationError:
    """`error` as the failure of a job or of a chunk; its type is the name of one of the farm's errors."""
    cause: BaseException = error
    while isinstance(cause, ActivityError) and cause.cause is not None:
        cause = cause.cause
    match cause:
        case ApplicationError():
            return ApplicationError(cause.message, type=cause.type, non_retryable=True)
        case FarmError():
            permanent = isinstance(cause, PermanentError)
            return ApplicationError(str(cause), type=type(cause).__name__, non_retryable=permanent)
        case exceptions.TimeoutError():
            return ApplicationError(
                "No worker finished it in time, or each one that took it was lost; look at its attempts in"
                " Temporal's UI, then take it up again with 'whisper-farm retry'.",
                type="WorkerFailed",
                non_retryable=True,
            )
        case _:
            text = str(cause) or type(cause).__name__
            return ApplicationError(text, type="WorkerFailed", non_retryable=True)
