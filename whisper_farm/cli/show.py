"""`whisper-farm show`: one job on a page."""

from collections import Counter
from typing import TYPE_CHECKING

from whisper_farm.cli import printing, words
from whisper_farm.cli.options import Job, Json
from whisper_farm.cli.table import show_page

#: Whose fault a gap is, and what fills it.
_WHOSE = {
    "recording": "the recording's fault",
    "model": "the model's fault: another model, or '--preset accurate', may find some",
    "farm": "the farm's fault: 'retry' fills it",
}

if TYPE_CHECKING:
    from whisper_farm.farm.showing import JobPage


def show(job: Job, json: Json = False) -> None:
    """Show all that is known of one job.

    Its state, recording, gaps, who heard what, and where its outputs are.
    """
    from whisper_farm.cli.door import is_up
    from whisper_farm.cli.waiting import wait_for
    from whisper_farm.farm.connection import reach, records
    from whisper_farm.farm.showing import page_of
    from whisper_farm.settings import FarmSettings, load

    settings = load(FarmSettings)
    farm = wait_for(reach(settings)) if is_up(settings) else None
    store = farm.store if farm is not None else records(settings)
    page = wait_for(page_of(store, farm, job))
    if json:
        printing.show_json(_as_json(page))
    else:
        show_page(_lines(page))


def _lines(page: "JobPage") -> list[tuple[str, str]]:
    from whisper_farm.audit_words import audit_in_words
    from whisper_farm.subtitles.clock import interval

    lines = [("job", page.job), ("state", "waiting" if page.waits else page.state)]
    if page.message:
        lines.append(("why", page.message))
    lines += [("recording", page.name), ("source", page.source)]
    lines.append(("length", words.length(page.duration_seconds)))
    lines.append(("model", page.model + (f" (weights {page.weights[:8]})" if page.weights else "")))
    if page.language:
        lines.append(("language", page.language + _how_sure(page)))
    if page.owner:
        lines.append(("owner", page.owner))
    lines += [(f"label {name}", value) for name, value in sorted(page.labels.items())]
    lines.append(("submitted", words.when(page.submitted_at)))
    if page.ended_at:
        took = f", after {words.took(page.elapsed_seconds)}" if page.elapsed_seconds else ""
        lines.append(("ended", words.when(page.ended_at) + took))
    if page.progress is not None:
        done = f"{page.progress.chunks_heard} of {words.count(page.progress.chunks_cut, 'chunk')} done"
        lines.append(("progress", f"{page.progress.stage}, {done}"))
    if page.word_count is not None:
        lines.append(("words", f"{page.word_count:,}"))
    if page.audit is not None:
        lines.append(("audit", audit_in_words(page.audit)))
    lines += [
        ("gap", f"{interval(gap.start, gap.end)}: {gap.reason} ({_WHOSE[gap.fault]})") for gap in page.gaps
    ]
    lines += [("warning", warning) for warning in page.warnings]
    for worker, chunks in Counter(page.chunk_workers).most_common():
        lines.append(("worker", f"{worker or 'nobody'}: {words.count(chunks, 'chunk')}"))
    if page.outputs:
        folder = next(iter(page.outputs.values())).rpartition("/")[0]
        lines.append(("outputs", f"{folder}/ ({', '.join(sorted(page.outputs))})"))
    if page.ui:
        lines.append(("in Temporal", page.ui))
    return lines


def _how_sure(page: "JobPage") -> str:
    """` (93 % sure)`, and where windows disagreed how they voted; nothing where a person chose."""
    if page.language_probability is None:
        return ""
    votes = sorted(page.language_votes.items(), key=lambda vote: (-vote[1], vote[0]))
    told = f"; windows: {', '.join(f'{code} {count}' for code, count in votes)}" if len(votes) > 1 else ""
    return f" ({100 * page.language_probability:.0f} % sure{told})"


def _as_json(page: "JobPage") -> dict[str, object]:
    return {
        "job": page.job,
        "state": page.state,
        "waits": page.waits,
        "message": page.message,
        "name": page.name,
        "source": page.source,
        "model": page.model,
        "weights": page.weights,
        "language": page.language,
        "language_probability": page.language_probability,
        "language_votes": page.language_votes,
        "owner": page.owner,
        "labels": page.labels,
        "submitted_at": page.submitted_at,
        "ended_at": page.ended_at,
        "elapsed_seconds": page.elapsed_seconds,
        "duration_seconds": page.duration_seconds,
        "words": page.word_count,
        "chunks": page.chunk_count,
        "gaps": [gap.model_dump(mode="json") for gap in page.gaps],
        "audit": page.audit.model_dump(mode="json") if page.audit is not None else None,
        "warnings": list(page.warnings),
        "workers": dict(Counter(worker for worker in page.chunk_workers if worker)),
        "outputs": page.outputs,
        "progress": page.progress.model_dump(mode="json") if page.progress is not None else None,
        "ui": page.ui,
    }
