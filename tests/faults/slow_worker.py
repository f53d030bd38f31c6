"""The real worker with its engine slowed: `SLOWNESS=0.05 python -m tests.faults.slow_worker`.

`SLOWNESS` is its pace in times realtime.
"""

import os
import sys

from tests.faults.engines import Slow
from worker_gpu.starting import start

if __name__ == "__main__":
    pace = float(os.environ["SLOWNESS"])
    code = start(sys.argv[1:], wrap=lambda engine: Slow(engine, pace=pace))
    sys.stderr.flush()
    os._exit(code)
