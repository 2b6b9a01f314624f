"""Servers, clients and ways to drive a mock without a socket."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sendproof.mock import accounts, textflow, textingline
from sendproof.mock.accounts import Provider, Settings
from sendproof.mock.app import Mock, mock
from sendproof.mock.server import MockServer
from sendproof.mock.virtual_clock import VirtualClock

PATHS: Mapping[Provider, str] = {"textingline": textingline.PATH, "textflow": textflow.PATH}


class StillClock:
    """Tell the same time for ever: 2026-03-15T14:30:00.123Z."""

    def now(self) -> float:
        return 1773585000.123


@dataclass(frozen=True, kw_only=True)
class Got:
    """An answer seen at the ASGI boundary, with the sizes of its pieces."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    pieces: tuple[int, ...]
    complete: bool

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Direct:
    """Call a mock's application without a socket, under a still clock and fixed randomness."""

    provider: Provider
    mock: Mock = field(repr=False)

    async def send(
        self,
        document: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        method: str = "POST",
        path: str | None = None,
    ) -> Got:
        sent: list[dict[str, Any]] = []
        fields = {"content-type": "application/json", "accept-encoding": "gzip", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": PATHS[self.provider] if path is None else path,
            "raw_path": b"",
            "query_string": b"",
            "root_path": "",
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
        }
        raw = json.dumps(document).encode() if body is None else body

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self.mock.app(scope, receive, send)
        bodies = [message["body"] for message in sent[1:]]
        return Got(
            status=sent[0]["status"],
            headers=tuple(sent[0]["headers"]),
            body=b"".join(bodies),
            pieces=tuple(len(piece) for piece in bodies),
            complete=not sent[-1].get("more_body", False),
        )


def direct(provider: Provider, *, fault: str | None = None, variant: str | None = None) -> Direct:
    return Direct(
        provider=provider,
        mock=mock(
            provider,
            fault=fault,
            variant=variant,
            settings=Settings(),
            clock=VirtualClock(StillClock()),
            rng=random.Random(0),
        ),
    )


def run(coroutine: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await coroutine

    return asyncio.run(main())


@pytest.fixture
def start_direct() -> Callable[..., Direct]:
    return direct


@pytest.fixture
def run_async() -> Callable[[Awaitable[Any]], Any]:
    return run


@pytest.fixture(scope="module")
def textingline_server() -> Iterator[MockServer]:
    with MockServer("textingline") as server:
        yield server


@pytest.fixture(scope="module")
def textflow_server() -> Iterator[MockServer]:
    with MockServer("textflow") as server:
        yield server


def basic(role: str) -> tuple[str, str]:
    account = accounts.textingline_accounts(Settings())[role]
    return account.key_id, account.key_secret


def api_key(role: str) -> dict[str, str]:
    return {"X-API-Key": accounts.textflow_keys(Settings())[role].value}


@pytest.fixture(scope="module")
def textingline_client(textingline_server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=textingline_server.base_url, auth=basic("main"), verify=False) as client:
        yield client


@pytest.fixture(scope="module")
def textflow_client(textflow_server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=textflow_server.base_url, headers=api_key("main"), verify=False) as client:
        yield client
