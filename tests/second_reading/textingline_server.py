"""TextingLine's "Send a Message", written from its document alone.

Where the document is silent this vendor answers 422 with a flat envelope and the code as a
string, 401 or 403 with another shape, 402 for missing credits, 409 for an idempotency key that
comes back with another message, and 200 for a replay of a message that did not fail.
"""

import base64
import binascii
import hmac
import json
import re
import threading
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from .accounts import (
    LINE_BANNED_PHRASE,
    LINE_FAILING,
    LINE_INACTIVE_SENDER,
    LINE_QUEUED_RECIPIENTS,
    LINE_SENDERS,
    LineAccount,
    line_accounts,
)
from .web import Refusal, Reply, Request, Vendor, VendorServer

E164 = re.compile(r"\+(?:1[0-9]{10}|[2-9][0-9]{6,14})")
LARGEST_JSON = 128 * 1024
ERROR_MESSAGES = {
    "unknown": "The message could not be processed for an unspecified reason.",
    "platform_error": "An error on our platform kept the message from being sent.",
    "provider_error": "The upstream provider reported an internal error.",
    "invalid_destination": "The destination is not a reachable mobile number.",
    "invalid_sender": "The sender is not authorized for this destination.",
    "destination_blocked": "The destination cannot receive messages.",
    "opted_out": "The recipient no longer wishes to receive messages from this sender.",
    "invalid_content": "The provider did not accept the content of the message.",
    "routing_error": "No route to the destination was found.",
    "geographic_restriction": "Messages to this region are not permitted.",
    "service_restricted": "The destination does not support this type of message.",
}


@dataclass(frozen=True)
class Message:
    """A message whose fields have the documented types."""

    to: str
    sender: str
    body: str | None = None
    media_url: str | None = None
    idempotency_key: str | None = None

    @property
    def is_mms(self) -> bool:
        """Whether media makes this an MMS."""
        return self.media_url is not None


Record = dict[str, Any]
IdempotencyIndex = tuple[str, str]


class TextingLine(Vendor):
    """The vendor; every promise is a small method."""

    path = "/api/v1/messaging/message"
    max_body = 640

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.accounts = line_accounts()
        self.remembered: dict[IdempotencyIndex, tuple[Message, Record]] = {}

    def respond(self, request: Request) -> Reply:
        """Authenticate, then send."""
        return self.process(self.authenticate(request), request)

    def process(self, account: LineAccount, request: Request) -> Reply:
        """Read the message and send it."""
        return self.send(account, self.read_message(request))

    # Replies

    def reply(self, status: int, payload: Record, headers: Record | None = None) -> Reply:
        """A JSON response in raw UTF-8."""
        body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
        return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})

    def plain_refusal(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        """The flat envelope, with a word where the document names no code."""
        return self.reply(status, {"errorCode": "invalid_request", "detail": text}, headers)

    def internal_error(self) -> Reply:
        """Something that should not happen."""
        return self.reply(500, {"errorCode": "internal", "detail": "Unexpected error"})

    def invalid(self, text: str) -> Refusal:
        """A field that breaks its documented type or form."""
        return Refusal(self.plain_refusal(422, text))

    def coded(self, code: int, text: str, status: int = 422) -> Refusal:
        """A documented error code."""
        return Refusal(self.reply(status, {"errorCode": str(code), "detail": text}))

    def denied(self, status: int, reason: str) -> Refusal:
        """An authentication failure, which has a shape of its own."""
        challenge = {"WWW-Authenticate": 'Basic realm="messaging"'} if status == 401 else {}
        return Refusal(self.reply(status, {"status": "denied", "reason": reason}, challenge))

    # Authentication

    def authenticate(self, request: Request) -> LineAccount:
        """The account whose key id and secret came as Basic credentials."""
        scheme, _, encoded = str(request.headers.get("Authorization", "")).partition(" ")
        if scheme.lower() != "basic":
            raise self.denied(401, "Basic authentication with a key is required")
        try:
            pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise self.denied(401, "The credentials cannot be read") from error
        key_id, _, secret = pair.partition(":")
        account = self.accounts.get(key_id)
        if account is None or not self.secret_matches(account, secret):
            raise self.denied(403, "The key is not valid")
        return account

    def secret_matches(self, account: LineAccount, secret: str) -> bool:
        """Whether the secret is the account's, byte for byte."""
        return hmac.compare_digest(account.key_secret.encode(), secret.encode())

    # Fields

    def read_message(self, request: Request) -> Message:
        """The message in the request, or a refusal that says what is wrong."""
        media_type = str(request.headers.get("Content-Type", "")).partition(";")[0]
        if media_type.strip().lower() != "application/json":
            raise Refusal(self.plain_refusal(415, "Content-Type must be application/json"))
        if len(request.body) > LARGEST_JSON:
            raise Refusal(self.plain_refusal(413, "The request body is too large"))
        message = self.build_message(self.as_object(self.decode(request.body)))
        self.check_message(message)
        return message

    def build_message(self, payload: Record) -> Message:
        """The message, its fields checked for type only."""
        return Message(
            to=self.required_text(payload, "to"),
            sender=self.required_text(payload, "from"),
            body=self.optional_text(payload, "body"),
            media_url=self.optional_text(payload, "mediaUrl"),
            idempotency_key=self.optional_text(payload, "idempotencyKey"),
        )

    def required_text(self, payload: Record, name: str) -> str:
        """A field that must be there."""
        value = self.optional_text(payload, name)
        if value is None:
            raise self.invalid(f"{name} is required")
        return value

    def optional_text(self, payload: Record, name: str) -> str | None:
        """A field that must be a string when it is there."""
        if name not in payload:
            return None
        value = payload[name]
        if not isinstance(value, str):
            raise self.invalid(f"{name} must be a string")
        return value

    def check_message(self, message: Message) -> None:
        """The form of every field."""
        for name, number in (("to", message.to), ("from", message.sender)):
            if not self.is_e164(number):
                raise self.invalid(f"{name} must be a phone number in E.164 format")
        if message.media_url is not None and not self.is_web_url(message.media_url):
            raise self.invalid("mediaUrl must be an http or https URL")
        if message.idempotency_key == "":
            raise self.invalid("idempotencyKey must not be empty")
        self.check_presence(message)
        self.check_length(message)

    def check_presence(self, message: Message) -> None:
        """A message needs a text or media."""
        if not message.body and not message.is_mms:
            raise self.invalid("body is required when there is no mediaUrl")

    def check_length(self, message: Message) -> None:
        """The text has an upper limit."""
        if self.length(message.body or "") > self.max_body:
            raise self.invalid(f"body must not exceed {self.max_body} characters")

    def length(self, text: str) -> int:
        """The length in characters."""
        return len(text)

    def is_e164(self, number: str) -> bool:
        """Whether the number is in E.164 format."""
        return E164.fullmatch(number) is not None

    def is_web_url(self, text: str) -> bool:
        """Whether the text is a URL that a provider could fetch."""
        if not text.isascii() or not text.isprintable() or " " in text:
            return False
        try:
            parts = urlsplit(text)
            return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False

    # Sending

    def send(self, account: LineAccount, message: Message) -> Reply:
        """Send once; a retry under the same idempotency key gets the first answer."""
        with self.lock:
            return self.recall(account, message) or self.send_new(account, message)

    def recall(self, account: LineAccount, message: Message) -> Reply | None:
        """The answer that this idempotency key already has."""
        index = self.idempotency_index(account, message)
        if index is None or index not in self.remembered:
            return None
        original, record = self.remembered[index]
        if not self.same_request(original, message):
            text = "The idempotency key was used for another message"
            payload = {"errorCode": "idempotency_conflict", "detail": text}
            raise Refusal(self.reply(409, payload))
        status = 201 if record["status"] == "failed" else 200
        return self.reply(status, record, {"Idempotent-Replay": "true"})

    def idempotency_index(self, account: LineAccount, message: Message) -> IdempotencyIndex | None:
        """What a retry is recognized by."""
        if message.idempotency_key is None:
            return None
        return account.key_id, message.idempotency_key

    def same_request(self, first: Message, second: Message) -> bool:
        """Whether a retry asks for the same message."""
        return (first.to, first.sender, first.body, first.media_url) == (
            second.to,
            second.sender,
            second.body,
            second.media_url,
        )

    def send_new(self, account: LineAccount, message: Message) -> Reply:
        """Screen a message that was not sent before, and send it."""
        self.screen(account, message)
        return self.commit(account, message)

    def screen(self, account: LineAccount, message: Message) -> None:
        """Everything that can still refuse a well-formed message."""
        self.check_balance(account, message)
        self.check_sender(message)
        self.check_characters(message)
        self.check_compliance(message)

    def check_balance(self, account: LineAccount, message: Message) -> None:
        """The balance covers the whole price."""
        if account.balance is not None and account.balance < self.price(message):
            raise self.coded(33023, "Insufficient credits", status=402)

    def check_sender(self, message: Message) -> None:
        """The sender is an active number of the account."""
        if message.sender == LINE_INACTIVE_SENDER:
            raise self.coded(33009, "The from number is not active")
        if message.sender not in LINE_SENDERS:
            raise self.coded(33004, "The from number is not assigned to your account")

    def check_characters(self, message: Message) -> None:
        """Every character can be sent."""
        if any(not is_sendable(character) for character in message.body or ""):
            raise self.coded(33016, "The body contains unsupported characters")

    def check_compliance(self, message: Message) -> None:
        """The text keeps the compliance rules."""
        if LINE_BANNED_PHRASE in (message.body or "").lower():
            raise self.coded(33019, "The message violates compliance rules")

    def price(self, message: Message) -> int:
        """Two credits, and one more for an MMS."""
        return 3 if message.is_mms else 2

    def charge(self, account: LineAccount, credits: int) -> None:
        """Take credits from the balance."""
        if account.balance is not None:
            account.balance -= credits

    def commit(self, account: LineAccount, message: Message) -> Reply:
        """Charge, hand over to the provider, remember."""
        self.charge(account, self.price(message))
        record = self.record(message, self.error_type(message))
        index = self.idempotency_index(account, message)
        if index is not None:
            self.remembered[index] = (message, record)
        return self.created(record)

    def created(self, record: Record) -> Reply:
        """The response to an accepted message."""
        return self.reply(201, record)

    def error_type(self, message: Message) -> str | None:
        """Why the provider cannot deliver to this recipient, if so."""
        return next((kind for kind, to in LINE_FAILING.items() if to == message.to), None)

    def new_id(self, message: Message) -> str:
        """A unique message identifier."""
        return f"msg_{uuid.uuid4().hex}"

    def record(self, message: Message, error_type: str | None) -> Record:
        """The message as responses show it."""
        created = self.timestamp()
        record: Record = {
            "createdAt": created,
            "channel": "mms" if message.is_mms else "sms",
            "direction": "outbound",
            "from": message.sender,
            "to": message.to,
            "body": message.body,
            "mediaUrls": [message.media_url] if message.is_mms else [],
            "id": self.new_id(message),
            "creditsUsed": self.price(message),
        }
        record.update(self.outcome(message, error_type, created))
        return record

    def outcome(self, message: Message, error_type: str | None, created: str) -> Record:
        """Status and the fields that depend on it."""
        if error_type is not None:
            return {
                "status": "failed",
                "errorType": error_type,
                "errorMessage": ERROR_MESSAGES[error_type],
            }
        if message.to in LINE_QUEUED_RECIPIENTS:
            return {"status": "queued"}
        return {"status": "sent", "sentAt": created}

    def timestamp(self) -> str:
        """The time in whole seconds, with an offset."""
        return datetime.now(UTC).isoformat(timespec="seconds")


def is_sendable(character: str) -> bool:
    """No control characters but line breaks and tabs, no private use, no lone surrogates."""
    return character in "\t\r\n" or unicodedata.category(character) not in {"Cc", "Co", "Cs"}


def serve(port: int = 0, fault: str | None = None) -> VendorServer:
    """A bound server; call its `serve_forever`."""
    from .faults import vendor

    return VendorServer(vendor("textingline", fault), port)
