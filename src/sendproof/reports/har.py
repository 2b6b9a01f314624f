"""Writes exchanges as an HTTP Archive (HAR 1.2)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import harfile

from sendproof.exchange import Exchange, Headers, Response, field_value

_PROTOCOL = "HTTP/1.1"
# Of an answer that nothing rests on: no documented answer is a hundredth as long. Without a limit, a target that
# answers a megabyte each time makes an archive of 300 MB, which no viewer opens.
KEPT_BYTES = 1 << 16
CUT = "cut after"
"""With these words the comment of a content that was cut begins."""


class _Request(harfile.Request):
    """A request with notes of our own; HAR leaves names with an underscore to us."""

    notes: dict[str, Any]

    def asdict(self) -> dict[str, Any]:
        return {**super().asdict(), **self.notes}


def to_har(
    exchanges: Iterable[Exchange],
    path: Path,
    *,
    base_url: str = "http://target.invalid",
    evidence: Collection[str] = frozenset(),
) -> None:
    """Write redacted exchanges to `path`; `base_url` is that of the target.

    Each request carries `_id`, `_case`, `_tags` and `_credential`, and `_failure` where there is no
    response (whose status is then 0, as browsers write it). Of an answer `KEPT_BYTES` are written, all of it
    where its exchange is `evidence`; `size` is that of the whole, and a `comment` says what was cut.
    """
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    with path.open("w", encoding="utf-8") as file, harfile.open(file, creator=_creator()) as har:
        for exchange in exchanges:
            elapsed_ms = round(exchange.elapsed_s * 1000, 3)
            har.add_entry(
                startedDateTime=datetime.fromtimestamp(exchange.started_s, UTC),
                time=elapsed_ms,
                request=_request(exchange, origin),
                response=_response(exchange.response, whole=exchange.id in evidence),
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


def _response(response: Response | None, *, whole: bool) -> harfile.Response:
    if response is None:
        content = harfile.Content(size=0, mimeType="x-unknown")
        return harfile.Response(status=0, statusText="", httpVersion="", content=content, bodySize=-1)
    kept = response.body if whole or len(response.body) <= KEPT_BYTES else _cut(response.body)
    text, encoding = _text(kept)
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
            comment=None if kept is response.body else f"{CUT} {len(kept)} of {len(response.body)} bytes",
        ),
        redirectURL=response.header("Location") or "",
        bodySize=len(response.body),
    )


def _cut(body: bytes) -> bytes:
    """Return the beginning of some content; a character of UTF-8 is not cut in two."""
    end = KEPT_BYTES
    while end > KEPT_BYTES - 4 and body[end] & 0xC0 == 0x80:
        end -= 1
    return body[:end]


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
