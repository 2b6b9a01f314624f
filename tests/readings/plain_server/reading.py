"""Read one HTTP request from a stream: head and body, however broken.

Freedoms: a request with both Content-Length and Transfer-Encoding is refused, so are folded fields, fields without a
name and other transfer codings than chunked; up to eight empty lines may come before the request line; a body over
1 MiB is refused unread.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

LINE_LIMIT: Final = 65536
FIELDS_LIMIT: Final = 200
BODY_LIMIT: Final = 1024 * 1024
EMPTY_LINES: Final = 8

_REQUEST_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[0-9]")
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\x00]*)")
_ABSOLUTE: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK: Final = re.compile(r"([0-9A-Fa-f]{1,12})[ \t]*(;.*)?")


class Stream(Protocol):
    """What is read from: blocking, with a time limit for each wait."""

    def readline(self, limit: int, /) -> bytes:
        """Return a line with its end, cut at the limit or at the end of the stream."""
        ...

    def read(self, size: int, /) -> bytes:
        """Return that many bytes, fewer at the end of the stream only."""
        ...


class Unreadable(Exception):
    """The bytes are not an HTTP request; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Request line and fields; names in lower case, values without the blanks around them."""

    method: str
    path: str
    query: str
    is_modern: bool
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return the values of every field line of that name."""
        return [value for key, value in self.fields if key == name]


def read_head(stream: Stream) -> Head | None:
    """Return the head, or None when the client closes or is silent before its first byte."""
    line = ""
    for _ in range(EMPTY_LINES):
        try:
            raw = stream.readline(LINE_LIMIT + 1)
        except TimeoutError:
            return None
        if not raw:
            return None
        if len(raw) > LINE_LIMIT:
            raise Unreadable("The request line is too long")
        line = _text(raw)
        if line:
            break
    matched = _REQUEST_LINE.fullmatch(line)
    if matched is None:
        raise Unreadable("The request line cannot be understood")
    target = _ABSOLUTE.sub("", matched[2], count=1) if "://" in matched[2] else matched[2]
    path, _, query = target.partition("?")
    modern = not line.endswith("1.0")
    return Head(method=matched[1], path=path, query=query, is_modern=modern, fields=tuple(_read_fields(stream)))


def read_body(stream: Stream, head: Head) -> bytes:
    """Return the whole body, decoded when it came in chunks."""
    codings, lengths = head.values("transfer-encoding"), set(head.values("content-length"))
    if codings:
        if lengths or [coding.lower() for coding in codings] != ["chunked"]:
            raise Unreadable("The transfer coding of the request is not supported")
        return _read_chunks(stream)
    if not lengths:
        return b""
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise Unreadable("The length of the request is not a number")
    return _read_exactly(stream, _limited(int(length)))


def _read_fields(stream: Stream) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    while line := _read_line(stream):
        matched = _FIELD.fullmatch(line)
        if matched is None or len(fields) == FIELDS_LIMIT:
            raise Unreadable("The fields of the request cannot be understood")
        fields.append((matched[1].lower(), matched[2].strip(" \t")))
    return fields


def _read_chunks(stream: Stream) -> bytes:
    body = bytearray()
    while True:
        matched = _CHUNK.fullmatch(_read_line(stream))
        if matched is None:
            raise Unreadable("The chunks of the request cannot be understood")
        size = int(matched[1], 16)
        if size == 0:
            _read_fields(stream)
            return bytes(body)
        _limited(len(body) + size)
        body += _read_exactly(stream, size)
        if _read_line(stream):
            raise Unreadable("The chunks of the request cannot be understood")


def _read_exactly(stream: Stream, size: int) -> bytes:
    try:
        data = stream.read(size)
    except TimeoutError:
        data = b""
    if len(data) < size:
        raise Unreadable("The request ended too early")
    return data


def _read_line(stream: Stream) -> str:
    try:
        raw = stream.readline(LINE_LIMIT + 1)
    except TimeoutError:
        raw = b""
    if not raw.endswith(b"\n"):
        raise Unreadable("The request ended too early or has too long a line")
    return _text(raw)


def _text(raw: bytes) -> str:
    line = raw.decode("iso-8859-1")
    return line.removesuffix("\n").removesuffix("\r")


def _limited(size: int) -> int:
    if size > BODY_LIMIT:
        raise Unreadable("The request is too large")
    return size
