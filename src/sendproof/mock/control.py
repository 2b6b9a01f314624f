"""The routes by which another process moves the clock of a mock and reads its counts."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sendproof.mock.endpoint import Counts
from sendproof.mock.http_messages import UnreadableError, parse_json
from sendproof.mock.virtual_clock import VirtualClock

ADVANCE: Final = "/-/mock/advance"
STATS: Final = "/-/mock/stats"


def control_routes(clock: VirtualClock, counts: Counts) -> tuple[Route, ...]:
    """Return the routes `ADVANCE` (POST) and `STATS` (GET). They are not counted as requests."""

    async def advance(request: Request) -> Response:
        seconds = _seconds(await request.body())
        if seconds is None:
            return JSONResponse({"error": 'expected {"seconds": a number from 0}'}, status_code=400)
        clock.advance(seconds)
        return JSONResponse({"now": clock.now()})

    async def stats(request: Request) -> Response:
        return JSONResponse({"requests": counts.requests, "accepted": counts.accepted})

    return (Route(ADVANCE, advance, methods=["POST"]), Route(STATS, stats, methods=["GET"]))


def _seconds(body: bytes) -> float | None:
    try:
        document = parse_json(body)
    except UnreadableError:
        return None
    seconds = document.get("seconds") if isinstance(document, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10**9:
        return None
    return float(seconds)
