"""Moves one seam across a recording, and counts the words that it costs.

    python -m benchmarks.seam_sweep [--recording talk.mp3 --truth talk.json] [--from 20 --to 80 --step 0.1]

At each step the seam is forced spoken, with margins of 3 s, wherever it falls: between words and in the
middle of them. The sides are short (20 s and the margin: one window each); the same spot is heard by one
chunk that has no seam there, where a mistake is found. Printed is what is lost, doubled or wrong near the
seam and is not without it: by merging, where a side had heard it right, or by the sides' own hearing. Without
a recording, the demo's is taken.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fresh_farm import DEMO_MODEL, REPOSITORY, machine

if TYPE_CHECKING:
    from benchmarks.against_truth.sweep import Step

_SHOWN = 20
_DEMO = REPOSITORY / "demo" / "podcast_3min.flac"
_PARTS = ("lost", "doubled", "wrong")


def main() -> int:
    """Sweep and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seam_sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recording", type=Path, default=_DEMO)
    parser.add_argument("--truth", type=Path, help="words with times; default: the .json of the same name")
    parser.add_argument(
        "--from", dest="first", type=float, default=20.0, help="the seam's first place, seconds"
    )
    parser.add_argument("--to", dest="last", type=float, default=80.0)
    parser.add_argument("--step", type=float, default=0.1)
    parser.add_argument("--model", default=str(DEMO_MODEL), help="size, hub id or folder")
    parser.add_argument("--language", default="en")
    asked = parser.parse_args()

    # As in the worker: read when numpy is imported, so this comes before everything that does.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from rich.progress import track

    from benchmarks.against_truth.loading import load_farm
    from benchmarks.against_truth.material import read_material
    from benchmarks.against_truth.sweep import try_seam

    truth = asked.truth or asked.recording.with_suffix(".truth.json" if asked.recording == _DEMO else ".json")
    material = read_material(asked.recording, truth)
    pcm = material.decoded()
    farm = load_farm(asked.model, language=asked.language)
    count = int((asked.last - asked.first) / asked.step + 1e-6) + 1
    seams = [asked.first + step * asked.step for step in range(count)]
    with ThreadPoolExecutor(farm.slots) as slots:
        heard = slots.map(lambda seam: try_seam(farm, pcm, material.truth, seam=seam), seams)
        steps = list(track(heard, description="Moving the seam", total=len(seams)))
    print(f"{machine()}; {material.name}, {asked.first:g} to {asked.last:g} s in steps of {asked.step:g} s")
    print(told(steps))
    return 0


def told(steps: Sequence["Step"]) -> str:
    """What the sweep found, for a person."""
    harms = [harm for step in steps for harm in step.harms]
    with_seam = sum(step.mistakes for step in steps)
    without = sum(step.mistakes_without_seam for step in steps)
    lines = [
        f"{len(steps)} seams, {sum(step.words for step in steps):,} words looked at near them",
        f"mistakes near them: {with_seam}; of the same places heard without a seam: {without}",
        "beyond what is lost, doubled or wrong without the seam:",
    ]
    for part in _PARTS:
        here = [harm for harm in harms if harm.edit.part == part]
        merging = sum(harm.cause == "merging" for harm in here)
        lines.append(f"  {part}: {len(here)} ({merging} by merging, {len(here) - merging} by hearing)")
    for harm in harms[:_SHOWN]:
        edit = harm.edit
        said, found = edit.truth or "nothing", edit.heard or "nothing"
        lines.append(
            f"  seam {harm.seam:.1f} s: {edit.part} at {edit.at:.2f} s, said {said}, found {found}"
            f" ({harm.cause})"
        )
    if len(harms) > _SHOWN:
        lines.append(f"  and {len(harms) - _SHOWN} more")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
