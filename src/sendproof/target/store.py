"""Keeps exchanges as JSON lines, so that workers can share their evidence."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sendproof.errors import SendproofError
from sendproof.exchange import Credential, Exchange, Headers, Request, Response, TransportFailure


class StoreError(SendproofError):
    """A file of exchanges cannot be read."""


def load(path: Path) -> list[Exchange]:
    """Return the exchanges in a file, in order; a last line that is not whole is left out."""
    lines = path.read_bytes().split(b"\n")
    return [_loaded(path, number, line) for number, line in enumerate(lines[:-1], 1) if line]


def _loaded(path: Path, number: int, line: bytes) -> Exchange:
    try:
        return from_line(line)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path.name}:{number}: expected an exchange, got {type(error).__name__}. Remove that line."
        ) from error


def to_line(exchange: Exchange) -> str:
    """Return an exchange as one line of JSON in ASCII, without the end of the line."""
    request, response, credential = exchange.request, exchange.response, exchange.credential
    document = {
        "id": exchange.id,
        "case": exchange.case,
        "tags": exchange.tags,
        "started_s": exchange.started_s,
        "elapsed_s": exchange.elapsed_s,
        "failure": exchange.failure,
        "credential": {"key": credential.key, "fault": credential.fault, "carrier": credential.carrier},
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": request.headers,
            **_from_body(request.body),
        },
        "response": response and {"status": response.status, "headers": response.headers, **_from_body(response.body)},
    }
    return json.dumps(document, separators=(",", ":"))


def from_line(line: bytes | str) -> Exchange:
    """Return the exchange that `to_line` wrote."""
    document = json.loads(line)
    request, response = document["request"], document["response"]
    return Exchange(
        id=document["id"],
        request=Request(
            method=request["method"],
            path=request["path"],
            headers=_headers(request),
            body=_to_body(request),
        ),
        response=response and Response(status=response["status"], headers=_headers(response), body=_to_body(response)),
        credential=Credential(**document["credential"]),
        started_s=document["started_s"],
        elapsed_s=document["elapsed_s"],
        failure=TransportFailure(document["failure"]) if document["failure"] else None,
        case=document["case"],
        tags=tuple(document["tags"]),
    )


def _headers(message: Mapping[str, Any]) -> Headers:
    return tuple((name, value) for name, value in message["headers"])


def _from_body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def _to_body(message: Mapping[str, Any]) -> bytes:
    if "body" in message:
        return str(message["body"]).encode("utf-8")
    return base64.b64decode(message["body_base64"], validate=True)
