"""Speak HTTP/1.1 on one connection: in order, one request at a time, and never a silent end.

Freedoms taken: pipelined requests are answered strictly one after the other; a refused connection is closed only
after the client has closed or a moment has passed, so that the refusal is read; a request that stalls is a 408.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from .message import Reply, Request, to_bytes
from .wire import Continue, Refusal, RequestReader

STALL_S = 30.0
LINGER_S = 5.0
HIGH_WATER = 1 << 18


class Application(Protocol):
    """Answer requests of one provider."""

    async def answer(self, request: Request) -> Reply:
        """Return the reply to a complete request."""
        ...

    def refuse(self, status: int, reason: str) -> Reply:
        """Return a refusal in the provider's envelope."""
        ...


class Connection(asyncio.Protocol):
    """Feed one connection's bytes to the reader and its requests to the application."""

    def __init__(self, application: Application, spawn: Callable[[Awaitable[None]], None]) -> None:
        self._application = application
        self._spawn = spawn
        self._reader = RequestReader()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._eof = False
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport; a request that is being answered is finished all the same."""
        self._transport = None
        self._set_timer(None, None)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a request is being answered."""
        if self._closing:
            return
        self._reader.receive(data)
        if self._busy and self._reader.buffered > HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        self._pump()

    def eof_received(self) -> bool:
        """Keep the sending half open until everything asked has been answered."""
        self._eof = True
        self._reader.receive_eof()
        if self._closing:
            return False
        self._pump()
        return True

    def _pump(self) -> None:
        while not self._busy and not self._closing and self._transport is not None:
            event = self._reader.next_event()
            if event is None:
                self._wait()
                return
            if isinstance(event, Continue):
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            elif isinstance(event, Refusal):
                self._refuse(event.status, event.reason)
            else:
                self._busy = True
                self._set_timer(None, None)
                self._spawn(self._serve(event))

    def _wait(self) -> None:
        if self._eof:
            self._finish()
        elif self._reader.between_messages:
            self._set_timer(None, None)
        else:
            self._set_timer(STALL_S, self._stalled)

    def _stalled(self) -> None:
        self._refuse(408, "The request took too long to arrive")

    async def _serve(self, request: Request) -> None:
        if request.oversized:
            reply = self._application.refuse(413, "The request body is too large")
        else:
            reply = await self._answered(request)
        self._busy = False
        if self._transport is None:
            return
        data = to_bytes(reply, version=request.version, method=request.method, keep_alive=request.keep_alive)
        self._transport.write(data)
        if not request.keep_alive:
            self._finish()
            return
        self._transport.resume_reading()
        self._pump()

    async def _answered(self, request: Request) -> Reply:
        try:
            return await self._application.answer(request)
        except Exception:
            return self._application.refuse(500, "Failed to send message")

    def _refuse(self, status: int, reason: str) -> None:
        if self._transport is None:
            return
        reply = self._application.refuse(status, reason)
        self._transport.write(to_bytes(reply, version=(1, 0), method="", keep_alive=False))
        self._finish()

    def _finish(self) -> None:
        """Close after the client has: an early close could take the answer away from it."""
        self._closing = True
        if self._transport is None:
            return
        if self._eof:
            self._transport.close()
            return
        self._transport.resume_reading()
        self._transport.write_eof()
        self._set_timer(LINGER_S, self._transport.close)

    def _set_timer(self, delay_s: float | None, action: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if delay_s is not None and action is not None:
            self._timer = asyncio.get_running_loop().call_later(delay_s, action)
