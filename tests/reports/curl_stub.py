"""A curl of a few options, for machines without one: it sends what a reproduction asks for."""

from __future__ import annotations

import base64
import http.client
import sys
from urllib.parse import urlsplit


def main(words: list[str]) -> int:
    url, method, headers, body = "", "GET", list[tuple[str, str]](), b""
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-I":
            method = "HEAD"
        elif word == "-u":
            headers.append(("Authorization", "Basic " + base64.b64encode(words.pop(0).encode()).decode()))
        elif word == "-H":
            headers += _header(words.pop(0))
        elif word == "--data-binary":
            body = _body(words.pop(0))
        elif not word.startswith("-"):
            url = word
    _send(url, method, headers, body)
    return 0


def _header(text: str) -> list[tuple[str, str]]:
    name, colon, value = text.partition(":")
    if not colon:
        return [(text.removesuffix(";"), "")]
    return [(name, value.strip())] if value.strip() else []


def _body(word: str) -> bytes:
    return sys.stdin.buffer.read() if word == "@-" else word.encode("utf-8", "surrogateescape")


def _send(url: str, method: str, headers: list[tuple[str, str]], body: bytes) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.putrequest(
        method, f"{parts.path}?{parts.query}" if parts.query else parts.path, skip_accept_encoding=True
    )
    for name, value in (*headers, ("Content-Length", str(len(body)))):
        connection.putheader(name, value.encode("utf-8", "surrogateescape"))
    connection.endheaders(body)
    connection.getresponse().read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
