"""Every system on every recording, one system after the other, so that none pays for another's memory."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

from benchmarks.against_truth import farm as farms
from benchmarks.against_truth.loading import load_farm, load_single_pass
from benchmarks.against_truth.material import Material, Pcm, seconds_of
from benchmarks.against_truth.result import ALL_SPOKEN, BATCHED, SEQUENTIAL, SINGLE_PASSES, Result, farm_at
from benchmarks.against_truth.score import Transcribed, score
from whisper_farm.chunking.planner import Cut

Hear = Callable[[Pcm], Transcribed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """Which systems are compared, and with what."""

    model: str
    language: str
    targets: Sequence[float]  #: of the farm's chunks, in seconds
    single: bool = True  #: the single passes as well
    with_previous_text: bool = False  #: see `SinglePass`
    unguarded: bool = False  #: the farm without guards as well

    @property
    def count(self) -> int:
        """How many there are."""
        farms_count = (len(self.targets) + 1) * (2 if self.unguarded else 1)
        return farms_count + (len(SINGLE_PASSES) if self.single else 0)

    def ears(self) -> Iterator[tuple[str, Hear]]:
        """The name of each system and how it hears; each model is loaded when its turn comes."""
        if self.single:
            alone = load_single_pass(
                self.model, language=self.language, with_previous_text=self.with_previous_text
            )
            yield SEQUENTIAL, partial(alone.hear, way="sequential")
            yield BATCHED, partial(alone.hear, way="batched")
            del alone
        farm = load_farm(self.model, language=self.language)
        cutting: dict[str, Callable[[Pcm], Sequence[Cut]]] = {
            farm_at(target): partial(farms.planned, target_seconds=target) for target in self.targets
        }
        for name, cut in {**cutting, ALL_SPOKEN: farms.forced}.items():
            yield name, partial(farm.transcribe, cut=cut)
            if self.unguarded:
                yield f"{name}, no guards", partial(farm.unguarded().transcribe, cut=cut)


def compare(recordings: Sequence[Material], systems: Systems) -> list[Result]:
    """All results, by system in the order in which they were heard."""
    results = []
    with Progress() as progress:
        task = progress.add_task("Listening", total=systems.count * len(recordings))
        pcm = {each.name: each.decoded() for each in recordings}
        for system, hear in systems.ears():
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
