"""The transport of the client: httpcore's pool behind httpx's interface, with one deadline per request.

Each timeout of httpx holds for one read or write: a target that drips a byte a second never
ends. Here every read and write gets what is left of the request's whole time, also on the way
through a proxy.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping

import httpcore
import httpx

from sendproof.exchange import TransportFailure
from sendproof.target.profile import Proxy

DEADLINE = "deadline"
_WRITTEN_AT_ONCE_BYTES = 1 << 16
# An idle connection may be closed by the target at the moment of its use, and nothing is sent twice.
_KEPT_ALIVE_S = 2.0


class ProxyFailed(Exception):
    """A proxy did not bring a request on its way. `failure` is one of `OF_A_PROXY`."""

    def __init__(self, failure: TransportFailure) -> None:
        super().__init__(failure)
        self.failure = failure


class _Present(threading.local):
    """The request of the present thread: when it has to be over, on the monotonic clock, and how far it is.

    `handshakes_left` counts those of TLS until the target itself is spoken to: before, all trouble is a proxy's.
    """

    at_s: float = float("inf")
    handshakes_left: int = 0

    def left_s(self, error: type[Exception]) -> float | None:
        left = self.at_s - time.monotonic()
        if left <= 0:
            raise error("the time of the request is over")
        return None if left == float("inf") else left


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, present: _Present) -> None:
        self._stream = stream
        self._present = present

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline stands in its place
        return self._stream.read(max_bytes, self._present.left_s(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline stands in its place
        for start in range(0, len(buffer), _WRITTEN_AT_ONCE_BYTES):
            piece = buffer[start : start + _WRITTEN_AT_ONCE_BYTES]
            self._stream.write(piece, self._present.left_s(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in its place
    ) -> httpcore.NetworkStream:
        left_s = self._present.left_s(httpcore.ConnectTimeout)
        # The last handshake is the target's own.
        of_a_proxy = self._present.handshakes_left > 1
        self._present.handshakes_left -= not of_a_proxy and self._present.handshakes_left > 0
        stream = self._stream.start_tls(ssl_context, server_hostname, left_s)
        self._present.handshakes_left -= of_a_proxy
        return _Stream(stream, self._present)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects. Before a target that `handshakes` of TLS are away from the connection, a proxy is spoken to."""

    def __init__(self, present: _Present, handshakes: int) -> None:
        self._backend = httpcore.SyncBackend()
        self._present, self._handshakes = present, handshakes

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in its place
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self._present.handshakes_left = self._handshakes
        left_s = self._present.left_s(httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left_s, local_address, socket_options)
        return _Stream(stream, self._present)


class _Content(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class DeadlineTransport(httpx.BaseTransport):
    """Send each request once, over HTTP/1.1: no redirects, retries, cookies or environment.

    `tls` is how a target is spoken to whose URL says https, `proxy` what all requests go through, `proxy_tls` how a
    proxy is spoken to whose URL says https. The extension `deadline` of a request is when it has to be over, on the
    monotonic clock. Errors are those of httpcore, and `ProxyFailed`.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        proxy_tls: ssl.SSLContext | None = None,
    ) -> None:
        # It would log the fields of every answer, credentials among them, to whoever logs everything.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._present = _Present()
        # What is encrypted goes through a tunnel, whose end is a handshake; all else a proxy passes on.
        self._tunnels = proxy is not None and tls is not None
        self._proxy = proxy
        handshakes = 0 if proxy is None else int(proxy.scheme == "https") + self._tunnels
        self._pool = _pool(tls, proxy, proxy_tls, _Backend(self._present, handshakes))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, with the content still to be read."""
        extensions: Mapping[str, float] = request.extensions
        self._present.at_s = extensions.get(DEADLINE, float("inf"))
        self._present.handshakes_left = 0
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
        )
        try:
            response = self._pool.handle_request(asked)
        except httpcore.ProxyError as error:
            raise ProxyFailed(_refusal(str(error))) from error
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            if self._proxy is not None and (self._present.handshakes_left or not self._tunnels):
                raise ProxyFailed(TransportFailure.PROXY) from error
            raise
        except Exception as error:
            if self._tunnels and self._present.handshakes_left:
                raise ProxyFailed(TransportFailure.PROXY) from error
            raise
        if response.status == 407 and self._proxy is not None:
            response.close()
            raise ProxyFailed(TransportFailure.PROXY_LOGIN)
        return httpx.Response(response.status, headers=response.headers, stream=_Content(response))

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def _refusal(status_line: str) -> TransportFailure:
    """Return what a proxy means that does not open a tunnel."""
    if status_line.startswith("407"):
        return TransportFailure.PROXY_LOGIN
    is_gateway = status_line.startswith("5")
    return TransportFailure.PROXY_GATEWAY if is_gateway else TransportFailure.PROXY_FORBIDS


def _pool(
    tls: ssl.SSLContext | None,
    proxy: Proxy | None,
    proxy_tls: ssl.SSLContext | None,
    backend: httpcore.NetworkBackend,
) -> httpcore.ConnectionPool:
    if proxy is None:
        return httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=None,
            max_keepalive_connections=None,
            keepalive_expiry=_KEPT_ALIVE_S,
            network_backend=backend,
        )
    login = None if proxy.login is None else tuple(part.value.encode("utf-8") for part in proxy.login)
    return httpcore.HTTPProxy(
        proxy_url=httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/"),
        proxy_auth=login,  # type: ignore[arg-type]  # mypy does not see that a pair stays one
        ssl_context=tls,
        proxy_ssl_context=proxy_tls if proxy.scheme == "https" else None,
        max_connections=None,
        max_keepalive_connections=None,
        keepalive_expiry=_KEPT_ALIVE_S,
        network_backend=backend,
    )
