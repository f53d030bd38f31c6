"""How a job's end is told: one sentence, and an exit code."""

from whisper_farm.cli import words
from whisper_farm.cli.faults import DONE, JOB_FAILED
from whisper_farm.farm.quoting import quoted
from whisper_farm.farm.watching import Ended


def exit_code_of(*ended: Ended) -> int:
    """0 where each is complete, else 1."""
    return DONE if all(each.state == "complete" for each in ended) else JOB_FAILED


def sentence_of(name: str, ended: Ended, *, elapsed_seconds: float | None = None) -> str:
    """`'talk.mp3': 3:03 in 11 s (16x realtime), 412 words, language en.`"""
    result = ended.result
    if ended.state in {"failed", "cancelled"} or result is None:
        why = ended.message or "no reason is known."
        return f"{quoted(name)} {'was cancelled' if ended.state == 'cancelled' else 'failed'}: {why}"
    length = words.length(result.duration_seconds)
    if ended.found:
        what = f"{length}, transcribed before"
    elif elapsed_seconds:
        pace = words.realtime(result.duration_seconds / elapsed_seconds)
        what = f"{length} in {words.took(elapsed_seconds)} ({pace})"
    else:
        what = length
    said = f"{quoted(name)}: {what}, {words.count(result.word_count, 'word')}, language {result.language}."
    if ended.state == "complete":
        return said
    why = ended.message or "Parts of it could not be transcribed."
    return f"{said} It is not complete: {why}"


def warning_of(name: str, ended: Ended) -> str | None:
    """What a complete transcript lost through its recording's or its model's fault, if anything."""
    if ended.state != "complete" or not ended.message:
        return None
    return f"{quoted(name)}: {ended.message}"
