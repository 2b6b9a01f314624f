"""Run an application: one event loop in one background thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from .protocol import Application, Connection

START_S = 10.0


class _Running:
    """Hold what the thread owns: the loop, the listening socket, open connections and tasks."""

    def __init__(self, build: Callable[[], Application]) -> None:
        self._build = build
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.BaseTransport] = set()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.started = threading.Event()
        self.port = 0

    async def main(self) -> None:
        """Listen until told to stop, then end every connection and task."""
        self._loop = asyncio.get_running_loop()
        application = self._build()
        server = await self._loop.create_server(lambda: _Tracked(application, self), "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await self._stop.wait()
        await self._stop_accepting(server)
        server.close()
        for transport in tuple(self._connections):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await server.wait_closed()

    async def _stop_accepting(self, server: asyncio.Server) -> None:
        """Finish what has been accepted: a connection set up after the server's end would be left open."""
        loop = asyncio.get_running_loop()
        for listener in server.sockets:
            loop.remove_reader(listener.fileno())
        accepting = asyncio.all_tasks() - self._tasks - {asyncio.current_task()}
        if accepting:
            await asyncio.wait(accepting, timeout=1.0)

    def stop(self) -> None:
        """Ask the loop, from another thread, to stop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run *work* as a task that is kept until it is done."""
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Remember an open connection."""
        self._connections.add(transport)

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget a closed connection."""
        self._connections.discard(transport)


class _Tracked(Connection):
    """Report to the runner when the connection opens and closes."""

    def __init__(self, application: Application, running: _Running) -> None:
        super().__init__(application, running.spawn)
        self._running = running
        self._own: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._own = transport
        self._running.opened(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._own is not None:
            self._running.closed(self._own)
        super().connection_lost(exc)


@contextmanager
def running(build: Callable[[], Application]) -> Iterator[str]:
    """Serve the application that *build* makes on a free loopback port; yield the base URL."""
    state = _Running(build)
    thread = threading.Thread(target=lambda: asyncio.run(state.main()), name="loop-server", daemon=True)
    thread.start()
    try:
        if not state.started.wait(START_S):
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{state.port}"
    finally:
        state.stop()
        thread.join(START_S)
