"""`python -m whisper_farm.servers [temporal] [minio]`: finds or gets the servers and prints their paths.

Paths go to stdout, one a line; how it goes is said on stderr.
"""

import signal
import sys

from whisper_farm.errors import ServerMissing
from whisper_farm.servers.pinned import MINIO, TEMPORAL
from whisper_farm.servers.provision import server_binary

FARM_CANNOT_RUN = 3
WRONG_REQUEST = 2
INTERRUPTED = 130


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(names: list[str]) -> int:
    """Gets the named servers, or both; returns the exit code."""
    # As Ctrl-C: the build under way is ended, and its scratch folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    known = {server.name: server for server in (TEMPORAL, MINIO)}
    unknown = [name for name in names if name not in known]
    if unknown:
        _say(f"There is no server '{unknown[0]}'; name {' or '.join(known)}, or none for both.")
        return WRONG_REQUEST
    try:
        for name in names or known:
            print(server_binary(known[name], _say), flush=True)
    except ServerMissing as missing:
        _say(str(missing))
        return FARM_CANNOT_RUN
    except KeyboardInterrupt:
        _say("Interrupted; the same command begins the build again.")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
