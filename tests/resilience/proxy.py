"""A proxy on the loopback interface that does to HTTP what networks and gateways do."""

from __future__ import annotations

import random
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from types import TracebackType
from typing import BinaryIO, Final, Self

HOST: Final = "127.0.0.1"
_POLL_S: Final = 0.05
_UPSTREAM_S: Final = 30.0
_HANDSHAKE_S: Final = 5.0
_PAGE: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)
_PHRASES: Final = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


@dataclass(slots=True)
class Seen:
    """One request that reached the proxy.

    `status` is what the service behind it answered, None where it was not asked; `delivered` tells
    that the client was handed a whole answer.
    """

    number: int
    head: bytes
    body: bytes
    trouble: str | None = None
    status: int | None = None
    delivered: bool = False

    @property
    def forwarded(self) -> bool:
        """Whether the service behind the proxy was asked."""
        return self.status is not None


class _Closed(Exception):
    """The connection to the client is over."""


class Turn:
    """One request, in the hands of a trouble."""

    def __init__(self, proxy: FaultyProxy, client: socket.socket, seen: Seen, *, reused: bool) -> None:
        self.proxy, self.seen, self.reused = proxy, seen, reused
        self._client = client

    def forward(self) -> bytes:
        """Ask the service and return its answer as it came."""
        with socket.create_connection((HOST, self.proxy.upstream_port), timeout=_UPSTREAM_S) as upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            upstream.sendall(self.seen.head + self.seen.body)
            with upstream.makefile("rb") as file:
                head, body = _read_answer(file, self.seen.head.split(b" ", 1)[0])
        self.seen.status = int(head.split(b" ", 2)[1])
        return head + body

    def send(self, data: bytes) -> None:
        """Give the client a whole answer."""
        self.give(data)
        self.seen.delivered = True

    def give(self, data: bytes) -> None:
        """Give the client a part of an answer."""
        try:
            self._client.sendall(data)
        except OSError as error:
            raise _Closed from error

    def close(self) -> None:
        """End the connection in order."""
        raise _Closed

    def reset(self) -> None:
        """End the connection with a reset."""
        reset(self._client)
        raise _Closed

    def wait_for_its_end(self) -> None:
        """Say nothing until the client gives up, or the proxy ends."""
        while not self.proxy.over.is_set():
            readable, _, _ = select.select([self._client], [], [], _POLL_S)
            if readable:
                break
        raise _Closed


Trouble = Callable[[Turn], None]
Plan = Callable[[int], Trouble | None]


def reset(connection: socket.socket) -> None:
    """Let the close of a connection be a reset: nothing lingers, nothing is said."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# Troubles: what may happen to one request.


def nothing(turn: Turn) -> None:
    """Pass the request and its answer on."""
    turn.send(turn.forward())


def cut_in_the_middle(turn: Turn) -> None:
    """Close in the middle of the answer's content."""
    answer = turn.forward()
    start = answer.index(b"\r\n\r\n") + 4
    turn.give(answer[: start + (len(answer) - start) // 2])
    turn.close()


def cut_in_the_head(turn: Turn) -> None:
    """Close in the middle of the answer's header fields."""
    answer = turn.forward()
    turn.give(answer[: answer.index(b"\r\n\r\n") // 2])
    turn.close()


def swallow(turn: Turn) -> None:
    """Close before any answer, after the service was asked."""
    turn.forward()
    turn.close()


def drop(turn: Turn) -> None:
    """Close before any answer; the service is not asked."""
    turn.close()


def reset_after(turn: Turn) -> None:
    """Reset before any answer, after the service was asked."""
    turn.forward()
    turn.reset()


def reset_in_the_middle(turn: Turn) -> None:
    """Reset in the middle of the answer's content."""
    answer = turn.forward()
    turn.give(answer[:-2])
    turn.reset()


def reset_before(turn: Turn) -> None:
    """Reset before any answer; the service is not asked."""
    turn.reset()


def reset_if_reused(turn: Turn) -> None:
    """Reset where the connection has been idle: it was closed here, and the client did not know yet."""
    if turn.reused:
        turn.reset()
    nothing(turn)


def close_when_idle(turn: Turn) -> None:
    """Answer, promise to keep the connection, and close it."""
    nothing(turn)
    turn.close()


def hang(turn: Turn) -> None:
    """Never answer, after the service was asked."""
    turn.forward()
    turn.wait_for_its_end()


def hang_in_the_middle(turn: Turn) -> None:
    """Begin to answer, and never end."""
    turn.give(turn.forward()[:-1])
    turn.wait_for_its_end()


def hang_before(turn: Turn) -> None:
    """Never answer; the service is not asked."""
    turn.wait_for_its_end()


def drip(pause_s: float) -> Trouble:
    """Answer a byte at a time."""

    def trouble(turn: Turn) -> None:
        answer = turn.forward()
        for index in range(len(answer)):
            turn.give(answer[index : index + 1])
            if pause_s and turn.proxy.over.wait(pause_s):
                turn.close()
        turn.seen.delivered = True

    return _named("drip", trouble)


def gateway(status: int, *, retry_after: str | None = None, asked: bool = False) -> Trouble:
    """Answer with the page of a gateway; only where `asked`, after the service was."""
    text = f"{status} {_PHRASES[status]}"
    page = _PAGE.format(text).encode()

    def trouble(turn: Turn) -> None:
        if asked:
            turn.forward()
        fields = [
            f"HTTP/1.1 {text}",
            "Server: nginx",
            f"Date: {formatdate(usegmt=True)}",
            "Content-Type: text/html",
            f"Content-Length: {len(page)}",
            "Connection: keep-alive",
        ]
        fields += [f"Retry-After: {retry_after}"] if retry_after else []
        is_head = turn.seen.head.startswith(b"HEAD ")
        turn.send("\r\n".join(fields).encode() + b"\r\n\r\n" + (b"" if is_head else page))

    return _named(f"gateway-{status}", trouble)


def dated(by_s: float) -> Trouble:
    """Move the `Date` of the answer."""

    def trouble(turn: Turn) -> None:
        head, _, body = turn.forward().partition(b"\r\n\r\n")
        turn.send(b"\r\n".join(_moved(line, by_s) for line in head.split(b"\r\n")) + b"\r\n\r\n" + body)

    return _named("dated", trouble)


def _moved(line: bytes, by_s: float) -> bytes:
    name, _, value = line.partition(b":")
    if name.strip().lower() != b"date":
        return line
    date = parsedate_to_datetime(value.strip().decode("ascii"))
    return b"Date: " + formatdate(date.timestamp() + by_s, usegmt=True).encode()


def refuse(for_s: float) -> Trouble:
    """Go away: drop every connection, and refuse new ones for some time."""

    def trouble(turn: Turn) -> None:
        turn.proxy.refuse(for_s)
        turn.close()

    return _named("refuse", trouble)


def _named(name: str, trouble: Trouble) -> Trouble:
    trouble.__name__ = name
    return trouble


# Plans: which request meets which trouble.


def every(step: int, trouble: Trouble, *, first: int = 10) -> Plan:
    """Trouble one request in `step`, from the one with the number `first` on."""
    return lambda number: trouble if number >= first and (number - first) % step == 0 else None


def always(trouble: Trouble) -> Plan:
    """Trouble all requests."""
    return lambda number: trouble


def during(spans: Iterable[tuple[int, int]], trouble: Trouble) -> Plan:
    """Trouble the requests from the first to the last number of each span."""
    troubled = frozenset(number for first, last in spans for number in range(first, last + 1))
    return lambda number: trouble if number in troubled else None


def at_random(seed: int, share: float, *troubles: Trouble, first: int = 10) -> Plan:
    """Trouble so large a share of the requests, each with one of the troubles, by a seed."""

    def plan(number: int) -> Trouble | None:
        # One generator for each request: which thread asks first makes no difference.
        chance = random.Random(f"{seed}:{number}")
        return chance.choice(troubles) if number >= first and chance.random() < share else None

    return plan


class FaultyProxy:
    """Stand in front of a service of this machine, between `with` and its end, and cause trouble by a plan.

    With a `context` it speaks TLS to its clients. `seen` lists the requests in the order in which they came.
    """

    def __init__(self, upstream_port: int, plan: Plan | None = None, *, context: ssl.SSLContext | None = None) -> None:
        self.upstream_port = upstream_port
        self.over = threading.Event()
        self.seen: list[Seen] = []
        self._plan = plan or (lambda number: None)
        self._context = context
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._refused_until_s = 0.0
        self._held: socket.socket
        self._listener: socket.socket
        self._acceptor: threading.Thread

    def __enter__(self) -> Self:
        # Bound and never listening: while it refuses connections, nobody else gets its port.
        self._held = _bound(0)
        self._listener = self._listening()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._acceptor.join()
        self._drop_all()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._held.close()

    @property
    def base_url(self) -> str:
        """Return where clients find the proxy."""
        return f"{'https' if self._context else 'http'}://{HOST}:{self._held.getsockname()[1]}"

    @property
    def forwarded(self) -> list[Seen]:
        """Return the requests that the service was asked."""
        return [seen for seen in self.seen if seen.forwarded]

    def refuse(self, for_s: float) -> None:
        """Refuse connections for some time, and drop those that are there."""
        with self._lock:
            self._refused_until_s = time.monotonic() + for_s
        # Closing alone would leave it listening for as long as another thread waits at it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._drop_all()

    def _drop_all(self) -> None:
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listening(self) -> socket.socket:
        listener = _bound(self._held.getsockname()[1])
        listener.listen(128)
        listener.settimeout(_POLL_S)
        return listener

    def _accept(self) -> None:
        while not self.over.is_set():
            if (left_s := self._refused_until_s - time.monotonic()) > 0:
                self._listener.close()
                self.over.wait(left_s)
                self._listener = self._listening()
            try:
                client, _ = self._listener.accept()
            except OSError:
                continue
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            client.settimeout(_HANDSHAKE_S)
            below = client.dup()
            with below:
                try:
                    client = self._context.wrap_socket(client, server_side=True)
                except OSError:
                    _end_in_order(below)
                    return
        client.settimeout(None)
        with self._lock:
            self._connections.add(client)
        try:
            with client.makefile("rb") as file:
                self._converse(client, file)
        except (_Closed, OSError):
            pass
        finally:
            with self._lock:
                self._connections.discard(client)
            client.close()

    def _converse(self, client: socket.socket, file: BinaryIO) -> None:
        reused = False
        while not self.over.is_set():
            head = _read_head(file)
            body = _read_body(file, _fields(head), until_closed=False)
            with self._lock:
                seen = Seen(len(self.seen) + 1, head, body)
                self.seen.append(seen)
            trouble = self._plan(seen.number)
            seen.trouble = trouble.__name__ if trouble else None
            (trouble or nothing)(Turn(self, client, seen, reused=reused))
            reused = True


def _end_in_order(connection: socket.socket) -> None:
    """End a connection so that its client reads all that was said: what it still sends is read, and thrown away."""
    with suppress(OSError):
        connection.settimeout(_HANDSHAKE_S)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((HOST, port))
    return found


def _read_answer(file: BinaryIO, method: bytes) -> tuple[bytes, bytes]:
    head = _read_head(file)
    if method == b"HEAD" or head.split(b" ", 2)[1] in (b"204", b"304"):
        return head, b""
    return head, _read_body(file, _fields(head), until_closed=True)


def _read_head(file: BinaryIO) -> bytes:
    lines = [file.readline()]
    while lines[-1] not in (b"\r\n", b"\n"):
        if not lines[-1]:
            raise _Closed
        lines.append(file.readline())
    return b"".join(lines)


def _fields(head: bytes) -> Mapping[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _read_body(file: BinaryIO, fields: Mapping[str, str], *, until_closed: bool) -> bytes:
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(file)
    length = fields.get("content-length")
    if length is None:
        return file.read() if until_closed else b""
    body = file.read(int(length))
    if len(body) < int(length):
        raise _Closed
    return body


def _read_chunks(file: BinaryIO) -> bytes:
    chunks: list[bytes] = []
    while True:
        size = file.readline()
        if not size:
            raise _Closed
        content = file.read(int(size.split(b";")[0], 16))
        chunks += [size, content, file.readline()]
        if not content:
            return b"".join(chunks)
