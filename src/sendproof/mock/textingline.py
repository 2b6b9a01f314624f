"""TextingLine's "Send a Message", as rules and the service that follows them."""

import asyncio
import base64
import hmac
import random
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from sendproof.mock import accounts
from sendproof.mock.accounts import TextinglineAccount
from sendproof.mock.endpoint import Counts, HttpRules
from sendproof.mock.http_messages import Call, Document, Headers, Reply, UnreadableError
from sendproof.mock.idempotency_keys import Idempotency, KeyReusedError, Remembered
from sendproof.mock.virtual_clock import Clock

PATH: Final = "/api/v1/messaging/message"

_ID_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_URL: Final = re.compile(r"https?://[^\s/?#@\\\x00-\x1f\x7f]+(?:[/?#][^\s\x00-\x1f\x7f]*)?", re.IGNORECASE)


class Reason(StrEnum):
    """Why a request is refused."""

    UNKNOWN_PATH = "unknown path"
    METHOD = "method"
    UNAUTHENTICATED = "unauthenticated"
    TOO_LARGE = "too large"
    MEDIA_TYPE = "media type"
    MALFORMED = "malformed"
    NOT_AN_OBJECT = "not an object"
    RECIPIENT = "recipient"
    SENDER = "sender"
    BODY_MISSING = "body missing"
    BODY_INVALID = "body invalid"
    BODY_TOO_LONG = "body too long"
    MEDIA_URL = "media url"
    IDEMPOTENCY_KEY = "idempotency key"
    KEY_REUSED = "key reused"
    SENDER_UNASSIGNED = "sender unassigned"
    SENDER_INACTIVE = "sender inactive"
    UNSUPPORTED = "unsupported"
    NONCOMPLIANT = "noncompliant"
    NO_CREDITS = "no credits"
    BUSY = "busy"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a reason is reported to the client."""

    status: int
    code: int
    message: str
    headers: Headers = ()


REFUSALS: Final[Mapping[Reason, Refusal]] = {
    Reason.UNKNOWN_PATH: Refusal(status=404, code=33007, message="No such endpoint"),
    Reason.METHOD: Refusal(status=405, code=33006, message="Method not allowed", headers=(("Allow", "POST"),)),
    Reason.UNAUTHENTICATED: Refusal(
        status=401,
        code=33000,
        message="Missing or invalid API credentials",
        headers=(("WWW-Authenticate", 'Basic realm="TextingLine"'),),
    ),
    Reason.TOO_LARGE: Refusal(status=413, code=33008, message="Request body too large"),
    Reason.MEDIA_TYPE: Refusal(status=415, code=33010, message="Content-Type must be application/json"),
    Reason.MALFORMED: Refusal(status=400, code=33002, message="Request body is not valid JSON"),
    Reason.NOT_AN_OBJECT: Refusal(status=400, code=33001, message="Request body must be a JSON object"),
    Reason.RECIPIENT: Refusal(status=400, code=33001, message="to must be a phone number in E.164 format"),
    Reason.SENDER: Refusal(status=400, code=33001, message="from must be a phone number in E.164 format"),
    Reason.BODY_MISSING: Refusal(status=400, code=33001, message="body is required without mediaUrl"),
    Reason.BODY_INVALID: Refusal(status=400, code=33001, message="body must be a string"),
    Reason.BODY_TOO_LONG: Refusal(status=400, code=33001, message="body must not exceed 640 characters"),
    Reason.MEDIA_URL: Refusal(status=400, code=33001, message="mediaUrl must be an absolute HTTP URL"),
    Reason.IDEMPOTENCY_KEY: Refusal(status=400, code=33001, message="idempotencyKey must be a non-empty string"),
    Reason.MOMENT: Refusal(status=409, code=33077, message="Not now."),
    Reason.KEY_REUSED: Refusal(status=409, code=33005, message="idempotencyKey was used for another message"),
    Reason.SENDER_UNASSIGNED: Refusal(status=400, code=33004, message="Sender is not assigned to this account"),
    Reason.SENDER_INACTIVE: Refusal(status=400, code=33009, message="Sender is not active"),
    Reason.UNSUPPORTED: Refusal(status=400, code=33016, message="Unsupported characters in body"),
    Reason.NONCOMPLIANT: Refusal(status=400, code=33019, message="Rejected by compliance rules"),
    Reason.NO_CREDITS: Refusal(status=402, code=33023, message="Insufficient credits"),
    Reason.BUSY: Refusal(status=429, code=33020, message="Too many requests"),
}

ERROR_MESSAGES: Final[Mapping[str, str]] = {
    "unknown": "Processing failed for an unspecified reason.",
    "platform_error": "The platform failed before the message left.",
    "provider_error": "The upstream provider failed.",
    "invalid_destination": "The destination cannot be reached.",
    "invalid_sender": "The sender was not authorized.",
    "destination_blocked": "The destination is blocked.",
    "opted_out": "The recipient has opted out.",
    "invalid_content": "The content was rejected.",
    "routing_error": "No route to the destination.",
    "geographic_restriction": "The region is restricted.",
    "service_restricted": "The destination does not take this service.",
}


FAILURES: Final[Mapping[str, str]] = {number: error_type for error_type, number in accounts.FAILING_RECIPIENTS.items()}


class RefusedError(Exception):
    """End the handling of a request with a refusal."""

    def __init__(self, reason: Reason, headers: Headers = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that satisfies the request schema."""

    to: str
    sender: str
    body: str | None
    media_url: str | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A message that was accepted. Times are seconds since the Unix epoch."""

    id: str
    message: Message
    created_at: float
    sent_at: float
    error_type: str | None


@dataclass(kw_only=True)
class Attempt:
    """A request on its way through the steps, each of which may add what it found."""

    call: Call
    account: TextinglineAccount = field(init=False)
    document: Mapping[str, Any] = field(init=False)
    message: Message = field(init=False)


def equal_secrets(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """Return user-id and password of a Basic Authorization header (RFC 7617)."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user_id, colon, password = base64.b64decode(token.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return (user_id, password) if colon else None


def is_e164(value: object) -> bool:
    """Tell whether a value is a number in E.164 format, of 7 to 15 digits."""
    return isinstance(value, str) and _E164.fullmatch(value) is not None


def is_absolute_http_url(value: object) -> bool:
    """Tell whether a value is an absolute http or https URL with a host."""
    if not isinstance(value, str) or _URL.fullmatch(value) is None:
        return False
    try:
        port = urlsplit(value).port
    except ValueError:
        return False
    return port != 0


def is_filled_text(value: object) -> bool:
    """Tell whether a value is a string of at least one character."""
    return isinstance(value, str) and value != ""


def price(message: Message) -> int:
    """Return the credits of a message."""
    return 3 if message.media_url is not None else 2


def message_id(rng: random.Random) -> str:
    """Return a fresh message identifier."""
    return "msg_" + "".join(rng.choices(_ID_ALPHABET, k=22))


def iso_milliseconds(seconds: float) -> str:
    """Render a time as UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def render_record(rules: "Rules", record: Record) -> Document:
    """Render an accepted message."""
    failed = record.error_type is not None
    document: Document = {
        "id": record.id,
        "direction": "outbound",
        "to": record.message.to,
        "from": record.message.sender,
        "body": record.message.body or "",
        "status": "failed" if failed else "sent",
    }
    if record.error_type is not None:
        document["errorType"] = record.error_type
        document["errorMessage"] = rules.error_messages[record.error_type]
    else:
        document["sentAt"] = rules.timestamp(record.sent_at)
    document["createdAt"] = rules.timestamp(record.created_at)
    for edit in rules.accepted_edits:
        document = edit(document)
    return document


def render_refusal(rules: "Rules", refusal: Refusal) -> Document:
    """Render a refusal."""
    document: Document = {"error": {"code": refusal.code, "message": refusal.message}}
    for edit in rules.refused_edits:
        document = edit(document)
    return document


def post_is_asked(service: "Service", attempt: Attempt) -> None:
    """Refuse other methods."""
    if attempt.call.method != "POST":
        raise RefusedError(Reason.METHOD)


def account_is_known(service: "Service", attempt: Attempt) -> None:
    """Find the account of the credentials."""
    rules = service.rules
    credentials = rules.credentials(attempt.call.headers.get("authorization"))
    if credentials is None:
        raise RefusedError(Reason.UNAUTHENTICATED)
    key_id, secret = credentials
    for account in service.accounts:
        if rules.id_matches(key_id, account.key_id) and rules.secret_matches(secret, account.key_secret):
            attempt.account = account
            return
    raise RefusedError(Reason.UNAUTHENTICATED)


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
    """Read the message from the document."""
    rules, document = service.rules, attempt.document
    if not rules.recipient_is_valid(document.get("to")):
        raise RefusedError(Reason.RECIPIENT)
    if not rules.sender_is_valid(document.get("from")):
        raise RefusedError(Reason.SENDER)
    if "mediaUrl" in document and not rules.media_url_is_valid(document["mediaUrl"]):
        raise RefusedError(Reason.MEDIA_URL)
    body_is_valid(rules, document)
    if "idempotencyKey" in document and not rules.idempotency_key_is_valid(document["idempotencyKey"]):
        raise RefusedError(Reason.IDEMPOTENCY_KEY)
    attempt.message = Message(
        to=document["to"],
        sender=document["from"],
        body=document.get("body"),
        media_url=document.get("mediaUrl"),
        idempotency_key=document.get("idempotencyKey"),
    )


def body_is_valid(rules: "Rules", document: Mapping[str, Any]) -> None:
    """Refuse a body that is missing, no string, or too long."""
    body = document.get("body", "")
    if not isinstance(body, str):
        raise RefusedError(Reason.BODY_INVALID)
    if rules.body_is_missing(body) and "mediaUrl" not in document:
        raise RefusedError(Reason.BODY_MISSING)
    if rules.count_characters(body) > rules.body_limit:
        raise RefusedError(Reason.BODY_TOO_LONG)


def sender_is_active(service: "Service", attempt: Attempt) -> None:
    """Refuse a sender that is not an active number of the account."""
    active = attempt.account.numbers.get(attempt.message.sender)
    if active is None:
        raise RefusedError(Reason.SENDER_UNASSIGNED)
    if not active:
        raise RefusedError(Reason.SENDER_INACTIVE)


def content_is_carried(service: "Service", attempt: Attempt) -> None:
    """Refuse the bodies that are unsupported or break compliance rules."""
    if attempt.message.body == accounts.UNSUPPORTED_BODY:
        raise RefusedError(Reason.UNSUPPORTED)
    if attempt.message.body == accounts.NONCOMPLIANT_BODY:
        raise RefusedError(Reason.NONCOMPLIANT)


def key_of_account(attempt: Attempt) -> Hashable | None:
    """Return what an idempotency key is unique within: the account."""
    key = attempt.message.idempotency_key
    return None if key is None else (attempt.account.key_id, key)


Step = Callable[["Service", Attempt], None]
Edit = Callable[[Document], Document]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in which an implementation could differ.

    The steps are asked in order and refuse by raising. The edits are applied in order to what is
    rendered. `charge` says what an accepted message costs, given its price.
    """

    http: HttpRules = field(default_factory=HttpRules)
    steps: tuple[Step, ...] = (
        post_is_asked,
        account_is_known,
        document_is_readable,
        fields_are_valid,
        sender_is_active,
        content_is_carried,
    )
    credentials: Callable[[str | None], tuple[str, str] | None] = basic_credentials
    id_matches: Callable[[str, str], bool] = equal_secrets
    secret_matches: Callable[[str, str], bool] = equal_secrets
    prepare: Edit = dict
    recipient_is_valid: Callable[[object], bool] = is_e164
    sender_is_valid: Callable[[object], bool] = is_e164
    media_url_is_valid: Callable[[object], bool] = is_absolute_http_url
    idempotency_key_is_valid: Callable[[object], bool] = is_filled_text
    body_is_missing: Callable[[str], bool] = field(default=lambda body: body == "")
    count_characters: Callable[[str], int] = len
    body_limit: int = 640
    idempotency_key: Callable[[Attempt], Hashable | None] = key_of_account
    idempotency_payload: Callable[[Message], Hashable] = field(default=lambda message: message)
    idempotency: Callable[[Clock], Idempotency[Record]] = lambda clock: Remembered()
    price: Callable[[Message], int] = price
    affords: Callable[[int, int], bool] = field(default=lambda balance, cost: balance >= cost)
    charge: Callable[[Record, int], int] = field(default=lambda record, cost: cost)
    charge_refused: int = 0
    sending_pause_s: float = 0.0
    charging_pause_s: float = 0.0
    error_type: Callable[[Message], str | None] = field(default=lambda message: FAILURES.get(message.to))
    error_messages: Mapping[str, str] = field(default_factory=lambda: ERROR_MESSAGES)
    message_id: Callable[[random.Random], str] = message_id
    timestamp: Callable[[float], Any] = iso_milliseconds
    render_record: Callable[["Rules", Record], Document] = render_record
    accepted_edits: tuple[Edit, ...] = ()
    accepted_status: Callable[[Record], int] = field(default=lambda record: 201)
    refusals: Mapping[Reason, Refusal] = field(default_factory=lambda: REFUSALS)
    render_refusal: Callable[["Rules", Refusal], Document] = render_refusal
    refused_edits: tuple[Edit, ...] = ()


RULES: Final = Rules()


class Service:
    """Send messages for accounts, under rules."""

    def __init__(
        self,
        *,
        rules: Rules,
        accounts: tuple[TextinglineAccount, ...],
        clock: Clock,
        counts: Counts,
        rng: random.Random,
    ) -> None:
        self.rules = rules
        self.accounts = accounts
        self.clock = clock
        self.counts = counts
        self._rng = rng
        self._balances = {account.key_id: account.credits for account in accounts}
        self._idempotency = rules.idempotency(clock)

    async def respond(self, call: Call) -> Reply:
        """Reply to a request on the endpoint's path."""
        attempt = Attempt(call=call)
        try:
            for step in self.rules.steps:
                step(self, attempt)
            record = await self._send_once(attempt)
        except RefusedError as refused:
            return self._refuse(refused)
        status = self.rules.accepted_status(record)
        return Reply(status=status, document=self.rules.render_record(self.rules, record))

    async def missing(self, call: Call) -> Reply:
        """Reply to a request on any other path."""
        return self._refuse(RefusedError(Reason.UNKNOWN_PATH))

    async def _send_once(self, attempt: Attempt) -> Record:
        async def send() -> Record:
            return await self._send(attempt)

        key = self.rules.idempotency_key(attempt)
        if key is None:
            return await send()
        try:
            return await self._idempotency.once(key, self.rules.idempotency_payload(attempt.message), send)
        except KeyReusedError:
            raise RefusedError(Reason.KEY_REUSED) from None

    async def _send(self, attempt: Attempt) -> Record:
        rules, message, key_id = self.rules, attempt.message, attempt.account.key_id
        created_at = self.clock.now()
        await _pause(rules.sending_pause_s)
        cost = rules.price(message)
        balance = self._balances[key_id]
        if balance is not None and not rules.affords(balance, cost):
            self._balances[key_id] = balance - rules.charge_refused
            raise RefusedError(Reason.NO_CREDITS)
        if balance is not None:
            await _pause(rules.charging_pause_s)
        record = Record(
            id=rules.message_id(self._rng),
            message=message,
            created_at=created_at,
            sent_at=self.clock.now(),
            error_type=rules.error_type(message),
        )
        if balance is not None:
            self._balances[key_id] = balance - rules.charge(record, cost)
        self.counts.accepted += 1
        return record

    def charge(self, account: TextinglineAccount, cost: int) -> None:
        """Take credits of an account that has a balance."""
        balance = self._balances[account.key_id]
        self._balances[account.key_id] = None if balance is None else balance - cost

    def _refuse(self, refused: RefusedError) -> Reply:
        refusal = self.rules.refusals[refused.reason]
        return Reply(
            status=refusal.status,
            document=self.rules.render_refusal(self.rules, refusal),
            headers=(*refusal.headers, *refused.headers),
        )


async def _pause(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)
