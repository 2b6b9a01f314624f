"""uvicorn's protocol without its server: all that is used here of what uvicorn does not promise to keep.

`pyproject.toml` bounds its version, and `tests/test_private_interfaces.py` fails where a new one has changed it.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Final

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sendproof.mock.endpoint import FIELD_NAMES

# An answer under way when a mock ends takes a few milliseconds: so much is left to the slowest.
_GRACE_S: Final = 0.25


class _Protocol(H11Protocol):
    """uvicorn's protocol, which also passes on how the names of header fields were spelled."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # The application is called later, by the loop.
        head, end, _ = data.partition(b"\r\n\r\n")
        if end and self.scope is not None:
            lines = head.decode("latin-1").split("\r\n")[1:]
            self.scope[FIELD_NAMES] = tuple(line.partition(":")[0] for line in lines)  # type: ignore[typeddict-unknown-key]  # a key of its own


async def serve_until(
    stop: asyncio.Event, app: ASGIApp, listener: socket.socket, *, on_ready: Callable[[], None]
) -> None:
    """Serve an application with uvicorn's protocol, without its server.

    `uvicorn.Server` looks every 0.1 s whether it should stop and waits as long again for its
    connections; a run of the whole matrix starts and stops hundreds of mocks.
    """
    config = Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
    )
    config.load()
    state = ServerState()
    make_protocol: Callable[..., asyncio.Protocol] = config.http_protocol_class
    server = await asyncio.get_running_loop().create_server(
        lambda: make_protocol(config=config, server_state=state, app_state={}), sock=listener
    )
    state.default_headers = _date()
    on_ready()
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=1.0)
        state.default_headers = _date()
    server.close()
    await _drain(state)


async def _drain(state: ServerState) -> None:
    """Let answers under way finish, then close what is left."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(list(state.tasks), timeout=_GRACE_S)
    for connection in list(state.connections):
        connection.transport.abort()
    while state.connections:
        await asyncio.sleep(0)


def _date() -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(usegmt=True).encode("ascii"))]
