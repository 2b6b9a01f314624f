"""HTTP plumbing that both vendors share: bodies in, replies out, nothing about messages."""

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 32 * 1024 * 1024
LONGEST_LINE = 8192
UNEXPECTED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
HEX_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True)
class Request:
    """One request, its body already read."""

    method: str
    path: str
    headers: Headers
    body: bytes
    chunked: bool = False


@dataclass(frozen=True)
class Reply:
    """One response; `declared_length` is what Content-Length says."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    declared_length: int | None = None


class Refusal(Exception):
    """Ends the handling of a request with a reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class UnreadableBody(Exception):
    """The body cannot be delimited, so the connection cannot be kept."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def read_body(stream: BufferedIOBase, headers: Headers) -> bytes:
    """The whole request body, whichever way its length is given."""
    lengths = set(headers.get_all("Content-Length", []))
    encodings = headers.get_all("Transfer-Encoding", [])
    if encodings:
        if lengths or [value.strip().lower() for value in encodings] != ["chunked"]:
            raise UnreadableBody(400, "Unsupported message framing")
        return read_chunks(stream)
    if not lengths:
        return b""
    return read_exactly(stream, declared_length(lengths))


def declared_length(values: set[str]) -> int:
    """The one length that all Content-Length fields agree on."""
    text = values.pop().strip()
    if values or not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise UnreadableBody(400, "Invalid Content-Length")
    if int(text) > LARGEST_BODY:
        raise UnreadableBody(413, "Request body too large")
    return int(text)


def read_exactly(stream: BufferedIOBase, length: int) -> bytes:
    """`length` bytes, or a refusal when the client stops early."""
    data = stream.read(length)
    if len(data) != length:
        raise UnreadableBody(400, "Request body ended early")
    return data


def read_chunks(stream: BufferedIOBase) -> bytes:
    """A chunked body, put together; trailers are read and dropped."""
    data = bytearray()
    while size := chunk_size(stream):
        if len(data) + size > LARGEST_BODY:
            raise UnreadableBody(413, "Request body too large")
        data += read_exactly(stream, size)
        if read_line(stream) != b"":
            raise UnreadableBody(400, "Malformed chunk")
    while read_line(stream) != b"":
        pass
    return bytes(data)


def chunk_size(stream: BufferedIOBase) -> int:
    """The size on a chunk's first line, its extensions ignored."""
    text = read_line(stream).partition(b";")[0].strip()
    if not HEX_SIZE.fullmatch(text):
        raise UnreadableBody(400, "Malformed chunk")
    return int(text, 16)


def read_line(stream: BufferedIOBase) -> bytes:
    """One complete line without its ending."""
    line = stream.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise UnreadableBody(400, "Malformed chunk")
    return line.rstrip(b"\r\n")


def reject_constant(name: str) -> Any:
    """NaN and the infinities are no JSON."""
    raise ValueError(name)


def decode_json(body: bytes) -> object:
    """The JSON value in `body`; every defect is a ValueError."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=reject_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class Vendor:
    """What every vendor has: one path, one method, JSON in both directions."""

    path = ""
    length_header = "Content-Length"

    def answer(self, request: Request) -> Reply:
        """The reply to any request at all."""
        try:
            if request.path != self.path:
                return self.plain_refusal(404, "No such resource")
            if request.method != "POST":
                return self.plain_refusal(405, "Method not allowed", {"Allow": "POST"})
            return self.respond(request)
        except Refusal as refusal:
            return refusal.reply
        except UNEXPECTED:
            return self.internal_error()

    def respond(self, request: Request) -> Reply:
        """The reply to a POST on the vendor's path."""
        raise NotImplementedError

    def plain_refusal(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        """A refusal that concerns the request as HTTP."""
        raise NotImplementedError

    def internal_error(self) -> Reply:
        """The last resort."""
        raise NotImplementedError

    def decode(self, body: bytes) -> object:
        """The JSON value in the body."""
        try:
            return decode_json(body)
        except ValueError as error:
            reply = self.plain_refusal(400, "The request body is not valid JSON")
            raise Refusal(reply) from error

    def as_object(self, value: object) -> dict[str, Any]:
        """The value, if it is a JSON object."""
        if not isinstance(value, dict):
            raise Refusal(self.plain_refusal(400, "The request body must be a JSON object"))
        return value


class VendorServer(ThreadingHTTPServer):
    """A vendor behind a loopback port."""

    request_queue_size = 256

    def __init__(self, vendor: Vendor, port: int = 0) -> None:
        self.vendor = vendor
        super().__init__((LOOPBACK, port), VendorHandler)

    def server_bind(self) -> None:
        """Bind without the name lookup that HTTPServer makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = LOOPBACK
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event worth a traceback."""

    @property
    def base_url(self) -> str:
        """Where clients find this server."""
        return f"http://{LOOPBACK}:{self.server_port}"


class VendorHandler(BaseHTTPRequestHandler):
    """Carries requests of every method to the vendor and its replies back."""

    server: VendorServer
    protocol_version = "HTTP/1.1"
    server_version = "edge"
    sys_version = ""
    timeout = 30
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.dispatch
        raise AttributeError(name)

    def dispatch(self) -> None:
        """Answer one request."""
        try:
            body = read_body(self.rfile, self.headers)
        except UnreadableBody as error:
            self.close_connection = True
            self.write(self.server.vendor.plain_refusal(error.status, error.reason))
        else:
            self.write(self.server.vendor.answer(self.request_with(body)))

    def request_with(self, body: bytes) -> Request:
        """The request as the vendor sees it."""
        chunked = "Transfer-Encoding" in self.headers
        return Request(self.command, path_of(self.path), self.headers, body, chunked)

    def write(self, reply: Reply) -> None:
        """Send one complete response."""
        length = len(reply.body) if reply.declared_length is None else reply.declared_length
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header(self.server.vendor.length_header, str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself, in the vendor's own shape."""
        self.close_connection = True
        self.request_version = self.protocol_version
        status = code if code < 500 else 400
        self.write(self.server.vendor.plain_refusal(status, message or "Bad request"))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log."""


def path_of(target: str) -> str:
    """The path of a request target, its query dropped."""
    if target.startswith("/"):
        return target.partition("?")[0]
    try:
        return urlsplit(target).path
    except ValueError:
        return target


@contextmanager
def running(server: VendorServer) -> Iterator[str]:
    """Run a bound server in a thread for as long as the context lasts."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
