"""How much is lost, doubled and wrong: the farm against faster-whisper alone, in one run on the same audio.

    python -m benchmarks.fidelity --make DIR                # makes an hour of recordings there, and compares
    python -m benchmarks.fidelity --data DIR [--model M]    # any folder of audio with reference text

For each kind and all together it prints WER with its parts, speech that no word covers, the error of word
starts (median / 95th percentile) within 2 s of a seam and elsewhere, unexplained violations of subtitle
rules, and seconds of hearing. The farm is its own code without Temporal and store.

The sequential pass is not told its own previous text, as faster-whisper would have it: the demo's model was
never trained on any, and loses half of all words with it. For models that know it, ask for `--previous-text`.

A recording `talk.mp3` goes with `talk.json` (words with times, as `tools.recordings` writes them) or
`talk.txt` (the text alone: then only WER and its parts are told). `--make` needs libespeak-ng and scipy.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.fresh_farm import DEMO_MODEL, machine

MADE_MINUTES = 2.5
MADE_SEEDS = (901, 902, 903)
TARGETS_SECONDS = (15.0, 30.0, 60.0, 300.0)


def main() -> int:
    """Make recordings where asked to, compare, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fidelity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--data", type=Path, help="folder with audio and reference text")
    where.add_argument(
        "--make", type=Path, help="folder to make recordings in; what is there is compared, too"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=MADE_SEEDS, help="of what --make makes")
    parser.add_argument("--minutes", type=float, default=MADE_MINUTES, help="of each recording that is made")
    parser.add_argument("--model", default=str(DEMO_MODEL), help="size, hub id or folder")
    parser.add_argument("--language", default="en", help="what is spoken")
    parser.add_argument(
        "--targets", type=float, nargs="+", default=TARGETS_SECONDS, help="chunks, in seconds"
    )
    parser.add_argument("--kinds", nargs="+", help="only recordings of these kinds")
    parser.add_argument("--only-farm", action="store_true", help="leave the single passes out")
    parser.add_argument(
        "--previous-text", action="store_true", help="tell the sequential pass's windows what came before"
    )
    parser.add_argument("--unguarded", action="store_true", help="the farm without guards as well")
    parser.add_argument("--details", type=Path, help="write every mistake with its place there, as JSON")
    asked = parser.parse_args()

    # As in the worker: read when numpy is imported, so this comes before everything that does.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from benchmarks.against_truth.comparing import Systems, compare, write_details
    from benchmarks.against_truth.material import materials
    from benchmarks.against_truth.tables import tables

    if asked.make is not None:
        from tools.recordings.making import make_recordings

        make_recordings(asked.make, seconds=asked.minutes * 60, seeds=asked.seeds)
    recordings = [
        each for each in materials(asked.make or asked.data) if not asked.kinds or each.kind in asked.kinds
    ]
    systems = Systems(
        model=asked.model,
        language=asked.language,
        targets=asked.targets,
        single=not asked.only_farm,
        with_previous_text=asked.previous_text,
        unguarded=asked.unguarded,
    )
    results = compare(recordings, systems)
    print(f"{machine()}; model {Path(asked.model).name}\n")
    for table in tables(results):
        print(table)
    if asked.details is not None:
        write_details(results, asked.details)
    return 0


if __name__ == "__main__":
    sys.exit(main())
