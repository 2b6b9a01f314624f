"""Writes exchanges as an HTTP Archive (HAR 1.2)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import harfile

from sendproof.exchange import Exchange, Headers, Response, field_value

_PROTOCOL = "HTTP/1.1"


class _Request(harfile.Request):
    """A request with notes of our own; HAR leaves names with an underscore to us."""

    notes: dict[str, Any]

    def asdict(self) -> dict[str, Any]:
        return {**super().asdict(), **self.notes}


def to_har(exchanges: Iterable[Exchange], path: Path, *, base_url: str = "http://target.invalid") -> None:
    """Write redacted exchanges to `path`; `base_url` is that of the target.

    Each request carries `_id`, `_case`, `_tags` and `_credential`, and `_failure` where there is no
    response (whose status is then 0, as browsers write it).
    """
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    with path.open("w", encoding="utf-8") as file, harfile.open(file, creator=_creator()) as har:
        for exchange in exchanges:
            elapsed_ms = round(exchange.elapsed_s * 1000, 3)
            har.add_entry(
                startedDateTime=datetime.fromtimestamp(exchange.started_s, UTC),
                time=elapsed_ms,
                request=_request(exchange, origin),
                response=_response(exchange.response),
                timings=harfile.Timings(send=0, wait=elapsed_ms, receive=0),
            )


def _creator() -> harfile.Creator:
    return harfile.Creator(name="sendproof", version="1")


def _request(exchange: Exchange, origin: str) -> harfile.Request:
    request = exchange.request
    entry = _Request(
        method=request.method,
        url=origin + request.path,
        httpVersion=_PROTOCOL,
        headers=_records(request.headers),
        queryString=_query(request.path),
        bodySize=len(request.body),
    )
    entry.notes = _notes(exchange)
    if request.body:
        text, encoding = _text(request.body)
        media_type = field_value(request.headers, "Content-Type") or ""
        entry.postData = harfile.PostData(mimeType=media_type, text=text, comment=encoding)
    return entry


def _notes(exchange: Exchange) -> dict[str, Any]:
    credential = exchange.credential
    names = {"key": credential.key, "fault": credential.fault, "carrier": credential.carrier}
    notes = {"_id": exchange.id, "_case": exchange.case, "_tags": list(exchange.tags), "_credential": names}
    return {**notes, "_failure": exchange.failure} if exchange.failure else notes


def _response(response: Response | None) -> harfile.Response:
    if response is None:
        content = harfile.Content(size=0, mimeType="x-unknown")
        return harfile.Response(status=0, statusText="", httpVersion="", content=content, bodySize=-1)
    text, encoding = _text(response.body)
    return harfile.Response(
        status=response.status,
        statusText=_phrase(response.status),
        httpVersion=_PROTOCOL,
        headers=_records(response.headers),
        content=harfile.Content(
            size=len(response.body),
            mimeType=response.header("Content-Type") or "x-unknown",
            text=text,
            encoding=encoding,
        ),
        redirectURL=response.header("Location") or "",
        bodySize=len(response.body),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _records(headers: Headers) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers]


def _query(path: str) -> list[harfile.Record]:
    pairs = parse_qsl(path.partition("?")[2], keep_blank_values=True)
    return [harfile.Record(name=name, value=value) for name, value in pairs]


def _text(body: bytes) -> tuple[str, str | None]:
    """Return content as text, and "base64" where it is no UTF-8."""
    try:
        return body.decode("utf-8"), None
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), "base64"
