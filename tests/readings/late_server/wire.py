"""Read requests to their end and stream answers in pieces."""

import asyncio
import gzip
import itertools
import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

MAX_BODY_BYTES: Final = 1 << 20
JSON: Final = "application/json; charset=utf-8"


class Malformed(Exception):
    """Say that a body is not a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold an answer before it is coded and streamed."""

    status: int
    content: Mapping[str, object] | str
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """Write the content as UTF-8; JSON unless it is text."""
        if isinstance(self.content, str):
            return self.content.encode()
        return json.dumps(self.content, ensure_ascii=False, indent=1).encode()


class Wire:
    """Delay, code and stream the answers of one server."""

    def __init__(self) -> None:
        self._random = random.Random()
        self._turns = itertools.count()

    async def read(self, request: Request) -> bytes | None:
        """Read the whole body, None when it is over the limit; the excess is drained, so that the client can listen."""
        kept = bytearray()
        total_bytes = 0
        try:
            async for chunk in request.stream():
                total_bytes += len(chunk)
                if total_bytes <= MAX_BODY_BYTES:
                    kept += chunk
        except ClientDisconnect:
            return b""
        return bytes(kept) if total_bytes <= MAX_BODY_BYTES else None

    async def linger(self, least_ms: float, most_ms: float) -> None:
        """Wait for a jittered time."""
        await asyncio.sleep(self._random.uniform(least_ms, most_ms) / 1000)

    def respond(self, request: Request, answer: Answer) -> Response:
        """Stream an answer, every second one gzip coded for a client that permits it."""
        payload = answer.payload()
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding", **answer.headers}
        if next(self._turns) % 2 == 0 and permits_gzip(request.headers.getlist("accept-encoding")):
            payload = gzip.compress(payload, mtime=0)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Type"] = answer.media_type
        return StreamingResponse(self._pieces(payload), status_code=answer.status, headers=headers)

    async def _pieces(self, payload: bytes) -> AsyncIterator[bytes]:
        start = 0
        while start < len(payload):
            # Long answers in at most some twenty pieces; short ones in several of a few dozen bytes.
            end = start + self._random.randint(23, max(71, len(payload) // 10))
            yield payload[start:end]
            start = end
            await self.linger(0.0, 0.4)


def permits_gzip(values: list[str]) -> bool:
    """Tell whether Accept-Encoding (RFC 9110, 12.5.3) names gzip or * with a weight above zero; no, without it."""
    weights: dict[str, float] = {}
    for item in ",".join(values).split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip().lower()] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def parse_object(raw: bytes) -> dict[str, object]:
    """Read a JSON object without repeated names; Malformed for anything else."""
    try:
        value: object = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated name")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(name)


def has_lone_surrogate(text: str) -> bool:
    """Tell whether a text cannot be written as UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in text)
