"""Makes recordings of eight kinds with exact truth, for the benchmarks.

    python -m tools.recordings --out DIR --minutes 2.5 --seeds 1 2 3

writes `<kind>-<seed>.<ext>` and `<kind>-<seed>.json` for each kind and seed. The same seed gives the same
recording. Needs libespeak-ng, scipy and ffmpeg; what is there already is made again.
"""

import argparse
import sys
from pathlib import Path

from tools.recordings.kinds import KINDS, USUAL_KINDS
from tools.recordings.making import make_recordings


def main() -> int:
    """Make what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recordings", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, required=True, help="folder; made where it is missing")
    parser.add_argument("--minutes", type=float, default=2.5, help="of each recording")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=USUAL_KINDS)
    parser.add_argument("--jobs", type=int, default=1, help="recordings made at once")
    asked = parser.parse_args()
    make_recordings(
        asked.out, seconds=asked.minutes * 60, seeds=asked.seeds, kinds=asked.kinds, jobs=asked.jobs
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
