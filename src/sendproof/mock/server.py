"""Serves a mock on the loopback interface: in a thread, in a process of its own, or right here."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sendproof.mock.accounts import Provider, Settings
from sendproof.mock.app import mock
from sendproof.mock.control import ADVANCE, STATS
from sendproof.mock.faults.fault_model import Change
from sendproof.mock.profiles import profile
from sendproof.mock.uvicorn_internals import serve_until
from sendproof.mock.virtual_clock import VirtualClock

HOST: Final = "127.0.0.1"
_EXIT_S: Final = 5.0
_START_S: Final = 20.0


class MockServer:
    """Serve a mock from a thread of this process, between `with` and its end."""

    def __init__(
        self,
        provider: Provider,
        *,
        port: int = 0,
        fault: str | None = None,
        variant: str | None = None,
        clock: VirtualClock | None = None,
        window_s: float = 60.0,
        limit_per_minute: int = 5,
        metered_balance: int = 14,
        change: Change[Any] | None = None,
    ) -> None:
        self._provider = provider
        self._port = port
        self._settings = Settings(window_s=window_s, limit_per_minute=limit_per_minute, metered_balance=metered_balance)
        self._mock = mock(provider, fault=fault, variant=variant, settings=self._settings, clock=clock, change=change)
        self._ready = threading.Event()
        self._listener: socket.socket
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread: threading.Thread
        self.base_url = ""

    def __enter__(self) -> Self:
        self._listener = listen(self._port)
        self.base_url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def accepted_count(self) -> int:
        """Return how many messages were accepted, replays aside."""
        return self._mock.counts.accepted

    @property
    def request_count(self) -> int:
        """Return how many requests were received."""
        return self._mock.counts.requests

    def advance(self, seconds: float) -> None:
        """Move the clock of the mock forward."""
        self._mock.clock.advance(seconds)

    def profile(self) -> dict[str, object]:
        """Return the target profile of this mock."""
        return profile(self._provider, self.base_url, self._settings)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await serve_until(self._stop, self._mock.app, self._listener, on_ready=self._ready.set)
        finally:
            self._ready.set()


class MockProcess:
    """Serve a mock from a process of its own, between `with` and its end."""

    def __init__(
        self,
        provider: Provider,
        *,
        port: int = 0,
        fault: str | None = None,
        variant: str | None = None,
        window_s: float = 60.0,
        limit_per_minute: int = 5,
        metered_balance: int = 14,
    ) -> None:
        self._provider = provider
        self._settings = Settings(window_s=window_s, limit_per_minute=limit_per_minute, metered_balance=metered_balance)
        self._options: list[str] = [provider, f"--port={port}", "--control", "--until-stdin-closes"]
        self._options += [f"--window-s={window_s}", f"--limit-per-minute={limit_per_minute}"]
        self._options += [f"--metered-balance={metered_balance}"]
        self._options += [f"--fault={fault}"] if fault else []
        self._options += [f"--variant={variant}"] if variant else []
        self._process: subprocess.Popen[bytes]
        self._port = 0
        self.base_url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sendproof.mock", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            # Ctrl-C reaches every process of a terminal's group: the mock answers until its input is closed.
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self._end()
            raise RuntimeError(f"mock process: expected a port, got exit status {self._process.returncode}")
        self._port = json.loads(line)["port"]
        self.base_url = f"http://{HOST}:{self._port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def exit_status(self) -> int | None:
        """Return the exit status of the process, None while it runs."""
        return self._process.poll()

    @property
    def accepted_count(self) -> int:
        """Return how many messages were accepted, replays aside."""
        return int(self._control("GET", STATS)["accepted"])

    @property
    def request_count(self) -> int:
        """Return how many requests were received."""
        return int(self._control("GET", STATS)["requests"])

    def advance(self, seconds: float) -> None:
        """Move the clock of the mock forward."""
        self._control("POST", ADVANCE, {"seconds": seconds})

    def profile(self) -> dict[str, object]:
        """Return the target profile of this mock."""
        return profile(self._provider, self.base_url, self._settings)

    def _control(self, method: str, path: str, document: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_START_S)
        try:
            connection.request(method, path, body=json.dumps(document))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer

    def _end(self) -> None:
        try:
            self._process.communicate(timeout=_EXIT_S)
        except subprocess.TimeoutExpired:  # pragma: no cover - a process deaf to its input's end
            self._process.kill()
            self._process.communicate()


def serve(
    provider: Provider,
    port: int = 0,
    *,
    fault: str | None = None,
    variant: str | None = None,
    settings: Settings | None = None,
    control: bool = False,
    on_ready: Callable[[int], None] = lambda port: None,
    until_closed_fd: int | None = None,
) -> None:
    """Serve a mock until interrupted, or until the file descriptor is at its end.

    `on_ready` is given the port. An unknown fault or variant raises `LookupError`, a port in use
    `OSError`.
    """
    assembled = mock(provider, fault=fault, variant=variant, settings=settings, control=control)
    listener = listen(port)
    number: int = listener.getsockname()[1]

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for wanted in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(wanted, stop.set)
        if until_closed_fd is not None:
            _watch(until_closed_fd, lambda: loop.call_soon_threadsafe(stop.set))
        await serve_until(stop, assembled.app, listener, on_ready=lambda: on_ready(number))

    asyncio.run(run())


def listen(port: int) -> socket.socket:
    """Return a listening socket on the loopback interface; port 0 takes a free one.

    asyncio turns Nagle's algorithm off only where the protocol is given by name. With it, every
    answer waits 40 ms for the client's delayed acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(512)
    return listener


def _watch(fd: int, on_closed: Callable[[], object]) -> None:
    """Call back once a file descriptor is at its end, from a thread that holds no buffer lock."""

    def read() -> None:
        while os.read(fd, 4096):
            pass
        with suppress(RuntimeError):
            on_closed()

    threading.Thread(target=read, daemon=True).start()


def _environment() -> dict[str, str]:
    """Return this environment with the package importable, wherever it was imported from."""
    source = str(Path(__file__).parents[2])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
