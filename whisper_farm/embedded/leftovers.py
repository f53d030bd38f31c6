"""What an earlier stack of the same folder left running, because its supervisor was killed.

On Linux its children die with it, but what those had started does not; elsewhere nothing does by itself.
Only whoever holds the folder's lock may sweep: then no supervisor of this folder lives.
"""

import json

from whisper_farm.embedded.layout import HomeLayout
from whisper_farm.embedded.processes import ProcessMark, end_at_once, marked_with


def end_leftovers(layout: HomeLayout) -> None:
    """End all that `stack.json` tells of and that still runs."""
    try:
        said = json.loads(layout.state_file.read_bytes())
        stack = str(said["stack"])
        marks = [
            ProcessMark(pid=process["pid"], birth=process["birth"])
            for process in said["processes"]
            if isinstance(process["pid"], int) and process["pid"] > 1
        ]
    except (OSError, ValueError, LookupError, TypeError):
        return
    end_at_once(marks)
    end_at_once(marked_with(stack))
