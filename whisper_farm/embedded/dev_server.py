"""The stack's Temporal: the CLI's dev server on a SQLite file, heard on loopback only.

It is asked over its own HTTP interface (and its UI's, which alone understands a `/` in a queue's name),
because importing the SDK costs more time than the whole server needs to start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from whisper_farm.embedded.local_http import ask_json
from whisper_farm.embedded.ports import LOOPBACK
from whisper_farm.embedded.spec import ProcessSpec
from whisper_farm.embedded.state import TemporalFacts

NAMESPACE = "default"

#: As `messages.SEARCH_...`: spelled out here because `messages` needs pydantic, which a cold start can't
#: wait for. A file that is older than one of them gets it from the control worker.
SEARCH_ATTRIBUTES = {
    "WhisperModel": "Keyword",
    "WhisperAudioSecondsLeft": "Double",
    "WhisperOwner": "Keyword",
}
RUNNING_JOBS = 'WorkflowType="TranscribeWorkflow" AND ExecutionStatus="Running"'

#: How long closed runs stay to be looked at; the server's own default is a day. The store is the record.
RETENTION_SECONDS = 30 * 24 * 3600

PORT_NAMES = ("temporal", "ui", "temporal_http", "temporal_metrics")

_SETTINGS = {
    # A two-minute clip does not wait behind a ten-hour archive: fair dispatch, one partition, so one order.
    "matching.useNewMatcher": "true",
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # Pollers that are gone are not shown for five minutes; a living one polls anew each minute.
    "matching.PollerHistoryTTL": '"80s"',
    # A worker that leaves takes its polls with it, so no task is handed to it any more.
    "frontend.enableCancelWorkerPollsOnShutdown": "true",
    "frontend.WorkerHeartbeatsEnabled": "true",
    # Nothing calls home, and no page in a browser gets in by a name that it pointed at loopback.
    "frontend.enableServerVersionCheck": "false",
    "frontend.httpAllowedHosts": '["127.0.0.1:*","localhost:*"]',
}

_DAMAGED = re.compile(
    r"malformed|not a database|no such table|no such column|disk image|schema version|has no column",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevServer:
    """Where the server is, and how it is started and asked."""

    cli: Path
    version: str  #: of the CLI, '' where it is not known: another one may not understand the file of this one
    folder: Path  #: for its database
    ports: Mapping[str, int]  #: by `PORT_NAMES`

    @property
    def database(self) -> Path:
        return self.folder / f"temporal{'-' if self.version else ''}{self.version}.sqlite"

    @property
    def facts(self) -> TemporalFacts:
        return TemporalFacts(
            address=f"{LOOPBACK}:{self.ports['temporal']}",
            namespace=NAMESPACE,
            ui=f"http://{LOOPBACK}:{self.ports['ui']}",
            cli=str(self.cli),
        )

    def spec(self, environment: Mapping[str, str]) -> ProcessSpec:
        """The process. `environment` is what every process of the stack gets."""
        return ProcessSpec(
            role="temporal",
            name="temporal",
            argv=self._argv(),
            environment={
                **environment,
                "HOME": str(self.folder),
                "PATH": "/usr/bin:/bin",
                "TEMPORAL_VERSION_CHECK_DISABLED": "1",
            },
            ready=lambda _pid: self.is_ready(),
            before_start=self.clear_unusable_database,
        )

    def is_ready(self) -> bool:
        """Whether it answers. Also sees to its namespace's retention, which no option of the command sets."""
        namespace = ask_json(self.ports["temporal_http"], f"/api/v1/namespaces/{NAMESPACE}")
        config = namespace.get("config")
        if (
            isinstance(config, dict)
            and config.get("workflowExecutionRetentionTtl") != f"{RETENTION_SECONDS}s"
        ):
            ask_json(
                self.ports["temporal_http"],
                f"/api/v1/namespaces/{NAMESPACE}/update",
                body={"config": {"workflowExecutionRetentionTtl": f"{RETENTION_SECONDS}s"}},
            )
        self._made.touch()
        return True

    def running_jobs(self) -> int:
        """How many jobs run. Raises `OSError` where the server does not answer."""
        said = ask_json(
            self.ports["temporal_http"],
            f"/api/v1/namespaces/{NAMESPACE}/workflow-count?query={quote(RUNNING_JOBS)}",
        )
        return int(str(said.get("count", 0)))

    def pollers(self, queue: str, kind: str) -> list[str]:
        """Identities of those that poll `queue`; `kind` is `WORKFLOW` or `ACTIVITY`."""
        said = ask_json(
            self.ports["ui"],
            f"/api/v1/namespaces/{NAMESPACE}/task-queues/{quote(queue, safe='')}"
            f"?taskQueueType=TASK_QUEUE_TYPE_{kind}",
        )
        pollers = said.get("pollers")
        return [str(poller.get("identity", "")) for poller in pollers] if isinstance(pollers, list) else []

    def clear_unusable_database(self, last_words: str) -> None:
        """Before a start: take away a file that was never finished, put aside one that can't be read.

        The server makes its tables only where there is no file at all, so one whose making was cut short
        would stop it for ever; nothing can be in it. One that is damaged loses runs in progress; the
        store has their requests and results, and the control worker starts them again from there.
        """
        if self.database.exists() and not self._made.exists():
            for path in self._database_files():
                path.unlink(missing_ok=True)
        elif _DAMAGED.search(last_words):
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            for path in self._database_files():
                if path.exists():
                    path.rename(path.with_name(f"{path.name}.damaged-{stamp}"))

    @property
    def _made(self) -> Path:
        """Lies beside the database once a server has answered from it."""
        return self.database.with_suffix(".made")

    def _database_files(self) -> list[Path]:
        return [self._made, *(Path(f"{self.database}{end}") for end in ("", "-wal", "-shm", "-journal"))]

    def _argv(self) -> tuple[str, ...]:
        ports = self.ports
        options = [
            # From the data folder, where the process starts: the server takes this for a URL of a kind, in
            # which a folder's `?` or `%` would mean something else.
            f"--db-filename={self.folder.name}/{self.database.name}",
            f"--ip={LOOPBACK}",
            f"--port={ports['temporal']}",
            f"--ui-ip={LOOPBACK}",
            f"--ui-port={ports['ui']}",
            f"--http-port={ports['temporal_http']}",
            f"--metrics-port={ports['temporal_metrics']}",
            f"--namespace={NAMESPACE}",
            "--ui-disable-news-fetch",
            "--disable-config-file",
            "--disable-config-env",
            "--color=never",
            "--log-level=warn",
            # No commit waits for the disk: what a power failure takes back is found again in the store.
            "--sqlite-pragma=journal_mode=WAL",
            "--sqlite-pragma=synchronous=NORMAL",
            *(f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()),
            *(f"--dynamic-config-value={name}={value}" for name, value in _SETTINGS.items()),
        ]
        return (str(self.cli), "server", "start-dev", *options)


def polls_as(identities: list[str], pid: int) -> bool:
    """Whether one of these identities (`<role> <pid>@<host> ...`) is that of process `pid`."""
    return any(re.search(rf"(?<!\d){pid}@", identity) for identity in identities)
