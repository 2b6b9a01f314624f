"""Receives an answer whatever the target does: content decoded, size and time limited, failures named."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpcore
import httpx

from sendproof.exchange import Headers, TransportFailure, field_value
from sendproof.target.deadline_transport import DEADLINE, ProxyFailed

KEPT_BYTES = 1 << 20
# Secrets are scrubbed before the cut: so much more is read that none is cut in two.
MARGIN_BYTES = 1 << 12
NOTE = "Sendproof-Note"

_GZIP_WINDOW_BITS = 31
_TIMEOUTS = (httpcore.TimeoutException, httpx.TimeoutException)
_CONNECT_ERRORS = (httpcore.ConnectError, httpx.ConnectError)
_NETWORK_ERRORS = (httpcore.NetworkError, httpx.NetworkError, OSError)
ERRORS = (
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
    except ERRORS as error:
        return Received(failure=failure_of(error))


def failure_of(error: Exception) -> TransportFailure:
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
        return self._kept_bytes > KEPT_BYTES + MARGIN_BYTES

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
            return self._decoder.decompress(chunk, KEPT_BYTES + MARGIN_BYTES + 1 - self._kept_bytes)
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
