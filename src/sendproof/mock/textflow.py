"""TextFlow's "Send SMS", as rules and the service that follows them."""

import hmac
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

from sendproof.mock.accounts import TextflowKey
from sendproof.mock.endpoint import Counts, HttpRules
from sendproof.mock.http_messages import Call, Document, Headers, Reply, UnreadableError
from sendproof.mock.throttle import FixedWindow, Throttle
from sendproof.mock.virtual_clock import Clock

PATH: Final = "/api/v1/messages/send"

_ID_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORMATTING: Final = str.maketrans("", "", " ()-.")
_NUMBER: Final = re.compile(r"(?:\+?1)?([0-9]{10})")


class Reason(StrEnum):
    """Why a request is refused."""

    UNKNOWN_PATH = "unknown path"
    METHOD = "method"
    KEY_MISSING = "key missing"
    KEY_INVALID = "key invalid"
    KEY_INACTIVE = "key inactive"
    RATE_LIMITED = "rate limited"
    DAILY_LIMIT = "daily limit"
    TOO_LARGE = "too large"
    MEDIA_TYPE = "media type"
    MALFORMED = "malformed"
    NOT_AN_OBJECT = "not an object"
    RECIPIENT_MISSING = "recipient missing"
    RECIPIENT_INVALID = "recipient invalid"
    MESSAGE_MISSING = "message missing"
    MESSAGE_INVALID = "message invalid"
    MESSAGE_TOO_LONG = "message too long"
    SENDER_INVALID = "sender invalid"
    SENDER_UNKNOWN = "sender unknown"
    SENDER_INACTIVE = "sender inactive"
    NO_SENDER = "no sender"
    INTERNAL = "internal"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a reason is reported to the client."""

    status: int
    error: str
    headers: Headers = ()


_CHALLENGE: Final[Headers] = (("WWW-Authenticate", "ApiKey"),)
_BAD_KEY: Final = Refusal(status=401, error="Invalid or inactive API key", headers=_CHALLENGE)
_BAD_NUMBER: Final = Refusal(status=400, error="Invalid phone number format (must be 10 or 11 digits)")
_BAD_SENDER: Final = Refusal(status=400, error="Invalid or inactive phone number")

REFUSALS: Final[Mapping[Reason, Refusal]] = {
    Reason.UNKNOWN_PATH: Refusal(status=404, error="Not found"),
    Reason.METHOD: Refusal(status=405, error="Method not allowed", headers=(("Allow", "POST"),)),
    Reason.KEY_MISSING: Refusal(status=401, error="API key required", headers=_CHALLENGE),
    Reason.KEY_INVALID: _BAD_KEY,
    Reason.KEY_INACTIVE: _BAD_KEY,
    Reason.RATE_LIMITED: Refusal(status=429, error="Rate limit exceeded"),
    Reason.DAILY_LIMIT: Refusal(status=429, error="Daily message limit reached"),
    Reason.TOO_LARGE: Refusal(status=413, error="Request body too large"),
    Reason.MEDIA_TYPE: Refusal(status=415, error="Content-Type must be application/json"),
    Reason.MALFORMED: Refusal(status=400, error="Request body is not valid JSON"),
    Reason.NOT_AN_OBJECT: Refusal(status=400, error="Request body must be a JSON object"),
    Reason.RECIPIENT_MISSING: Refusal(status=400, error="Recipient phone number (to) is required"),
    Reason.RECIPIENT_INVALID: _BAD_NUMBER,
    Reason.MESSAGE_MISSING: Refusal(status=400, error="Message content is required"),
    Reason.MESSAGE_INVALID: Refusal(status=400, error="Message content must be a string"),
    Reason.MESSAGE_TOO_LONG: Refusal(status=400, error="Message content must not exceed 1,600 characters"),
    Reason.SENDER_INVALID: _BAD_NUMBER,
    Reason.SENDER_UNKNOWN: _BAD_SENDER,
    Reason.SENDER_INACTIVE: _BAD_SENDER,
    Reason.NO_SENDER: Refusal(status=400, error="No active phone numbers available"),
    Reason.MOMENT: Refusal(status=409, error="Not now"),
    Reason.INTERNAL: Refusal(status=500, error="Internal Server Error"),
}


class RefusedError(Exception):
    """End the handling of a request with a refusal."""

    def __init__(self, reason: Reason, headers: Headers = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A message that was accepted, its numbers in E.164; the time in seconds since the epoch."""

    id: str
    to: str
    sender: str
    text: str
    created_at: float


@dataclass(kw_only=True)
class Attempt:
    """A request on its way through the steps, each of which may add what it found."""

    call: Call
    key: TextflowKey = field(init=False)
    document: Mapping[str, Any] = field(init=False)
    to: str = field(init=False)
    text: str = field(init=False)
    sender: str = field(init=False)


def equal_keys(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def normalize(spelling: str) -> str | None:
    """Return a number of 10 digits, or of 1 and 10 digits, in E.164; None for any other."""
    match = _NUMBER.fullmatch(spelling.translate(_FORMATTING))
    return f"+1{match[1]}" if match else None


def message_id(rng: random.Random, now: float) -> str:
    """Return a fresh message identifier."""
    return f"msg_{int(now)}_{''.join(rng.choices(_ID_ALPHABET, k=9))}"


def retry_after(wait_s: float) -> Headers:
    """Return the header that asks to wait (RFC 9110, 10.2.3)."""
    return (("Retry-After", str(max(1, math.ceil(wait_s)))),)


def render_record(rules: "Rules", record: Record) -> Document:
    """Render an accepted message."""
    document: Document = {
        "success": True,
        "message": "Message sent successfully",
        "data": {"messageId": record.id, "to": record.to, "from": record.sender, "status": "sent"},
    }
    for edit in rules.accepted_edits:
        document = edit(document)
    return document


def render_refusal(rules: "Rules", refusal: Refusal) -> Document:
    """Render a refusal."""
    document: Document = {"success": False, "error": refusal.error}
    for edit in rules.refused_edits:
        document = edit(document)
    return document


def post_is_asked(service: "Service", attempt: Attempt) -> None:
    """Refuse other methods."""
    if attempt.call.method != "POST":
        raise RefusedError(Reason.METHOD)


def key_is_known(service: "Service", attempt: Attempt) -> None:
    """Find the active key that was given."""
    given = attempt.call.headers.get("x-api-key", "").strip()
    if not given:
        raise RefusedError(Reason.KEY_MISSING)
    for key in service.keys:
        if service.rules.key_matches(given, key.value):
            if not service.rules.key_is_active(key):
                raise RefusedError(Reason.KEY_INACTIVE)
            attempt.key = key
            return
    raise RefusedError(Reason.KEY_INVALID)


def rate_is_within_limit(service: "Service", attempt: Attempt) -> None:
    """Count the request against the limit of its key."""
    wait_s = service.throttle.admit(attempt.key, service.clock.now())
    if wait_s is not None:
        raise RefusedError(Reason.RATE_LIMITED, service.rules.retry_after(wait_s))


def document_is_readable(service: "Service", attempt: Attempt) -> None:
    """Read the body as a JSON object."""
    call, http = attempt.call, service.rules.http
    if call.oversized:
        raise RefusedError(Reason.TOO_LARGE)
    if not http.media_type_is_accepted(call.headers.get("content-type", "")):
        raise RefusedError(Reason.MEDIA_TYPE)
    try:
        document = http.parse(call.body)
    except UnreadableError:
        raise RefusedError(Reason.MALFORMED) from None
    if not isinstance(document, dict):
        raise RefusedError(Reason.NOT_AN_OBJECT)
    attempt.document = service.rules.prepare(document)


def fields_are_valid(service: "Service", attempt: Attempt) -> None:
    """Read recipient and text from the document."""
    rules, to, text = service.rules, attempt.document.get("to"), attempt.document.get("message")
    if to is None or to == "":
        raise RefusedError(Reason.RECIPIENT_MISSING)
    if text is None or rules.message_is_missing(text):
        raise RefusedError(Reason.MESSAGE_MISSING)
    attempt.to = number(rules.normalize, to, Reason.RECIPIENT_INVALID)
    if not isinstance(text, str):
        raise RefusedError(Reason.MESSAGE_INVALID)
    if rules.count_characters(text) > rules.message_limit:
        raise RefusedError(Reason.MESSAGE_TOO_LONG)
    attempt.text = text


def sender_is_active(service: "Service", attempt: Attempt) -> None:
    """Choose the sender: the active number that was given, or else the default."""
    key = attempt.key
    if "from" in attempt.document:
        attempt.sender = number(service.rules.normalize_sender, attempt.document["from"], Reason.SENDER_INVALID)
        active = key.numbers.get(attempt.sender)
        if active is None:
            raise RefusedError(Reason.SENDER_UNKNOWN)
        if not active:
            raise RefusedError(Reason.SENDER_INACTIVE)
        return
    default = service.rules.default_sender(key)
    if default is None:
        raise RefusedError(Reason.NO_SENDER)
    attempt.sender = default


def day_is_within_limit(service: "Service", attempt: Attempt) -> None:
    """Refuse a message beyond the daily limit of the key, which starts anew at midnight UTC."""
    limit = service.rules.daily_limit(attempt.key)
    if limit is not None and service.sent_today(attempt.key) >= limit:
        raise RefusedError(Reason.DAILY_LIMIT)


def number(normalize: Callable[[str], str | None], value: object, reason: Reason) -> str:
    """Return a number in E.164, or refuse for that reason."""
    normal = normalize(value) if isinstance(value, str) else None
    if normal is None:
        raise RefusedError(reason)
    return normal


Step = Callable[["Service", Attempt], None]
Edit = Callable[[Document], Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in which an implementation could differ.

    The steps are asked in order and refuse by raising. The edits are applied in order to what is
    rendered.
    """

    http: HttpRules = field(default_factory=HttpRules)
    steps: tuple[Step, ...] = (
        post_is_asked,
        key_is_known,
        rate_is_within_limit,
        document_is_readable,
        fields_are_valid,
        sender_is_active,
        day_is_within_limit,
    )
    key_matches: Callable[[str, str], bool] = equal_keys
    key_is_active: Callable[[TextflowKey], bool] = field(default=lambda key: key.active)
    throttle: Callable[[], Throttle] = FixedWindow
    retry_after: Callable[[float], Headers] = retry_after
    daily_limit: Callable[[TextflowKey], int | None] = field(default=lambda key: key.daily_limit)
    prepare: Edit = dict
    normalize: Callable[[str], str | None] = normalize
    normalize_sender: Callable[[str], str | None] = normalize
    message_is_missing: Callable[[object], bool] = field(default=lambda text: text == "")
    count_characters: Callable[[str], int] = len
    message_limit: int = 1600
    default_sender: Callable[[TextflowKey], str | None] = field(default=lambda key: key.default)
    message_id: Callable[[random.Random, float], str] = message_id
    render_record: Callable[["Rules", Record], Document] = render_record
    accepted_edits: tuple[Edit, ...] = ()
    accepted_status: int = 200
    refusals: Mapping[Reason, Refusal] = field(default_factory=lambda: REFUSALS)
    render_refusal: Callable[["Rules", Refusal], Document] = render_refusal
    refused_edits: tuple[Edit, ...] = ()


RULES: Final = Rules()


class Service:
    """Send messages for keys, under rules."""

    def __init__(
        self,
        *,
        rules: Rules,
        keys: tuple[TextflowKey, ...],
        clock: Clock,
        counts: Counts,
        rng: random.Random,
    ) -> None:
        self.rules = rules
        self.keys = keys
        self.clock = clock
        self.counts = counts
        self.throttle = rules.throttle()
        self._rng = rng
        self._sent: Counter[tuple[str, date]] = Counter()

    async def respond(self, call: Call) -> Reply:
        """Reply to a request on the endpoint's path."""
        attempt = Attempt(call=call)
        try:
            for step in self.rules.steps:
                step(self, attempt)
        except RefusedError as refused:
            return self._refuse(refused)
        record = self._send(attempt)
        return Reply(status=self.rules.accepted_status, document=self.rules.render_record(self.rules, record))

    async def missing(self, call: Call) -> Reply:
        """Reply to a request on any other path."""
        return self._refuse(RefusedError(Reason.UNKNOWN_PATH))

    def sent_today(self, key: TextflowKey) -> int:
        """Return how many messages the key has sent since midnight UTC."""
        return self._sent[key.value, self._today()]

    def _send(self, attempt: Attempt) -> Record:
        now = self.clock.now()
        self._sent[attempt.key.value, self._today()] += 1
        self.counts.accepted += 1
        return Record(
            id=self.rules.message_id(self._rng, now),
            to=attempt.to,
            sender=attempt.sender,
            text=attempt.text,
            created_at=now,
        )

    def _refuse(self, refused: RefusedError) -> Reply:
        refusal = self.rules.refusals[refused.reason]
        return Reply(
            status=refusal.status,
            document=self.rules.render_refusal(self.rules, refusal),
            headers=(*refusal.headers, *refused.headers),
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self.clock.now(), UTC).date()
