"""Requests and replies as values, and how a reply is put on the wire.

Freedoms taken here: header names are written in swapped case (field names are case-insensitive), the reason
phrase is empty (RFC 9112, section 4), JSON is compact and raw UTF-8, and a streamed reply is sent in two chunks
without a Content-Length to clients that speak HTTP/1.1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote

NO_CONTENT = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Hold one complete request; header names are in lower case, in the order received."""

    method: str
    target: str
    version: tuple[int, int]
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    oversized: bool = False
    keep_alive: bool = True

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of the field *name* (lower case)."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def path(self) -> str:
        """Return the decoded path, without query, of an origin-form or absolute-form target."""
        target = self.target
        if not target.startswith("/") and "://" in target:
            _, _, rest = target.partition("://")
            _, slash, tail = rest.partition("/")
            target = slash + tail if slash else "/"
        return unquote(target.partition("?")[0], encoding="utf-8", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Hold one reply: a status code, a JSON document or none, and extra fields."""

    status: int
    document: dict[str, object] | None = None
    media_type: str = "application/json"
    fields: tuple[tuple[str, str], ...] = ()
    streamed: bool = False


def http_date(moment: datetime) -> str:
    """Return *moment* (UTC) as an HTTP date (RFC 9110, section 5.6.7)."""
    return format_datetime(moment, usegmt=True)


def to_bytes(reply: Reply, *, version: tuple[int, int], method: str, keep_alive: bool) -> bytes:
    """Return the bytes of *reply* for a request of *version* and *method*."""
    payload = b"" if reply.document is None else _encoded(reply.document)
    streamed = reply.streamed and version >= (1, 1) and bool(payload)
    fields = [("Date", http_date(datetime.now(UTC))), *reply.fields]
    if payload:
        fields.append(("Content-Type", reply.media_type))
    if streamed:
        fields.append(("Transfer-Encoding", "chunked"))
    elif reply.status != NO_CONTENT:
        fields.append(("Content-Length", str(len(payload))))
    if not keep_alive:
        fields.append(("Connection", "close"))
    elif version < (1, 1):
        fields.append(("Connection", "keep-alive"))
    lines = [f"HTTP/1.1 {reply.status} ", *(f"{name.swapcase()}: {value}" for name, value in fields), "", ""]
    head = "\r\n".join(lines).encode("latin-1")
    if method == "HEAD":
        return head
    return head + (_chunked(payload) if streamed else payload)


def _encoded(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _chunked(payload: bytes) -> bytes:
    middle = len(payload) // 2
    parts = (payload[:middle], payload[middle:])
    return b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
