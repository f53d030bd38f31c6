"""Makes many recordings, a process for each."""

import ctypes
import importlib.util
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import track

from tools.recordings.kinds import USUAL_KINDS, make
from tools.recordings.writing import write

SPEECH_LIBRARY = "libespeak-ng.so.1"


def make_recordings(
    out: Path, *, seconds: float, seeds: Sequence[int], kinds: Sequence[str] = USUAL_KINDS, jobs: int = 1
) -> None:
    """Make each kind with each seed.

    Each recording has a process of its own: espeak-ng's library keeps something of the voices it had before,
    and the same seed would say the same words in slightly other lengths.
    """
    check_ability()
    wanted = [(kind, seed) for seed in seeds for kind in kinds]
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh, max_tasks_per_child=1) as pool:
        making = [pool.submit(_make_one, out, kind, seed, seconds) for kind, seed in wanted]
        for made in track(as_completed(making), description="Making recordings", total=len(wanted)):
            made.result()
    print(f"{len(wanted)} recordings are in {out}")


def check_ability() -> None:
    """Say in a sentence what is missing, before any process fails for the lack of it.

    Raises:
        SystemExit: no scipy, or no espeak-ng.
    """
    if importlib.util.find_spec("scipy") is None:
        raise SystemExit("Making recordings needs scipy, which the farm itself does not: pip install scipy")
    try:
        ctypes.CDLL(SPEECH_LIBRARY)
    except OSError:
        raise SystemExit(
            f"Making recordings needs {SPEECH_LIBRARY}, which is not here; on Debian: apt install espeak-ng"
        ) from None


def _make_one(out: Path, kind: str, seed: int, seconds: float) -> None:
    write(make(kind, seed=seed, seconds=seconds), out, stem=f"{kind}-{seed}")
