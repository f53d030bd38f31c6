"""What the comparison found, as tables that can be pasted into a document. Pure."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.against_truth.proofs import Subtitles
from benchmarks.against_truth.result import BATCHED, SINGLE_PASSES, Result
from benchmarks.against_truth.score import Score, together

_HEAD = (
    "system",
    "WER",
    "lost",
    "doubled",
    "wrong",
    "uncovered",
    "unreported",
    "start error at seams",
    "elsewhere",
    "seams",
    "gaps",
    "reruns",
    "over silence",
    "subtitle faults",
    "time",
)

ALL_KINDS = "all kinds together"


def tables(results: Sequence[Result]) -> Iterable[str]:
    """One table for each kind and one for all, and then the figures that have a goal."""
    kinds = list(dict.fromkeys(result.kind for result in results))
    for kind in [*kinds, ALL_KINDS] if len(kinds) > 1 else kinds:
        chosen = [result for result in results if kind in (result.kind, ALL_KINDS)]
        yield _table(kind, chosen)
    yield _goals(results, kinds)


def by_system(results: Iterable[Result]) -> dict[str, Score]:
    """The score of each system over all of these."""
    chosen = list(results)
    return {
        system: together(result.score for result in chosen if result.system == system)
        for system in dict.fromkeys(result.system for result in chosen)
    }


def _table(kind: str, results: Sequence[Result]) -> str:
    scores = by_system(results)
    audio = {result.recording: result.audio_seconds for result in results}
    words = next(iter(scores.values())).words
    lines = [f"**{kind}**: {len(audio)} recordings, {sum(audio.values()) / 60:.1f} min, {words:,} words", ""]
    lines += [_row(_HEAD), _row(["---"] * len(_HEAD))]
    lines += [_row(_cells(system, found)) for system, found in scores.items()]
    return "\n".join(lines) + "\n"


def _cells(system: str, found: Score) -> list[str]:
    return [
        system,
        f"{100 * found.rate:.2f} %",
        str(found.lost),
        str(found.doubled),
        str(found.wrong),
        f"{found.uncovered_seconds:.1f} s",
        f"{found.unreported_seconds:.1f} s",
        _spread(found.starts_at_seams),
        _spread(found.starts_elsewhere),
        str(found.seams),
        str(found.gaps),
        str(found.reruns),
        str(found.words_over_silence),
        _subtitles(found.subtitles),
        f"{found.seconds:.1f} s",
    ]


def _goals(results: Sequence[Result], kinds: Sequence[str]) -> str:
    """The farm against the better of the single passes; empty where either was not heard."""
    everything = by_system(results)
    passes = [name for name in SINGLE_PASSES if name in everything]
    farm = [name for name in everything if name not in SINGLE_PASSES]
    if not passes or not farm:
        return ""
    heads = ["farm at", "WER", "lost + doubled against batched", "kinds that are worse than a single pass"]
    lines = ["**the farm against the single passes**", "", _row(heads), _row(["---"] * len(heads))]
    for name in farm:
        found, batched = everything[name], everything.get(BATCHED)
        mended = found.lost + found.doubled
        ratio = f"{mended} of {batched.lost + batched.doubled}" if batched else "-"
        if batched and batched.lost + batched.doubled:
            ratio += f" = {mended / (batched.lost + batched.doubled):.2f}"
        worse = []
        for kind in kinds:
            here = by_system(result for result in results if result.kind == kind)
            best = min(here[each].rate for each in passes)
            if here[name].rate > best:
                worse.append(f"{kind} (+{100 * (here[name].rate - best):.2f} points)")
        lines.append(_row([name, f"{100 * found.rate:.2f} %", ratio, ", ".join(worse) or "none"]))
    return "\n".join(lines) + "\n"


def _subtitles(found: Subtitles | None) -> str:
    """Unexplained violations, and beside them the explained ones of how many cues."""
    if found is None:
        return "-"
    return f"{found.faults} (and {found.explained} explained in {found.cues} cues)"


def _spread(errors: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    if not errors:
        return "-"
    middle, far = np.percentile(np.array(errors), [50, 95]) * 1000
    return f"{middle:.0f} / {far:.0f} ms"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
