"""Read HTTP/1.1 requests from bytes as they come (RFC 9112); no I/O here.

Freedoms taken: a line must end with CRLF; a message with both a length and a transfer coding is refused; an unknown
transfer coding and an unknown major version are 400 rather than a 5xx; bodies above one MiB are read to their end
and then refused with 413, so that the client always reads its answer; only above 64 MiB is the answer sent first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from .message import Request

MAX_BODY = 1 << 20
MAX_DRAIN = 64 << 20
MAX_LINE = 8 << 10
MAX_HEAD = 48 << 10
MAX_FIELDS = 128
MAX_CHUNK_LINE = 1 << 10

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])", re.ASCII)
_BEGINNING = re.compile(rb"[\x20-\x7e]*\r?", re.ASCII)
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*", re.ASCII)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Say that the bytes cannot be served; the connection ends after this answer."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Continue:
    """Say that the client waits for a 100 (Continue) before it sends the body."""


Event = Request | Refusal | Continue


class _State(Enum):
    HEAD = auto()
    FIXED = auto()
    CHUNK_SIZE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    ENDED = auto()


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(status=status, reason=reason)


class RequestReader:
    """Turn received bytes into events, one message after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._state = _State.HEAD
        self._eof = False
        self._head: Request | None = None
        self._body = bytearray()
        self._remaining = 0
        self._seen = 0
        self._scanned = 0
        self._trailer_bytes = 0

    @property
    def buffered(self) -> int:
        """Return how many bytes wait to be read."""
        return len(self._buffer)

    @property
    def between_messages(self) -> bool:
        """Tell whether no message has been begun."""
        return self._state is _State.HEAD and not self._buffer.lstrip(b"\r\n")

    def receive(self, data: bytes) -> None:
        """Take bytes from the network; bytes after the end are dropped."""
        if self._state is not _State.ENDED:
            self._buffer += data

    def receive_eof(self) -> None:
        """Take note that the client sends nothing more."""
        self._eof = True

    def next_event(self) -> Event | None:
        """Return the next event, or None when more bytes are needed."""
        try:
            event = self._step()
        except _Refused as refused:
            return self._end(refused.refusal)
        if event is None and self._eof and self._state is not _State.ENDED and not self.between_messages:
            return self._end(Refusal(status=400, reason="The request ended before it was complete"))
        return event

    def _end(self, refusal: Refusal) -> Refusal:
        self._state = _State.ENDED
        self._buffer.clear()
        return refusal

    def _step(self) -> Event | None:
        while True:
            state = self._state
            if state is _State.HEAD:
                return self._read_head()
            if state in (_State.FIXED, _State.CHUNK_DATA):
                if not self._read_data():
                    return None
                if state is _State.FIXED:
                    return self._complete()
                self._state = _State.CHUNK_END
            elif state is _State.TRAILER:
                line = self._line(MAX_HEAD)
                if line is None:
                    return None
                if not line:
                    return self._complete()
                self._count_trailer(line)
            elif state is _State.ENDED or not self._read_chunk_line():
                return None

    def _count_trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_HEAD:
            raise _Refused(431, "The trailer section is too large")
        if not _FIELD.fullmatch(line):
            raise _Refused(400, "A trailer field is malformed")

    def _read_chunk_line(self) -> bool:
        line = self._line(MAX_CHUNK_LINE)
        if line is None:
            return False
        if self._state is _State.CHUNK_END:
            if line:
                raise _Refused(400, "A chunk is longer than its size")
            self._state = _State.CHUNK_SIZE
            return True
        found = _CHUNK_SIZE.fullmatch(line)
        if not found:
            raise _Refused(400, "A chunk size is malformed")
        self._remaining = int(found[1], 16)
        self._seen += self._remaining
        if self._seen > MAX_DRAIN:
            raise _Refused(413, "The request body is too large")
        self._state = _State.CHUNK_DATA if self._remaining else _State.TRAILER
        return True

    def _line(self, limit: int) -> bytes | None:
        end = self._buffer.find(b"\n", 0, limit + 2)
        if end < 0:
            if len(self._buffer) > limit:
                raise _Refused(400, "A line is too long")
            return None
        line = bytes(self._buffer[: end + 1])
        if not line.endswith(b"\r\n"):
            raise _Refused(400, "A line must end with CRLF")
        del self._buffer[: end + 1]
        return line[:-2]

    def _read_data(self) -> bool:
        taken = min(self._remaining, len(self._buffer))
        if len(self._body) <= MAX_BODY:
            self._body += self._buffer[:taken]
        del self._buffer[:taken]
        self._remaining -= taken
        return self._remaining == 0

    def _complete(self) -> Request:
        assert self._head is not None
        oversized = self._seen > MAX_BODY
        request = replace(self._head, body=b"" if oversized else bytes(self._body), oversized=oversized)
        self._head, self._body, self._seen, self._trailer_bytes = None, bytearray(), 0, 0
        self._state = _State.HEAD
        return request

    def _read_head(self) -> Event | None:
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", max(0, self._scanned - 3), MAX_HEAD + 4)
        if end < 0:
            self._scanned = len(self._buffer)
            self._check_partial_head()
            return None
        block = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        self._scanned = 0
        head = _parsed_head(block)
        self._head = head
        return self._begin_body(head)

    def _check_partial_head(self) -> None:
        line_end = self._buffer.find(b"\n")
        if line_end < 0 and len(self._buffer) > MAX_LINE:
            raise _Refused(414, "The request line is too long")
        if line_end < 0 and not _BEGINNING.fullmatch(self._buffer):
            raise _Refused(400, "This is not HTTP")
        if line_end >= 0 and not _REQUEST_LINE.fullmatch(self._buffer[:line_end].removesuffix(b"\r")):
            raise _Refused(400, "The request line is malformed")
        if re.search(rb"(?<!\r)\n", self._buffer):
            raise _Refused(400, "A line must end with CRLF")
        if len(self._buffer) > MAX_HEAD:
            raise _Refused(431, "The header section is too large")

    def _begin_body(self, head: Request) -> Event | None:
        length = _body_length(head)
        expects = _expects_continue(head)
        if length is None:
            self._state = _State.CHUNK_SIZE
        else:
            if length > MAX_DRAIN or (expects and length > MAX_BODY):
                raise _Refused(413, "The request body is too large")
            self._remaining = self._seen = length
            self._state = _State.FIXED
        if expects and length != 0 and not self._buffer:
            return Continue()
        return self._step()


def _parsed_head(block: bytes) -> Request:
    lines = block.split(b"\r\n")
    if len(lines[0]) > MAX_LINE:
        raise _Refused(414, "The request line is too long")
    found = _REQUEST_LINE.fullmatch(lines[0])
    if not found:
        raise _Refused(400, "The request line is malformed")
    version = (int(found[3]), int(found[4]))
    if version[0] != 1:
        raise _Refused(400, "This HTTP version is not spoken here")
    if len(lines) > MAX_FIELDS:
        raise _Refused(431, "There are too many header fields")
    headers = tuple(_parsed_field(line) for line in lines[1:])
    head = Request(
        method=found[1].decode("ascii"),
        target=found[2].decode("ascii"),
        version=min(version, (1, 1)),
        headers=headers,
    )
    _check_target(head)
    _check_host(head)
    return replace(head, keep_alive=_keeps_alive(head))


def _parsed_field(line: bytes) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if not found:
        raise _Refused(400, "A header field is malformed")
    return found[1].decode("ascii").lower(), found[2].decode("latin-1")


def _check_target(head: Request) -> None:
    target = head.target
    absolute = target.lower().startswith(("http://", "https://"))
    if not (
        target.startswith("/") or absolute or head.method == "CONNECT" or (head.method, target) == ("OPTIONS", "*")
    ):
        raise _Refused(400, "The request target is malformed")


def _check_host(head: Request) -> None:
    hosts = head.values("host")
    if len(hosts) > 1 or (not hosts and head.version >= (1, 1)):
        raise _Refused(400, "Exactly one Host field is needed")


def _tokens(head: Request, name: str) -> list[str]:
    return [token.strip().lower() for value in head.values(name) for token in value.split(",") if token.strip()]


def _keeps_alive(head: Request) -> bool:
    options = _tokens(head, "connection")
    return "close" not in options and (head.version >= (1, 1) or "keep-alive" in options)


def _expects_continue(head: Request) -> bool:
    expectations = _tokens(head, "expect")
    if head.version < (1, 1) or not expectations:
        return False
    if expectations != ["100-continue"]:
        raise _Refused(417, "Only 100-continue can be expected")
    return True


def _body_length(head: Request) -> int | None:
    """Return the length in bytes, or None for a chunked body."""
    codings, lengths = head.values("transfer-encoding"), set(head.values("content-length"))
    if codings:
        if lengths or head.version < (1, 1) or _tokens(head, "transfer-encoding") != ["chunked"]:
            raise _Refused(400, "The length of the body is ambiguous")
        return None
    if not lengths:
        return 0
    value = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]+", value):
        raise _Refused(400, "Content-Length is malformed")
    digits = value.lstrip("0") or "0"
    return int(digits) if len(digits) <= 15 else MAX_DRAIN + 1
