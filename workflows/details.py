"""What people read about a job in Temporal's own UI."""

from whisper_farm.messages import Progress
from whisper_farm.models import Chunk


def clock(seconds: float) -> str:
    """`01:02:03`"""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def chunk_summary(chunk: Chunk, chunk_count: int | None) -> str:
    """`chunk 12/80 · 00:55:02-01:00:07`; the count is left out while cutting goes on."""
    number = f"{chunk.index + 1}/{chunk_count}" if chunk_count else f"{chunk.index + 1}"
    return f"chunk {number} · {clock(chunk.start_seconds)}-{clock(chunk.end_seconds)}"


def job_panel(progress: Progress) -> str:
    """Markdown for the panel `current details` of the job."""
    total = clock(progress.duration_seconds) if progress.duration_seconds is not None else "unknown length"
    chunks = f"{progress.chunks_heard} of {progress.chunks_cut}{'' if progress.all_cut else ' cut so far'}"
    rows = [
        ("Recording", f"{progress.name or '?'} ({total})"),
        ("Stage", progress.stage),
        ("Heard", f"{clock(progress.heard_seconds)} of {total}"),
        ("Chunks", chunks),
        ("Model", f"{progress.model or '?'} on queue `{progress.queue or '?'}`"),
        ("Language", progress.language or "not decided yet"),
    ]
    if progress.chunks_failed:
        rows.append(
            ("Failed", f"{progress.chunks_failed} chunks; send the update `retry_failed` to try them again")
        )
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {_cell(value)} |" for name, value in rows)])


def _cell(text: str) -> str:
    """A recording's name is a stranger's text: it must not break the table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("\r", " ")
