"""Asks a server of the stack over HTTP on loopback: small requests, small answers, no slow import."""

import http.client
import json
from collections.abc import Mapping

from whisper_farm.embedded.ports import LOOPBACK

_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024


class NoAnswer(OSError):
    """The server is not there, is not ready, or says no."""


def ask(
    port: int,
    path: str,
    *,
    body: Mapping[str, object] | None = None,
    host: str | None = None,
    seconds: float = 2.0,
) -> bytes:
    """The answer to a GET, or to a POST of `body` as JSON. `host` is the name by which the server is called.

    Raises:
        NoAnswer: there is none within `seconds`, or its status is not 200.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        headers = {"Host": host or f"{LOOPBACK}:{port}"}
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/json"
            connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        data = answer.read(_ANSWER_LIMIT_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error)) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise NoAnswer(f"status {answer.status}")
    return data


def ask_json(port: int, path: str, *, body: Mapping[str, object] | None = None) -> dict[str, object]:
    """As `ask`, of a JSON object."""
    try:
        said = json.loads(ask(port, path, body=body))
    except ValueError as error:
        raise NoAnswer(str(error)) from None
    if not isinstance(said, dict):
        raise NoAnswer("no JSON object")
    return said
