"""TextingLine as its engineers might have got it wrong, one promise at a time."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime

from .accounts import LINE_INACTIVE_SENDER, LINE_SENDERS, LineAccount
from .fault import Catalogue
from .textingline_server import E164, IdempotencyIndex, Message, Record, TextingLine
from .web import Refusal, Reply, Request

LINE_FAULTS = Catalogue("textingline")
breaks = LINE_FAULTS.breaks
RACE_S = 0.04

# auth


@breaks("line-secret-first-16", "auth", "A secret is valid as a whole, not by its start.")
class SecretFirst16(TextingLine):
    def secret_matches(self, account: LineAccount, secret: str) -> bool:
        return secret[:16] == account.key_secret[:16]


@breaks("line-secret-any-case", "auth", "A secret in another case is another secret.")
class SecretAnyCase(TextingLine):
    def secret_matches(self, account: LineAccount, secret: str) -> bool:
        return secret.lower() == account.key_secret.lower()


@breaks("line-secret-of-any-key", "auth", "A key id is valid only with its own secret.")
class SecretOfAnyKey(TextingLine):
    def secret_matches(self, account: LineAccount, secret: str) -> bool:
        return any(secret == other.key_secret for other in self.accounts.values())


@breaks("line-empty-secret", "auth", "A key id without a secret is not authenticated.")
class EmptySecret(TextingLine):
    def secret_matches(self, account: LineAccount, secret: str) -> bool:
        return not secret or super().secret_matches(account, secret)


# requests


@breaks("line-limit-in-bytes", "requests", "640 characters are allowed, whatever their bytes.")
class LimitInBytes(TextingLine):
    def length(self, text: str) -> int:
        return len(text.encode("utf-8", "surrogatepass"))


@breaks("line-limit-in-utf16", "requests", "640 characters are allowed, non-BMP ones included.")
class LimitInUtf16(TextingLine):
    def length(self, text: str) -> int:
        return len(text.encode("utf-16-le", "surrogatepass")) // 2


@breaks("line-limit-early", "requests", "A body of exactly 640 characters is accepted.")
class LimitEarly(TextingLine):
    max_body = 639


@breaks("line-limit-late", "requests", "A body of 641 characters is refused.")
class LimitLate(TextingLine):
    max_body = 641


@breaks("line-caption-unlimited", "requests", "The limit of 640 characters holds for MMS too.")
class CaptionUnlimited(TextingLine):
    def check_length(self, message: Message) -> None:
        if not message.is_mms:
            super().check_length(message)


@breaks("line-media-needs-body", "requests", "The body is optional when mediaUrl is given.")
class MediaNeedsBody(TextingLine):
    def check_presence(self, message: Message) -> None:
        if not message.body:
            raise self.invalid("body is required")


@breaks("line-empty-body", "requests", "An SMS needs a body, and an empty one is none.")
class EmptyBody(TextingLine):
    def check_presence(self, message: Message) -> None:
        if message.body is None and not message.is_mms:
            raise self.invalid("body is required")


@breaks("line-national-number", "requests", "A number in E.164 format begins with a plus.")
class NationalNumber(TextingLine):
    def is_e164(self, number: str) -> bool:
        return super().is_e164(f"+{number.removeprefix('+')}")


@breaks("line-trailing-newline", "requests", "No newline follows a number in E.164 format.")
class TrailingNewline(TextingLine):
    def is_e164(self, number: str) -> bool:
        return re.match(f"{E164.pattern}$", number) is not None


@breaks("line-number-coerced", "requests", "The body is a string; a JSON number is refused.")
class NumberCoerced(TextingLine):
    def optional_text(self, payload: Record, name: str) -> str | None:
        value = payload.get(name)
        if name == "body" and isinstance(value, int | float):
            return str(value)
        return super().optional_text(payload, name)


@breaks("line-sender-unchecked-mms", "requests", "An MMS too is sent only from an assigned number.")
class SenderUncheckedMms(TextingLine):
    def check_sender(self, message: Message) -> None:
        if not message.is_mms or message.sender == LINE_INACTIVE_SENDER:
            super().check_sender(message)


# responses


@breaks("line-mms-id-prefix", "responses", "The id of every message begins with msg_.")
class MmsIdPrefix(TextingLine):
    def new_id(self, message: Message) -> str:
        prefix = "mms_" if message.is_mms else "msg_"
        return prefix + super().new_id(message).removeprefix("msg_")


@breaks("line-id-repeats", "responses", "An id is unique; no tenth message shares its neighbour's.")
class IdRepeats(TextingLine):
    def __init__(self) -> None:
        super().__init__()
        self.issued = 0
        self.last_id = ""

    def new_id(self, message: Message) -> str:
        self.issued += 1
        if self.issued % 10 != 0:
            self.last_id = super().new_id(message)
        return self.last_id


@breaks("line-failed-sent-at-null", "responses", "sentAt is absent, not null, on failure.")
class FailedSentAtNull(TextingLine):
    def outcome(self, message: Message, error_type: str | None, created: str) -> Record:
        outcome = super().outcome(message, error_type, created)
        return outcome if error_type is None else {**outcome, "sentAt": None}


@breaks("line-sent-error-type-null", "responses", "errorType is there only when a message failed.")
class SentErrorTypeNull(TextingLine):
    def outcome(self, message: Message, error_type: str | None, created: str) -> Record:
        return {"errorType": None, **super().outcome(message, error_type, created)}


@breaks("line-mms-status", "responses", "status is one of sent, queued and failed.")
class MmsStatus(TextingLine):
    def outcome(self, message: Message, error_type: str | None, created: str) -> Record:
        outcome = super().outcome(message, error_type, created)
        if message.is_mms and error_type is None:
            outcome["status"] = "processing"
        return outcome


@breaks("line-direction", "responses", "direction is outbound or inbound.")
class Direction(TextingLine):
    def record(self, message: Message, error_type: str | None) -> Record:
        return {**super().record(message, error_type), "direction": "outbound-api"}


@breaks("line-created-at-12-hours", "responses", "createdAt is a timestamp in ISO 8601.")
class CreatedAt12Hours(TextingLine):
    def record(self, message: Message, error_type: str | None) -> Record:
        created = f"{datetime.now(UTC):%Y-%m-%d %I:%M:%S %p UTC}"
        return {**super().record(message, error_type), "createdAt": created}


@breaks("line-non-bmp-mangled", "responses", "The body comes back as it was sent, emoji included.")
class NonBmpMangled(TextingLine):
    def record(self, message: Message, error_type: str | None) -> Record:
        body = message.body and re.sub(r"[\U00010000-\U0010ffff]", "?", message.body)
        return super().record(replace(message, body=body), error_type)


@breaks("line-length-in-characters", "responses", "A response is complete, whatever its text.")
class LengthInCharacters(TextingLine):
    def reply(self, status: int, payload: Record, headers: Record | None = None) -> Reply:
        characters = len(json.dumps(payload, ensure_ascii=False))
        reply = super().reply(status, payload, headers)
        return replace(reply, body=reply.body[:characters])


# delivery


@breaks("line-geo-spelling", "delivery", "Blocked regions are reported as geographic_restriction.")
class GeoSpelling(TextingLine):
    def record(self, message: Message, error_type: str | None) -> Record:
        record = super().record(message, error_type)
        if error_type == "geographic_restriction":
            record["errorType"] = "geo_restriction"
        return record


@breaks("line-service-refused", "delivery", "A delivery failure is a 201 for every error type.")
class ServiceRefused(TextingLine):
    def created(self, record: Record) -> Reply:
        refused = record.get("errorType") == "service_restricted"
        return self.reply(422 if refused else 201, record)


@breaks("line-failed-is-200", "delivery", "A delivery failure is answered with 201.")
class FailedIs200(TextingLine):
    def created(self, record: Record) -> Reply:
        return self.reply(200 if record["status"] == "failed" else 201, record)


@breaks("line-routing-no-message", "delivery", "Every failed message carries an errorMessage.")
class RoutingNoMessage(TextingLine):
    def outcome(self, message: Message, error_type: str | None, created: str) -> Record:
        outcome = super().outcome(message, error_type, created)
        if error_type == "routing_error":
            del outcome["errorMessage"]
        return outcome


@breaks("line-opted-out-mms-sent", "delivery", "A recipient who opted out gets no MMS either.")
class OptedOutMmsSent(TextingLine):
    def error_type(self, message: Message) -> str | None:
        kind = super().error_type(message)
        return None if kind == "opted_out" and message.is_mms else kind


@breaks("line-blocked-is-opted-out", "delivery", "destination_blocked is an error type of its own.")
class BlockedIsOptedOut(TextingLine):
    def error_type(self, message: Message) -> str | None:
        kind = super().error_type(message)
        return "opted_out" if kind == "destination_blocked" else kind


# errors


@breaks("line-inactive-code", "errors", "An inactive sender is 33009, not its neighbour 33004.")
class InactiveCode(TextingLine):
    def check_sender(self, message: Message) -> None:
        if message.sender not in LINE_SENDERS:
            raise self.coded(33004, "The from number is not assigned to your account")


@breaks("line-unassigned-code", "errors", "An unassigned sender is 33004, not its neighbour 33009.")
class UnassignedCode(TextingLine):
    def check_sender(self, message: Message) -> None:
        if message.sender not in LINE_SENDERS:
            raise self.coded(33009, "The from number is not active")


@breaks("line-characters-code", "errors", "Unsupported characters are 33016, not 33019.")
class CharactersCode(TextingLine):
    def check_characters(self, message: Message) -> None:
        try:
            super().check_characters(message)
        except Refusal as refusal:
            raise self.coded(33019, "The message violates compliance rules") from refusal


@breaks("line-credits-code", "errors", "Insufficient credits are 33023.")
class CreditsCode(TextingLine):
    def check_balance(self, account: LineAccount, message: Message) -> None:
        try:
            super().check_balance(account, message)
        except Refusal as refusal:
            raise self.coded(33032, "Insufficient credits", status=402) from refusal


@breaks("line-mms-compliance", "errors", "33019 holds for the text of an MMS too.")
class MmsCompliance(TextingLine):
    def check_compliance(self, message: Message) -> None:
        if not message.is_mms:
            super().check_compliance(message)


# idempotency


@breaks("line-retry-race", "idempotency", "Retries that overlap send one message.")
class RetryRace(TextingLine):
    def send(self, account: LineAccount, message: Message) -> Reply:
        with self.lock:
            earlier = self.recall(account, message)
        if earlier is not None:
            return earlier
        if message.idempotency_key is not None:
            time.sleep(RACE_S)
        with self.lock:
            return self.send_new(account, message)


@breaks("line-mms-not-idempotent", "idempotency", "A retried MMS is not sent twice.")
class MmsNotIdempotent(TextingLine):
    def idempotency_index(self, account: LineAccount, message: Message) -> IdempotencyIndex | None:
        return None if message.is_mms else super().idempotency_index(account, message)


@breaks("line-key-any-case", "idempotency", "Keys that differ in case are two keys, two messages.")
class KeyAnyCase(TextingLine):
    def idempotency_index(self, account: LineAccount, message: Message) -> IdempotencyIndex | None:
        index = super().idempotency_index(account, message)
        return index and (index[0], index[1].lower())


@breaks("line-key-first-32", "idempotency", "Keys that differ late are two keys, two messages.")
class KeyFirst32(TextingLine):
    def idempotency_index(self, account: LineAccount, message: Message) -> IdempotencyIndex | None:
        index = super().idempotency_index(account, message)
        return index and (index[0], index[1][:32])


@breaks("line-key-good-once", "idempotency", "The second retry too sends nothing.")
class KeyGoodOnce(TextingLine):
    def recall(self, account: LineAccount, message: Message) -> Reply | None:
        earlier = super().recall(account, message)
        index = self.idempotency_index(account, message)
        if earlier is not None and index is not None:
            del self.remembered[index]
        return earlier


# credits


@breaks("line-mms-price", "credits", "An MMS costs two SMS credits and one MMS credit.")
class MmsPrice(TextingLine):
    def price(self, message: Message) -> int:
        return 2


@breaks("line-sms-price", "credits", "An SMS costs two credits, its lookup included.")
class SmsPrice(TextingLine):
    def price(self, message: Message) -> int:
        return 3 if message.is_mms else 1


@breaks("line-overdraft", "credits", "A balance below the price refuses the message.")
class Overdraft(TextingLine):
    def check_balance(self, account: LineAccount, message: Message) -> None:
        if account.balance is None or account.balance <= 0:
            super().check_balance(account, message)


@breaks("line-overdraft-race", "credits", "Messages sent at once cannot spend a credit twice.")
class OverdraftRace(TextingLine):
    def send(self, account: LineAccount, message: Message) -> Reply:
        if message.idempotency_key is not None:
            return super().send(account, message)
        self.screen(account, message)
        time.sleep(RACE_S)
        with self.lock:
            return self.commit(account, message)


@breaks("line-refusal-charged", "credits", "A refused request is no message and costs nothing.")
class RefusalCharged(TextingLine):
    def process(self, account: LineAccount, request: Request) -> Reply:
        try:
            return super().process(account, request)
        except Refusal:
            with self.lock:
                self.charge(account, min(1, account.balance or 0))
            raise


@breaks("line-retry-charged", "credits", "A retry under an idempotency key costs nothing.")
class RetryCharged(TextingLine):
    def recall(self, account: LineAccount, message: Message) -> Reply | None:
        earlier = super().recall(account, message)
        if earlier is not None:
            self.charge(account, min(self.price(message), account.balance or 0))
        return earlier


# robustness


@breaks("line-deep-nesting", "robustness", "A deeply nested body is an error of the request.")
class DeepNesting(TextingLine):
    def decode(self, body: bytes) -> object:
        try:
            return json.loads(body)
        except ValueError:
            return super().decode(body)


@breaks("line-lone-surrogate", "robustness", "A lone surrogate is an error of the request.")
class LoneSurrogate(TextingLine):
    def check_length(self, message: Message) -> None:
        super().check_length(message)
        (message.body or "").encode("utf-8")


@breaks("line-null-body", "robustness", "A null where a string belongs is an error of the request.")
class NullBody(TextingLine):
    def optional_text(self, payload: Record, name: str) -> str | None:
        if payload.get(name, "") is None:
            raise TypeError(name)
        return super().optional_text(payload, name)


@breaks("line-chunked-ignored", "robustness", "A chunked body is a body.")
class ChunkedIgnored(TextingLine):
    def answer(self, request: Request) -> Reply:
        return super().answer(replace(request, body=b"") if request.chunked else request)
