"""The supervisor: `python -m whisper_farm.embedded`, with a `StackOrder` on its stdin.

Started by the first client that needs a stack (see `stack`), which hands over the lock of the data folder
and waits for one line that says how it went. It leaves its starter at once, to be nobody's child: neither
that command's end nor its terminal's is its own.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from whisper_farm.embedded.layout import HomeLayout, unusable_home
from whisper_farm.embedded.leftovers import end_leftovers
from whisper_farm.embedded.lock import is_at, unlock
from whisper_farm.embedded.order import StackOrder, read_order
from whisper_farm.embedded.spec import ProcessTable
from whisper_farm.embedded.supervisor import Beginning, Supervisor
from whisper_farm.embedded.table import make_table
from whisper_farm.errors import StackBroken

MakeTable = Callable[[StackOrder, str, Mapping[str, str]], ProcessTable]

log = logging.getLogger("whisper_farm.supervisor")


def main(make: MakeTable = make_table) -> NoReturn:
    """The supervisor's life; `make` gives the table of processes it keeps."""
    order = read_order(sys.stdin.buffer.read())
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    layout = HomeLayout(Path(order.home))
    os.set_inheritable(order.lock, False)
    os.set_inheritable(order.report, False)
    fault = ""
    try:
        _supervise(order, layout, make)
    except StackBroken as error:
        fault = str(error)
        log.error("%s", fault)
    except Exception as error:
        fault = f"The stack's supervisor failed ({error!r}); its log is '{layout.log('supervisor')}'."
        log.exception("The supervisor failed")
    finally:
        if is_at(order.lock, layout.lock_file):  # else another stack may live there by now
            layout.clear_scratch()
            layout.state_file.unlink(missing_ok=True)
        unlock(order.lock, layout.lock_file)
        if fault:
            _report(order, fault)
        # At once: whoever gets the lock may count on this process to be gone.
        os._exit(1 if fault else 0)


def _supervise(order: StackOrder, layout: HomeLayout, make: MakeTable) -> None:
    stack = secrets.token_hex(8)
    try:
        end_leftovers(layout)
        layout.clear_scratch()
        layout.prepare()
        table = make(order, stack, os.environ)
    except OSError as error:
        raise unusable_home(layout.root, error) from None
    supervisor = Supervisor(
        stack=stack,
        version=order.version,
        layout=layout,
        table=table,
        lock=order.lock,
        idle_seconds=order.idle_seconds,
        begin=Beginning(stay=order.stay, default_model=order.default_model, models=order.models),
    )
    asyncio.run(supervisor.run(lambda: _report(order, "")))


def _report(order: StackOrder, fault: str) -> None:
    """Tell the starter how it went. It may be gone, or have heard already."""
    with suppress(OSError):
        os.write(order.report, (fault or "up").encode() + b"\n")


if __name__ == "__main__":
    main()
