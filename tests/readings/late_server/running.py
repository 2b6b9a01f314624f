"""Run an app under uvicorn in a background thread."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette

from .faults import FAULTS, TEXTFLOW, TEXTINGLINE
from .textflow import TextFlow
from .textingline import TextingLine

_START_TIMEOUT_S: Final = 10.0
_STOP_TIMEOUT_S: Final = 10.0
# Longer than a client keeps an idle connection in its pool, so that none is closed under a request.
_KEEP_ALIVE_S: Final = 120


@contextmanager
def serve(provider: str, fault: str | None = None) -> Iterator[str]:
    """Serve a provider with fresh state and yield its base URL; ValueError for an unknown provider or fault."""
    app = _app(provider, fault)
    listener = _listener()
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"late-{provider}", daemon=True)
    thread.start()
    try:
        _await_start(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_STOP_TIMEOUT_S)
        listener.close()


def _app(provider: str, fault: str | None) -> Starlette:
    if fault is not None and FAULTS.get(fault, ("", ""))[0] != provider:
        raise ValueError(f"fault: expected one of {provider}, got {fault!r}")
    if provider == TEXTINGLINE:
        return TextingLine(fault).app()
    if provider == TEXTFLOW:
        return TextFlow(fault).app()
    raise ValueError(f"provider: expected {TEXTINGLINE} or {TEXTFLOW}, got {provider!r}")


def _listener() -> socket.socket:
    # With the protocol named, asyncio sets TCP_NODELAY; small pieces would else wait 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
