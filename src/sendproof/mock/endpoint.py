"""The ASGI endpoint shared by both services: reads a call, sends an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from sendproof.mock.http_messages import Answer, Call, Reply, encode_json, parse_json

FIELD_NAMES: Final = "sendproof.field_names"
"""The key of an ASGI scope under which the names of header fields stand as they were spelled."""

Interception = Callable[[Call], Answer | None]
Hook = Callable[[Call, Answer], Answer]


def is_json(media_type: str) -> bool:
    """Tell whether a Content-Type names JSON, with any parameters."""
    return media_type.partition(";")[0].strip().lower() == "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRules:
    """The rules that do not depend on the service.

    The first answer of `before` keeps the service from being asked. `after` is applied in order to
    every answer.
    """

    body_bytes_limit: int = 1 << 20
    media_type_is_accepted: Callable[[str], bool] = is_json
    parse: Callable[[bytes], object] = parse_json
    encode: Callable[[object], bytes] = encode_json
    before: tuple[Interception, ...] = ()
    after: tuple[Hook, ...] = ()


@dataclass(slots=True)
class Counts:
    """What a mock has counted since its start."""

    requests: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Answer HTTP requests with what `respond` replies, under the rules."""

    rules: HttpRules
    respond: Callable[[Call], Awaitable[Reply]]
    counts: Counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        self.counts.requests += 1
        call = await self._read(scope, receive, self.counts.requests)
        if call is None:
            return
        answer = await self._answer(call)
        for hook in self.rules.after:
            answer = hook(call, answer)
        await transmit(answer, send)

    async def _answer(self, call: Call) -> Answer:
        for intercept in self.rules.before:
            intercepted = intercept(call)
            if intercepted is not None:
                return intercepted
        reply = await self.respond(call)
        return Answer(
            status=reply.status,
            headers=(("Content-Type", "application/json"), *reply.headers),
            body=self.rules.encode(reply.document),
        )

    async def _read(self, scope: Scope, receive: Receive, ordinal: int) -> Call | None:
        """Read the whole request, so that a refusal reaches a client that is still writing."""
        limit = self.rules.body_bytes_limit
        body = bytearray()
        received_bytes = 0
        more = True
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk: bytes = message.get("body", b"")
            received_bytes += len(chunk)
            body += chunk[: max(0, limit - len(body))]
            more = message.get("more_body", False)
        return Call(
            method=scope["method"],
            path=scope["path"],
            headers=_joined(scope["headers"]),
            body=bytes(body),
            oversized=received_bytes > limit,
            ordinal=ordinal,
            field_names=scope.get(FIELD_NAMES, ()),
        )


async def transmit(answer: Answer, send: Send) -> None:
    """Send an answer over ASGI. Without a length, the server uses chunked coding."""
    if answer.delay_s:
        await asyncio.sleep(answer.delay_s)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.piece_bytes is None:
        headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.lost_bytes:
        await send(
            {
                "type": "http.response.body",
                "body": answer.body[: -answer.lost_bytes],
                "more_body": True,
            }
        )
        return
    size = answer.piece_bytes or len(answer.body) or 1
    for start in range(0, len(answer.body) - size, size):
        piece = answer.body[start : start + size]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    last = (max(len(answer.body) - 1, 0) // size) * size
    await send({"type": "http.response.body", "body": answer.body[last:]})


def _joined(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
