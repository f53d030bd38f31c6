"""How the farm's processes log: one sentence a line, for a person; or one JSON object a line, for a machine.

A log call is a sentence plus a stable key: `log.info("Chunk 12 heard in 4 s", extra={"action":
"chunk_heard", "job": job})`. The key and the other extras stand in the JSON lines, which
`WHISPER_FARM_LOG_FORMAT=json` asks for.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]

#: What every log record carries by itself; the rest of a record are its extras.
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

#: Loggers that say more than a person wants to read, and from which level on they are heard.
_QUIET = {
    "faster_whisper": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "huggingface_hub": logging.ERROR,
    "temporalio.worker": logging.WARNING,
    "urllib3": logging.ERROR,
}


def set_up_logging(level: Level = "info") -> None:
    """Log to stderr from `level` on, in place of whatever was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = os.environ.get("WHISPER_FARM_LOG_FORMAT", "").strip().lower() == "json"
    handler.setFormatter(JsonLines() if as_json else Lines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, threshold in _QUIET.items():
        logging.getLogger(name).setLevel(max(threshold, root.level))


class Lines(logging.Formatter):
    """`2026-11-24 10:15:02 info    Chunk 12 heard in 4 s`: local time, level, sentence."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        line = f"{moment} {record.levelname.lower():<8}{_sentence(record)}"
        return line + _trace(self, record)


class JsonLines(logging.Formatter):
    """One object a line: `time` (UTC), `level`, `logger`, `message`, and the extras."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _sentence(record),
        }
        extras = {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}
        entry |= {name: value for name, value in extras.items() if not name.startswith("__temporal")}
        trace = _trace(self, record)
        if trace:
            entry["trace"] = trace.strip()
        return json.dumps(entry, ensure_ascii=False, default=str)


def _sentence(record: logging.LogRecord) -> str:
    """The record's message on one line; a failure that is known by its sentence tells that too."""
    message = record.getMessage()
    if record.name.startswith("temporalio") and record.exc_info and record.exc_info[1] is not None:
        message = f"{message}: {record.exc_info[1]}"
    return " ".join(message.split())


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """The traceback, below the line. None for what Temporal reports of an activity's or a workflow's failure:
    it is shown, with its stack, in Temporal's own history."""
    if not record.exc_info or record.exc_info[1] is None or record.name.startswith("temporalio"):
        return ""
    return "\n" + formatter.formatException(record.exc_info)
