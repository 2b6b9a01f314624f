"""TextFlow's "Send SMS", written from its document alone.

Where the document is silent this vendor answers 202 with status queued, 400 for what is missing,
422 for what has a wrong value, 401 without a key and 403 with one that is not valid, and it
counts requests in fixed windows that are aligned to the clock.
"""

import hmac
import json
import math
import re
import threading
import time
import uuid
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from .accounts import (
    FLOW_DEFAULT_SENDER,
    FLOW_SENDERS,
    WINDOW_S,
    FlowKey,
    flow_keys,
)
from .web import Refusal, Reply, Request, Vendor, VendorServer

FORMATTING = re.compile(r"[\s().+\-/]")
TEN_DIGITS = re.compile(r"1?([0-9]{10})")
Payload = dict[str, Any]


class TextFlow(Vendor):
    """The vendor; every promise is a small method or a text."""

    path = "/api/v1/messages/send"
    length_header = "content-LENGTH"
    max_message = 1600
    success: Any = True

    key_required = "API key required"
    key_invalid = "Invalid or inactive API key"
    recipient_required = "Recipient phone number (to) is required"
    message_required = "Message content is required"
    format_invalid = "Invalid phone number format (must be 10 or 11 digits)"
    daily_reached = "Daily message limit reached"
    no_numbers = "No active phone numbers available"
    sender_invalid = "Invalid or inactive phone number"
    send_failed = "Failed to send message"

    no_numbers_status = 400
    daily_status = 429
    throttled_status = 429

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys = flow_keys()
        self.counts: dict[str, tuple[int, int]] = {}

    def respond(self, request: Request) -> Reply:
        """Authenticate, throttle, read, send."""
        key = self.authenticate(request)
        self.throttle(key)
        payload = self.as_object(self.decode(request.body))
        message = self.read_text(payload)
        recipient = self.read_recipient(payload)
        sender = self.pick_sender(key, payload)
        self.check_daily_limit(key)
        return self.accepted(key, recipient, sender, message)

    # Replies

    def reply(self, status: int, payload: Payload, headers: Payload | None = None) -> Reply:
        """A JSON response; header names in whatever case the gateway writes them."""
        base = {"content-TYPE": "application/json; charset=UTF-8", "x-Request-ID": uuid.uuid4().hex}
        return Reply(status, json.dumps(payload).encode("ascii"), {**base, **(headers or {})})

    def plain_refusal(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        """The documented shape of every refusal."""
        return self.reply(status, {"success": False, "error": text}, headers)

    def internal_error(self) -> Reply:
        """The documented 500."""
        payload = {"success": False, "error": self.send_failed, "details": "Unexpected error"}
        return self.reply(500, payload)

    def refusal(self, status: int, text: str, headers: Payload | None = None) -> Refusal:
        """A refusal to raise."""
        return Refusal(self.plain_refusal(status, text, headers))

    # Authentication and limits

    def authenticate(self, request: Request) -> FlowKey:
        """The active key in X-API-Key."""
        given = str(request.headers.get("X-API-Key", "")).strip()
        if not given:
            raise self.missing_key()
        for key in self.keys:
            if self.key_matches(key, given) and self.is_active(key):
                return key
        raise self.refusal(403, self.key_invalid)

    def missing_key(self) -> Refusal:
        """No key at all."""
        return self.refusal(401, self.key_required, {"www-AUTHENTICATE": 'ApiKey realm="sms"'})

    def key_matches(self, key: FlowKey, given: str) -> bool:
        """Whether the given key is this one, byte for byte."""
        return hmac.compare_digest(key.value.encode(), given.encode("utf-8", "replace"))

    def is_active(self, key: FlowKey) -> bool:
        """Whether the key may be used."""
        return key.active

    def throttle(self, key: FlowKey) -> None:
        """Count the request, or refuse it when the window is full."""
        if key.limit is None:
            return
        with self.lock:
            used = self.used(key)
            if used >= self.allowance(key.limit):
                raise self.throttled()
            self.counts[key.value] = (self.window(), used + 1)

    def used(self, key: FlowKey) -> int:
        """How many requests the current window has seen."""
        window, count = self.counts.get(key.value, (-1, 0))
        return count if window == self.window() else 0

    def allowance(self, limit: int) -> int:
        """How many requests a window admits."""
        return limit

    def window(self) -> int:
        """The number of the current window, counted from the epoch."""
        return math.floor(time.time() / WINDOW_S)

    def throttled(self) -> Refusal:
        """The refusal of a full window, with the time when the next one begins."""
        opens = math.ceil((math.floor(time.time() / WINDOW_S) + 1) * WINDOW_S)
        text = "Rate limit exceeded, please retry later"
        return self.refusal(self.throttled_status, text, {"retry-AFTER": formatdate(opens, usegmt=True)})

    def check_daily_limit(self, key: FlowKey) -> None:
        """The key may still send today."""
        if key.daily_exhausted:
            raise self.refusal(self.daily_status, self.daily_reached)

    # Parameters

    def read_text(self, payload: Payload) -> str:
        """The message text."""
        text = payload.get("message")
        if text is None or (isinstance(text, str) and not text.strip()):
            raise self.refusal(400, self.message_required)
        if not isinstance(text, str) or not self.is_text(text):
            raise self.refusal(422, "Message content must be a string of Unicode text")
        if self.length(text) > self.max_message:
            raise self.refusal(422, "Message content must not exceed 1,600 characters")
        return text

    def is_text(self, text: str) -> bool:
        """Whether the text has a UTF-8 form, which lone surrogates do not have."""
        return not any("\ud800" <= character <= "\udfff" for character in text)

    def length(self, text: str) -> int:
        """The length in characters."""
        return len(text)

    def read_recipient(self, payload: Payload) -> str:
        """The recipient in E.164 format."""
        given = payload.get("to")
        if given is None or given == "":
            raise self.refusal(400, self.recipient_required)
        number = self.normalize(given) if isinstance(given, str) else None
        if number is None:
            raise self.refusal(422, self.format_invalid)
        return number

    def normalize(self, given: str) -> str | None:
        """The number in E.164 format, or None if it has not 10 or 11 digits."""
        match = TEN_DIGITS.fullmatch(FORMATTING.sub("", given))
        return f"+1{match[1]}" if match else None

    def pick_sender(self, key: FlowKey, payload: Payload) -> str:
        """The sender asked for, or the account's default."""
        given = payload.get("from")
        if given is None:
            return self.default_sender(key)
        number = self.normalize(given) if isinstance(given, str) else None
        if number is None or not self.may_send_from(key, number):
            raise self.refusal(422, self.sender_invalid)
        return number

    def default_sender(self, key: FlowKey) -> str:
        """The account's default number."""
        if not key.has_numbers:
            raise self.refusal(self.no_numbers_status, self.no_numbers)
        return FLOW_DEFAULT_SENDER

    def may_send_from(self, key: FlowKey, number: str) -> bool:
        """Whether the number is active in the account."""
        return key.has_numbers and number in FLOW_SENDERS

    # Sending

    def accepted(self, key: FlowKey, recipient: str, sender: str, message: str) -> Reply:
        """The success response."""
        data = self.data(key, recipient, sender, message)
        text = "Your message was accepted and is on its way"
        return self.reply(202, {"data": data, "message": text, "success": self.success})

    def data(self, key: FlowKey, recipient: str, sender: str, message: str) -> Payload:
        """The message as the response shows it."""
        return {
            "mode": "test" if key.value.startswith("sk_test_") else "live",
            "status": "queued",
            "from": sender,
            "to": recipient,
            "queuedAt": datetime.now(UTC).isoformat(),
            "characters": len(message),
            "messageId": self.new_id(),
        }

    def new_id(self) -> str:
        """A unique message identifier."""
        return f"SM-{uuid.uuid4()}"


def serve(port: int = 0, fault: str | None = None) -> VendorServer:
    """A bound server; call its `serve_forever`."""
    from .faults import vendor

    return VendorServer(vendor("textflow", fault), port)
