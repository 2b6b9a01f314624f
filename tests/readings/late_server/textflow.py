"""Answer TextFlow's "Send SMS".

Freedoms taken where the document is silent:

- accepted messages are 202; those of more than 160 characters are queued, shorter ones sent;
- an absent key is 401, a wrong or inactive one 403; an empty one counts as absent;
- an absent recipient or message is 400, an invalid recipient 422, a sender that is not active 422, a long message 413,
  another type than string 422, no JSON 400, another media type than application/json 415;
- every refusal has the documented envelope, also 404 and 405, with additional `retryable` and `hint`;
- throttled answers carry no Retry-After; the minute slides, and only messages that were let through count in it;
- the message is checked before the recipient, then the sender's form, then the account: numbers, sender, day, minute;
- a sender in no valid form gets the error of a sender that is not active; null for from is the same as omitted;
- formatting is white space, parentheses, hyphens, dashes, dots and slashes; letters are none, 11 digits begin with 1,
  and a plus is only good before 1 and 10 digits;
- unknown fields are ignored; white space alone is a message;
- messageId has no prefix; additional data fields `acceptedAt` (microseconds and +00:00) and `mode`; data comes first;
- the default sender is not the first active one.
"""

import asyncio
import hmac
import itertools
import time
import uuid
import zlib
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .accounts import FLOW_DEFAULT_SENDER, FLOW_INACTIVE_SENDER, FLOW_PLANS, FLOW_SENDERS, FLOW_WINDOW_S, Plan
from .numbers import InvalidNumber, to_e164
from .wire import Answer, Malformed, Wire, has_lone_surrogate, parse_object

PATH: Final = "/api/v1/messages/send"
MAX_MESSAGE_CHARACTERS: Final = 1600
_SENT_AT_ONCE_CHARACTERS: Final = 160
# How long a step takes that should have been one with the step before it.
_LAG_S: Final = 0.03
_NO_KEY: Final = "API key required"
_BAD_KEY: Final = "Invalid or inactive API key"
_NO_RECIPIENT: Final = "Recipient phone number (to) is required"
_NO_MESSAGE: Final = "Message content is required"
_BAD_NUMBER: Final = "Invalid phone number format (must be 10 or 11 digits)"
_BAD_SENDER: Final = "Invalid or inactive phone number"
_HTML_PAGE: Final = "<!DOCTYPE html>\n<html><head><title>400</title></head><body><h1>Bad Request</h1></body></html>\n"


class Refusal(Exception):
    """Refuse a request with a status and the documented or another error text."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = headers or {}


class TextFlow:
    """Keep the counters of one server."""

    def __init__(self, fault: str | None) -> None:
        self._fault = fault
        self._wire = Wire()
        self._minutes: dict[str, deque[float]] = {plan.key: deque() for plan in FLOW_PLANS}
        self._days: dict[tuple[str, str], int] = {}
        self._numbers = itertools.count(1)

    def app(self) -> Starlette:
        """Build the app; a path with a trailing slash is not found rather than redirected."""
        app = Starlette(
            routes=[Route(PATH, self._send, methods=["POST"])],
            exception_handlers={HTTPException: self._refuse_route, Exception: self._report_crash},
        )
        app.router.redirect_slashes = False
        return app

    async def _send(self, request: Request) -> Response:
        raw = await self._wire.read(request)
        await self._wire.linger(1.0, 6.0)
        try:
            plan = self._authenticate(request.headers.getlist("x-api-key"))
            members = self._members(raw, request.headers.get("content-type", ""))
            answer = await self._accept(plan, members)
        except Malformed:
            answer = self._malformed()
        except Refusal as refusal:
            answer = self._refused(refusal)
        return self._wire.respond(request, answer)

    def _authenticate(self, values: list[str]) -> Plan:
        if not any(values):
            raise Refusal(401, _NO_KEY, {"WWW-Authenticate": 'ApiKey realm="messages"'})
        given = values[0] if len(values) == 1 else ""
        for plan in FLOW_PLANS:
            if self._is_key(plan.key, given) and self._is_usable(plan):
                return plan
        raise Refusal(403, _BAD_KEY)

    def _is_key(self, right: str, given: str) -> bool:
        if self._fault == "key-case-folded":
            right, given = right.lower(), given.lower()
        return hmac.compare_digest(right.encode(), given.encode())

    def _is_usable(self, plan: Plan) -> bool:
        if self._fault == "test-key-refused" and not plan.key.startswith("sk_live_"):
            return False
        return plan.is_active or self._fault == "inactive-key-accepted"

    def _members(self, raw: bytes | None, content_type: str) -> dict[str, object]:
        if raw is None:
            raise Refusal(413, "Request body is too large")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "Content-Type must be application/json")
        return parse_object(raw)

    async def _accept(self, plan: Plan, members: dict[str, object]) -> Answer:
        message = self._message(members.get("message"))
        to = self._recipient(members.get("to"))
        sender = self._sender(plan, members.get("from"))
        await self._count(plan)
        await self._wire.linger(1.0, 4.0)
        if self._fault == "four-byte-crash" and any(character > "\uffff" for character in message):
            raise Refusal(500, "Failed to send message")
        is_queued = len(message) > _SENT_AT_ONCE_CHARACTERS
        pending = "pending" if self._fault == "queued-called-pending" else "queued"
        data = {
            "acceptedAt": datetime.now(UTC).isoformat(timespec="microseconds"),
            "status": pending if is_queued else "sent",
            "from": sender,
            "to": to,
            "messageId": self._message_id(to),
            "mode": "test" if plan.key.startswith("sk_test_") else "live",
        }
        return Answer(status=202, content={"data": data, "message": "Thanks, we have it", "success": True})

    def _message(self, value: object) -> str:
        if value is None or value == "":
            raise Refusal(400, _NO_MESSAGE)
        if not isinstance(value, str):
            raise Refusal(422, "Message content must be a string")
        if has_lone_surrogate(value):
            if self._fault == "flow-surrogate-crash":
                raise Refusal(500, "Failed to send message")
            raise Refusal(422, "Message content must be valid Unicode")
        if self._is_too_long(value):
            raise Refusal(413, f"Message content must be at most {MAX_MESSAGE_CHARACTERS} characters")
        return value

    def _is_too_long(self, message: str) -> bool:
        if self._fault == "message-limit-early":
            return len(message) >= MAX_MESSAGE_CHARACTERS
        if self._fault == "emoji-as-bytes":
            return len(message.encode()) > MAX_MESSAGE_CHARACTERS
        return len(message) > MAX_MESSAGE_CHARACTERS

    def _recipient(self, value: object) -> str:
        if value is None or value == "":
            raise Refusal(400, _BAD_NUMBER if self._fault == "absent-recipient-misnamed" else _NO_RECIPIENT)
        if not isinstance(value, str):
            raise Refusal(422, "Recipient phone number (to) must be a string")
        try:
            return to_e164(value, trims=self._fault == "extra-digits-trimmed")
        except InvalidNumber:
            raise Refusal(422, _BAD_NUMBER) from None

    def _sender(self, plan: Plan, value: object) -> str:
        if not plan.has_numbers:
            raise Refusal(404 if self._fault == "no-numbers-as-404" else 400, "No active phone numbers available")
        if value is None:
            return FLOW_SENDERS[0] if self._fault == "default-is-first" else FLOW_DEFAULT_SENDER
        if not isinstance(value, str):
            raise Refusal(422, "Sender phone number (from) must be a string")
        try:
            number = to_e164(value)
        except InvalidNumber:
            raise Refusal(422, _BAD_SENDER) from None
        if number == FLOW_INACTIVE_SENDER and self._fault == "inactive-sender-replaced":
            return FLOW_DEFAULT_SENDER
        if number not in FLOW_SENDERS:
            raise Refusal(422, _BAD_SENDER)
        return value if self._fault == "sender-left-as-given" else number

    async def _count(self, plan: Plan) -> None:
        # No await between the look and the count: messages that arrive together must not share a place.
        day = (plan.key, datetime.now(UTC).date().isoformat())
        if self._days.get(day, 0) >= plan.daily_limit:
            raise Refusal(403 if self._fault == "daily-limit-as-403" else 429, "Daily message limit reached")
        sharers = FLOW_PLANS if self._fault == "rate-window-shared" else (plan,)
        if any(map(self._is_throttled, sharers)):
            raise Refusal(429, "Too many messages in one minute")
        if self._fault == "rate-race":
            await asyncio.sleep(_LAG_S)
        self._minutes[plan.key].append(time.monotonic())
        self._days[day] = self._days.get(day, 0) + 1

    def _is_throttled(self, plan: Plan) -> bool:
        if plan.limit_per_minute is None:
            return False
        window_s = FLOW_WINDOW_S * (2 if self._fault == "rate-window-doubled" else 1)
        minute = self._minutes[plan.key]
        while minute and minute[0] <= time.monotonic() - window_s:
            minute.popleft()
        return len(minute) >= plan.limit_per_minute - (self._fault == "rate-limit-early")

    def _message_id(self, to: str) -> str:
        if self._fault == "id-by-the-second":
            return f"{int(time.time())}-{zlib.crc32(to.encode()):08x}"
        return f"{next(self._numbers):06d}-{uuid.uuid4()}"

    def _malformed(self) -> Answer:
        if self._fault == "html-for-bad-json":
            return Answer(status=400, content=_HTML_PAGE, media_type="text/html; charset=utf-8")
        return self._refused(Refusal(400, "Request body must be a JSON object"))

    def _refused(self, refusal: Refusal) -> Answer:
        error: object = refusal.error
        if self._fault == "error-as-object" and refusal.error == _NO_MESSAGE:
            error = {"field": "message", "text": refusal.error}
        content = {"hint": None, "retryable": refusal.status in {429, 500}, "error": error, "success": False}
        return Answer(status=refusal.status, content=content, headers=refusal.headers)

    async def _refuse_route(self, request: Request, error: Exception) -> Response:
        await self._wire.read(request)
        await self._wire.linger(1.0, 3.0)
        if not isinstance(error, HTTPException):
            return await self._report_crash(request, error)
        return self._wire.respond(request, self._refused(Refusal(error.status_code, error.detail, error.headers)))

    async def _report_crash(self, request: Request, error: Exception) -> Response:
        return self._wire.respond(request, self._refused(Refusal(500, "Failed to send message")))
