"""The transport of the client: from a request to what came back, in a limited time, whatever the target does.

It is httpcore's pool behind httpx's interface, with one deadline for each request. Each timeout of httpx holds for one
read or write: a target that drips a byte a second never ends. Here every read and write gets what is left of the
request's whole time, also on the way through a proxy. `receive` decodes and bounds the content and names failures; how
TLS is spoken stands at the end.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import certifi
import httpcore
import httpx

from sendproof.exchange import Headers, TransportFailure, field_value
from sendproof.target.profile import Network, Profile, Proxy

DEADLINE = "deadline"
# Between two pieces it is looked whether the time of the request is over.
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

    `handshakes_left` counts those of TLS before the connection to the target itself: until then a failure is a proxy's.
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
    """Connects to a proxy, or to the target, which is `handshakes` of TLS away from the connection."""

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


class _ResponseStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class DeadlineTransport(httpx.BaseTransport):
    """Send each request once, over HTTP/1.1: no redirects, retries, cookies or environment.

    `tls` is for a target whose URL says https, `proxy` what all requests go through, `proxy_tls` for a
    proxy whose URL says https. The extension `deadline` of a request is when it has to be over, on the
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
        return httpx.Response(response.status, headers=response.headers, stream=_ResponseStream(response))

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


# More than a thousand times the longest documented answer.
KEPT_BYTES = 1 << 20
# Secrets are scrubbed before the cut: so much more is read that none is cut in two.
_MARGIN_BYTES = 1 << 12
NOTE = "Sendproof-Note"

# For zlib: its largest window (15), and 16 for the header of gzip.
_GZIP_WINDOW_BITS = 31
_TIMEOUTS = (httpcore.TimeoutException, httpx.TimeoutException)
_CONNECT_ERRORS = (httpcore.ConnectError, httpx.ConnectError)
_NETWORK_ERRORS = (httpcore.NetworkError, httpx.NetworkError, OSError)
_ERRORS = (
    ProxyFailed,
    *_TIMEOUTS,
    *_NETWORK_ERRORS,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    httpx.HTTPError,
    httpx.StreamError,
)
# Codes of X509_verify_cert (OpenSSL): the date of a certificate, and the host that it is for.
_CERTIFICATES = {
    9: TransportFailure.TLS_EXPIRED,
    10: TransportFailure.TLS_EXPIRED,
    62: TransportFailure.TLS_HOST,
    64: TransportFailure.TLS_HOST,
}
# Alerts by which a server says, also after the handshake (TLS 1.3), what it wants of the client's certificate.
_ALERTS_ABOUT_CLIENT = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE_")
_DROPPED_TEXTS = ("Server disconnected", "peer closed connection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came back: an answer, or the failure that stands in its place (see `Exchange`)."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    failure: TransportFailure | None = None


def receive(transport: httpx.BaseTransport, request: httpx.Request, *, timeout_s: float) -> Received:
    """Send a request and receive its answer in at most `timeout_s` seconds of real time."""
    deadline_s = time.monotonic() + timeout_s
    request.extensions[DEADLINE] = deadline_s
    try:
        response = transport.handle_request(request)
        try:
            return _answer(response, deadline_s)
        finally:
            response.stream.close()  # type: ignore[union-attr]  # a transport for sync use gives a sync stream
    except _ERRORS as error:
        return Received(failure=_failure_of(error))


def _failure_of(error: Exception) -> TransportFailure:
    """Return the name of a failure of the transport, as `Exchange` has it."""
    if isinstance(error, ProxyFailed):
        return error.failure
    if isinstance(error, _TIMEOUTS):
        return TransportFailure.TIMEOUT
    if any(isinstance(cause, ssl.SSLError) and _is_about_client(cause) for cause in _causes(error)):
        return TransportFailure.TLS_CLIENT
    if isinstance(error, _CONNECT_ERRORS):
        return _failure_to_connect(error)
    dropped = isinstance(error, _NETWORK_ERRORS) or str(error).startswith(_DROPPED_TEXTS)
    return TransportFailure.DROPPED if dropped else TransportFailure.PROTOCOL


def _failure_to_connect(error: Exception) -> TransportFailure:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATES.get(cause.verify_code, TransportFailure.TLS_UNTRUSTED)
        if isinstance(cause, ssl.SSLError):
            return TransportFailure.TLS
        if isinstance(cause, socket.gaierror):
            return TransportFailure.NAME
    return TransportFailure.CONNECT


def _is_about_client(error: ssl.SSLError) -> bool:
    return any(alert in (error.reason or "") for alert in _ALERTS_ABOUT_CLIENT)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answer(response: httpx.Response, deadline_s: float) -> Received:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    content = _Content((field_value(headers, "Content-Encoding") or "").strip().lower())
    for chunk in response.stream:  # type: ignore[union-attr]  # as above
        content.feed(chunk)
        if content.is_full:
            break
        if time.monotonic() > deadline_s:
            raise httpcore.ReadTimeout("the time of the request is over")
    body, note = content.end()
    if note:
        headers = (*headers, (NOTE, note))
    return Received(status=response.status_code, headers=headers, body=body)


class _Content:
    """Content as it arrives, decoded."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._decoder = zlib.decompressobj(_GZIP_WINDOW_BITS) if coding in ("gzip", "x-gzip") else None
        self._is_sound = self._decoder is not None or coding in ("", "identity")
        self._received: list[bytes] = []
        self._decoded: list[bytes] = []
        self._kept_bytes = 0

    @property
    def is_full(self) -> bool:
        return self._kept_bytes > KEPT_BYTES + _MARGIN_BYTES

    def feed(self, chunk: bytes) -> None:
        self._received.append(chunk)
        if self._decoder is not None and self._is_sound:
            chunk = self._decode(chunk)
            self._decoded.append(chunk)
        self._kept_bytes += len(chunk)

    def _decode(self, chunk: bytes) -> bytes:
        """Decode a chunk, never to more than there is room for."""
        assert self._decoder is not None
        try:
            return self._decoder.decompress(chunk, KEPT_BYTES + _MARGIN_BYTES + 1 - self._kept_bytes)
        except zlib.error:
            self._is_sound = False
            return b""

    def end(self) -> tuple[bytes, str]:
        """Return the content and a note about it, empty where there is nothing to note."""
        if self._decoder is not None and self._received and not (self._decoder.eof or self.is_full):
            self._is_sound = False
        if not self._is_sound:
            return self._undecoded()
        body = b"".join(self._received if self._decoder is None else self._decoded)
        return body, f"content was cut after {KEPT_BYTES} bytes" if len(body) > KEPT_BYTES else ""

    def _undecoded(self) -> tuple[bytes, str]:
        """Return what arrived if it is text after all: in compressed bytes no secret can be found."""
        body, problem = b"".join(self._received), f"content-coding {self._coding[:40]} could not be decoded"
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return b"", f"{problem}; {len(body)} bytes were not kept"
        return body, problem


def transport_of(profile: Profile) -> DeadlineTransport:
    """Return the transport to the target of a profile."""
    network = profile.network
    proxy_tls = trusting(network) if network.proxy and network.proxy.scheme == "https" else None
    context = client_context(network) if profile.base_url.startswith("https:") else None
    return DeadlineTransport(tls=context, proxy=network.proxy, proxy_tls=proxy_tls)


class EncryptedKey(Exception):
    """A private key has a password. No run waits for one."""


def client_context(network: Network) -> ssl.SSLContext:
    """Return the context of TLS with a target of this network."""
    context = trusting(network)
    present_client(context, network)
    return context


def trusting(network: Network) -> ssl.SSLContext:
    """Return a context that trusts the named authorities and no others, or else the system's and certifi's.

    Raises OSError, of which `ssl.SSLError` is one, where a file cannot be read or holds no certificate.
    """
    if network.ca_file is not None or network.ca_folders is not None:
        context = ssl.create_default_context(cafile=network.ca_file, capath=network.ca_folders)
    else:
        context = ssl.create_default_context()
        # Where the system has none, as in a small container, or where Python does not find them, as on macOS.
        context.load_verify_locations(cafile=certifi.where())
    # From Python 3.13 on, certificates need extensions that those of private authorities often lack. Whom a
    # user trusts must not depend on the version of Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def bare() -> ssl.SSLContext:
    """Return a context that trusts no authority: to try a client's certificate with."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def present_client(context: ssl.SSLContext, network: Network) -> None:
    """Let a context show the client's certificate, if there is one.

    Raises `EncryptedKey`, and `ssl.SSLError` for a key that is not the certificate's.
    """
    if network.client_cert is not None:
        context.load_cert_chain(network.client_cert, network.client_key, password=_no_password)


def _no_password() -> str:
    raise EncryptedKey
