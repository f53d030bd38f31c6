"""Every system on every recording, one system after the other, so that none pays for another's memory."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.progress import Progress

from benchmarks.against_truth import farm as farms
from benchmarks.against_truth.loading import load_farm, load_single_pass
from benchmarks.against_truth.material import Material, Pcm, seconds_of
from benchmarks.against_truth.result import ALL_SPOKEN, BATCHED, SEQUENTIAL, SINGLE_PASSES, Result, farm_at
from benchmarks.against_truth.score import Transcribed, score

Hear = Callable[[Pcm], Transcribed]


def compare(
    recordings: Sequence[Material],
    *,
    model: str,
    language: str,
    targets: Sequence[float],
    single: bool,
    with_previous_text: bool,
) -> list[Result]:
    """All results, by system in the order in which they were heard."""
    systems = _systems(
        model=model,
        language=language,
        targets=targets,
        single=single,
        with_previous_text=with_previous_text,
    )
    count = len(targets) + 1 + (len(SINGLE_PASSES) if single else 0)
    results = []
    with Progress() as progress:
        task = progress.add_task("Listening", total=count * len(recordings))
        pcm = {each.name: each.decoded() for each in recordings}
        for system, hear in systems:
            for each in recordings:
                progress.update(task, description=f"{system}: {each.name}")
                counted, edits = score(each, hear(pcm[each.name]))
                results.append(
                    Result(system, each.name, each.kind, seconds_of(pcm[each.name]), counted, edits)
                )
                progress.advance(task)
    return results


def write_details(results: Sequence[Result], out: Path) -> None:
    """Every result with each of its mistakes and their places, as JSON."""
    out.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


def _systems(
    *, model: str, language: str, targets: Sequence[float], single: bool, with_previous_text: bool
) -> Iterator[tuple[str, Hear]]:
    """Name and ears of each system; each model is loaded when its turn comes."""
    if single:
        alone = load_single_pass(model, language=language, with_previous_text=with_previous_text)
        yield SEQUENTIAL, partial(alone.hear, way="sequential")
        yield BATCHED, partial(alone.hear, way="batched")
        del alone
    farm = load_farm(model, language=language)

    def hear(pcm: Pcm, *, target_seconds: float) -> Transcribed:
        return farm.transcribe(pcm, farms.planned(pcm, target_seconds=target_seconds))

    for target in targets:
        yield farm_at(target), partial(hear, target_seconds=target)
    yield ALL_SPOKEN, lambda pcm: farm.transcribe(pcm, farms.forced(pcm))
