"""The transport of the door: httpcore's pool behind httpx's interface, with one deadline per request.

Each timeout of httpx holds for one read or write: a target that drips a byte a second never
ends. Here every read and write gets what is left of the request's whole time.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping

import httpcore
import httpx

DEADLINE = "deadline"
_WRITTEN_AT_ONCE_BYTES = 1 << 16
# An idle connection may be closed by the target at the moment of its use, and nothing is sent twice.
_KEPT_ALIVE_S = 2.0


class _Deadline(threading.local):
    """When the request of the present thread has to be over, on the monotonic clock."""

    at_s: float = float("inf")

    def left_s(self, error: type[Exception]) -> float | None:
        left = self.at_s - time.monotonic()
        if left <= 0:
            raise error("the time of the request is over")
        return None if left == float("inf") else left


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline stands in its place
        return self._stream.read(max_bytes, self._deadline.left_s(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline stands in its place
        for start in range(0, len(buffer), _WRITTEN_AT_ONCE_BYTES):
            piece = buffer[start : start + _WRITTEN_AT_ONCE_BYTES]
            self._stream.write(piece, self._deadline.left_s(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in its place
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: _Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in its place
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left_s, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Content(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class Wire(httpx.BaseTransport):
    """Send each request once, over HTTP/1.1: no redirects, retries, proxies, cookies or environment.

    The extension `deadline` of a request is when it has to be over, on the monotonic clock.
    Errors are those of httpcore.
    """

    def __init__(self, *, encrypted: bool) -> None:
        # It would log the fields of every answer, credentials among them, to whoever logs everything.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False) if encrypted else None,
            max_connections=None,
            max_keepalive_connections=None,
            keepalive_expiry=_KEPT_ALIVE_S,
            network_backend=_Backend(self._deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, with the content still to be read."""
        extensions: Mapping[str, float] = request.extensions
        self._deadline.at_s = extensions.get(DEADLINE, float("inf"))
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Content(response))

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
