"""TextFlow's Send SMS.

Freedoms taken: a missing key is a 401 (with a challenge), an invalid one a 403; an unknown or inactive sender is a 403;
a message that is too long is a 422, other invalid parameters are 400; a message of one segment is answered `sent` with
200, a longer one `queued` with 202; data has `segments` beside the documented fields, and ids are UUIDs. Error
documents have a `requestId` and the media type application/vnd.textflow.error+json. The request's Content-Type is not
looked at. message is checked before to; a member that is null, or an empty string, is missing; a from that is null is
omitted; white space alone is content; a from that is no phone number gets the format error. Lengths count code points.
The per-minute limit is checked before the body is read, the daily limit last; both name the time to wait for as an
HTTP date. Without active numbers any from gets the same error as none.
"""

from __future__ import annotations

import hmac
import math
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .document import NotAnObject, decoded_object, is_encodable
from .limits import Window, is_gsm, segments
from .message import Reply, Request, http_date
from .phone import normalized

PATH = "/api/v1/messages/send"
ALLOW = ("Allow", "OPTIONS, POST")
CHALLENGE = ("WWW-Authenticate", 'ApiKey realm="textflow", header="X-API-Key"')
ERROR_TYPE = "application/vnd.textflow.error+json"
MAX_MESSAGE = 1600

LIVE_KEY = "sk_live_Harbor_9c41e7d20b6f"
TEST_KEY = "sk_test_Harbor_51f08ab3c7e2"
INACTIVE_KEY = "sk_live_Retired_7720de91ab34"
NO_NUMBERS_KEY = "sk_live_Numberless_3fd8120c65"
EXHAUSTED_KEY = "sk_live_Spent_b81c0e4497aa"
LIMITED_KEY = "sk_live_Slow_2a6697f0de15"
LIMIT, WINDOW_S = 4, 1.0

SENDERS = ("+12025550150", "+12025550151")
DEFAULT_SENDER = "+12025550151"
INACTIVE_SENDER = "+12025550159"
UNKNOWN_SENDER = "+15035550133"
RECIPIENTS = ("+16175550101", "+16175550102", "+16175550166", "+18575550188")

BAD_NUMBER = "Invalid phone number format (must be 10 or 11 digits)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    active: bool = True
    senders: tuple[str, ...] = SENDERS
    daily_limit: int | None = None
    window: Window | None = None


class _Refused(Exception):
    def __init__(self, status: int, error: str, *fields: tuple[str, str]) -> None:
        super().__init__(error)
        self.status, self.error, self.fields = status, error, fields


class TextFlow:
    """Answer POST /api/v1/messages/send from memory."""

    def __init__(self, fault: str | None) -> None:
        self._fault = fault
        limit = LIMIT + 1 if fault == "tf-rate-off-by-one" else LIMIT
        window = Window(limit, WINDOW_S, time.monotonic, endless=fault == "tf-window-never-ends")
        self._keys = {
            LIVE_KEY: _Key(),
            TEST_KEY: _Key(active=fault != "tf-test-key-refused"),
            INACTIVE_KEY: _Key(active=fault == "tf-inactive-key"),
            NO_NUMBERS_KEY: _Key(senders=()),
            EXHAUSTED_KEY: _Key(daily_limit=0),
            LIMITED_KEY: _Key(window=window),
        }
        self._sticky_sender: str | None = None

    def refuse(self, status: int, reason: str) -> Reply:
        """Return a refusal in the documented envelope."""
        return _refusal(_Refused(status, reason))

    async def answer(self, request: Request) -> Reply:
        """Return the reply to one request."""
        if request.path not in (PATH, "*"):
            return self.refuse(404, "Not found")
        if request.method == "OPTIONS":
            return Reply(status=204, fields=(ALLOW,))
        try:
            if request.method != "POST":
                raise _Refused(405, "Method not allowed", ALLOW)
            key = self._authenticated(request)
            self._check_rate(key)
            return self._accepted(key, self._document(request.body))
        except _Refused as refused:
            return _refusal(refused)

    def _authenticated(self, request: Request) -> _Key:
        values = tuple(value for value in request.values("x-api-key") if value)
        if not values and self._fault == "tf-bearer":
            found = request.values("authorization")
            values = tuple(value[7:] for value in found if value.lower().startswith("bearer "))
        if not values:
            raise _Refused(401, "API key required", CHALLENGE)
        key = self._key(values[0]) if len(values) == 1 else None
        if key is None or not key.active:
            raise _Refused(403, "Invalid or inactive API key")
        return key

    def _key(self, presented: str) -> _Key | None:
        found = None
        for text, key in self._keys.items():
            compared = presented[: len(text)] if self._fault == "tf-key-suffix" else presented
            if hmac.compare_digest(text.encode(), compared.encode()):
                found = key
        return found

    def _check_rate(self, key: _Key) -> None:
        wait_s = key.window.remaining_s() if key.window is not None else None
        if wait_s is not None:
            until = datetime.fromtimestamp(math.ceil(time.time() + wait_s), UTC)
            raise _Refused(429, "Per-minute limit reached", ("Retry-After", http_date(until)))

    def _document(self, body: bytes) -> dict[str, object]:
        try:
            return decoded_object(body)
        except NotAnObject as error:
            if self._fault == "tf-not-an-object-500" and error.__cause__ is None:
                raise _Refused(500, "Failed to send message") from error
            raise _Refused(400, str(error)) from error

    def _accepted(self, key: _Key, document: dict[str, object]) -> Reply:
        text = self._message(document.get("message"))
        to = self._recipient(document.get("to"))
        sender = self._sender(key, document.get("from"))
        if key.daily_limit is not None and key.daily_limit <= 0:
            daily = "Too many requests" if self._fault == "tf-daily-text" else "Daily message limit reached"
            raise _Refused(429, daily, ("Retry-After", http_date(_next_midnight())))
        count = segments(text)
        data = {
            "status": "sent" if count == 1 else "queued",
            "segments": count,
            "from": sender,
            "to": to,
            "messageId": self._message_id(to),
        }
        stringly = self._fault == "tf-success-text" and "from" in document
        envelope: dict[str, object] = {
            "data": data,
            "message": "Message accepted for delivery",
            "success": "true" if stringly else True,
        }
        return Reply(status=200 if count == 1 else 202, document=envelope, media_type="application/json;charset=utf-8")

    def _message(self, value: object) -> str:
        if value is None or value == "":
            raise _Refused(400, "Message content is required")
        if not isinstance(value, str) or not is_encodable(value):
            raise _Refused(400, "Message content must be text")
        limit = MAX_MESSAGE + 1 if self._fault == "tf-limit-1601" else MAX_MESSAGE
        if self._fault == "tf-limit-ten-segments" and not is_gsm(value):
            limit = 700
        if len(value) > limit:
            raise _Refused(422, "Message content is longer than 1,600 characters")
        return value

    def _recipient(self, value: object) -> str:
        if (value is None or value == "") and self._fault != "tf-missing-to-text":
            raise _Refused(400, "Recipient phone number (to) is required")
        if isinstance(value, int | float) and self._fault == "tf-number-to-500":
            raise _Refused(500, "Failed to send message")
        to = normalized(value, self._fault)
        if to is None:
            raise _Refused(400, BAD_NUMBER)
        return to

    def _sender(self, key: _Key, value: object) -> str:
        if not key.senders:
            raise _Refused(409 if self._fault == "tf-no-numbers-409" else 400, "No active phone numbers available")
        if value is None:
            return self._sticky_sender or DEFAULT_SENDER
        sender = value if self._fault == "tf-from-verbatim" and isinstance(value, str) else normalized(value)
        if sender is None:
            raise _Refused(400, BAD_NUMBER)
        known = (*key.senders, INACTIVE_SENDER) if self._fault == "tf-inactive-sender" else key.senders
        if sender not in known:
            raise _Refused(403, "Invalid or inactive phone number")
        if self._fault == "tf-sticky-sender":
            self._sticky_sender = sender
        return sender

    def _message_id(self, to: str) -> str:
        if self._fault == "tf-id-per-second":
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{to}/{int(time.time())}"))
        return str(uuid.uuid4())


def _next_midnight() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _refusal(refused: _Refused) -> Reply:
    document: dict[str, object] = {"requestId": uuid.uuid4().hex, "error": refused.error, "success": False}
    return Reply(status=refused.status, document=document, media_type=ERROR_TYPE, fields=refused.fields)
