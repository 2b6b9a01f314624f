"""A forward proxy on the loopback interface. Whatever host it is asked for, it connects to one port of this machine."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_LONGEST_S = 10.0


class ForwardProxy:
    """Tunnels (CONNECT) and forwards, between `with` and its end.

    `login` is what it wants to be told, as USER:PASSWORD; `refuses` answers everything with a status, `garbage`
    with bytes that are no HTTP. With a `context` it speaks TLS to its clients. `address` is its host and port,
    `heads` are what it was asked.
    """

    def __init__(
        self,
        port: int,
        *,
        login: str | None = None,
        refuses: int | None = None,
        garbage: bytes | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._port, self._login, self._refuses, self._garbage = port, login, refuses, garbage
        self._context = context
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.heads: list[bytes] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0))
        self.address = f"{HOST}:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (self._listener, *tuple(self._open)):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_LONGEST_S)

    def _start(self, target, *arguments) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            client.settimeout(_LONGEST_S)
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
            self._open.add(client)
            with client:
                self._answer(client, _head(client))
        self._open.discard(client)

    def _answer(self, client: socket.socket, head: bytes) -> None:
        self.heads.append(head)
        login = base64.b64encode((self._login or "").encode())
        if self._garbage is not None:
            client.sendall(self._garbage)
        elif self._login is not None and b"Proxy-Authorization: Basic " + login not in head:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self._refuses is not None:
            client.sendall(f"HTTP/1.1 {self._refuses} No\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            with socket.create_connection((HOST, self._port), timeout=_LONGEST_S) as target:
                self._open.add(target)
                if head.startswith(b"CONNECT "):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    target.sendall(_in_origin_form(head))
                _pass_on(client, target)
                self._open.discard(target)


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (piece := client.recv(1)):
        head += piece
    return head


def _in_origin_form(head: bytes) -> bytes:
    line, _, fields = head.partition(b"\r\n")
    method, url, version = line.split(b" ")
    path = b"/" + url.split(b"/", 3)[3]
    return b" ".join((method, path, version)) + b"\r\nConnection: close\r\n" + fields


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Pass on what comes from either side until both have ended.

    Each end is passed on by itself: a close with bytes unread would be a reset, which takes away what was said last.
    """
    pairs = {one: other, other: one}
    reading = {one, other}
    while reading:
        pending = [side for side in reading if isinstance(side, ssl.SSLSocket) and side.pending()]
        ready = pending or select.select(list(reading), [], [], _LONGEST_S)[0]
        for side in ready:
            data = side.recv(65_536)
            with suppress(OSError):
                if data:
                    pairs[side].sendall(data)
                else:
                    pairs[side].shutdown(socket.SHUT_WR)
            reading -= set() if data else {side}
        if not ready:
            return
