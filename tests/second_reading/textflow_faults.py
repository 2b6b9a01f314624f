"""TextFlow as its engineers might have got it wrong, one promise at a time."""

import json
import re
import time
from dataclasses import replace
from typing import Any

from .accounts import FLOW_INACTIVE_SENDER, FLOW_SENDERS, WINDOW_S, FlowKey
from .fault import Catalogue
from .textflow_server import Payload, TextFlow
from .web import Refusal, Reply, Request

FLOW_FAULTS = Catalogue("textflow")
breaks = FLOW_FAULTS.breaks
RACE_S = 0.04

# auth


@breaks("flow-key-any-case", "auth", "A key in another case is not valid.")
class KeyAnyCase(TextFlow):
    def key_matches(self, key: FlowKey, given: str) -> bool:
        return key.value.lower() == given.lower()


@breaks("flow-key-prefix", "auth", "A key with something appended is not valid.")
class KeyPrefix(TextFlow):
    def key_matches(self, key: FlowKey, given: str) -> bool:
        return given.startswith(key.value)


@breaks("flow-inactive-key", "auth", "An inactive key is refused.")
class InactiveKey(TextFlow):
    def is_active(self, key: FlowKey) -> bool:
        return True


@breaks("flow-test-key-refused", "auth", "A test key sends test messages.")
class RefusedTestKey(TextFlow):
    def is_active(self, key: FlowKey) -> bool:
        return super().is_active(key) and key.value.startswith("sk_live_")


@breaks("flow-key-as-bearer", "auth", "The key is required in the X-API-Key header, nowhere else.")
class KeyAsBearer(TextFlow):
    def authenticate(self, request: Request) -> FlowKey:
        bearer = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
        given = (key for key in self.keys if self.key_matches(key, bearer))
        return next(given, None) or super().authenticate(request)


# requests


@breaks("flow-limit-early", "requests", "A message of exactly 1,600 characters is accepted.")
class LimitEarly(TextFlow):
    max_message = 1599


@breaks("flow-limit-late", "requests", "A message of 1,601 characters is refused.")
class LimitLate(TextFlow):
    max_message = 1601


@breaks("flow-limit-in-bytes", "requests", "1,600 characters are allowed, whatever their bytes.")
class LimitInBytes(TextFlow):
    def length(self, text: str) -> int:
        return len(text.encode("utf-8"))


@breaks("flow-limit-in-utf16", "requests", "1,600 characters are allowed, emoji included.")
class LimitInUtf16(TextFlow):
    def length(self, text: str) -> int:
        return len(text.encode("utf-16-le")) // 2


@breaks("flow-no-emoji", "requests", "Emoji are supported, those beyond the BMP included.")
class NoEmoji(TextFlow):
    def is_text(self, text: str) -> bool:
        return super().is_text(text) and max(text) <= "\uffff"


@breaks("flow-first-sender", "requests", "A message without from uses the default number.")
class FirstSender(TextFlow):
    def default_sender(self, key: FlowKey) -> str:
        super().default_sender(key)
        return FLOW_SENDERS[0]


@breaks("flow-unknown-sender-falls-back", "requests", "A sender outside the account is refused.")
class UnknownSenderFallsBack(TextFlow):
    def pick_sender(self, key: FlowKey, payload: Payload) -> str:
        number = self.normalize(str(payload.get("from")))
        if number is not None and number not in [*FLOW_SENDERS, FLOW_INACTIVE_SENDER]:
            return self.default_sender(key)
        return super().pick_sender(key, payload)


@breaks("flow-inactive-sender", "requests", "A sender that is not active is refused.")
class InactiveSender(TextFlow):
    def may_send_from(self, key: FlowKey, number: str) -> bool:
        return number == FLOW_INACTIVE_SENDER or super().may_send_from(key, number)


@breaks("flow-empty-message", "requests", "Message content is required, so not an empty string.")
class EmptyMessage(TextFlow):
    def read_text(self, payload: Payload) -> str:
        return "" if payload.get("message") == "" else super().read_text(payload)


# responses


@breaks("flow-success-string", "responses", "success is a boolean.")
class SuccessString(TextFlow):
    success = "true"


@breaks("flow-id-repeats", "responses", "A messageId is unique, every tenth included.")
class IdRepeats(TextFlow):
    def __init__(self) -> None:
        super().__init__()
        self.issued = 0
        self.last_id = ""

    def new_id(self) -> str:
        with self.lock:
            self.issued += 1
            if self.issued % 10 != 0:
                self.last_id = super().new_id()
            return self.last_id


@breaks("flow-id-race", "responses", "A messageId is unique among messages sent at once.")
class IdRace(TextFlow):
    def __init__(self) -> None:
        super().__init__()
        self.started = time.time_ns()
        self.issued = 0

    def new_id(self) -> str:
        number = self.issued + 1
        time.sleep(RACE_S)
        with self.lock:
            self.issued = max(self.issued, number)
        return f"SM-{self.started}-{number}"


@breaks("flow-id-number", "responses", "A messageId is a string.")
class IdNumber(TextFlow):
    def new_id(self) -> Any:
        return time.time_ns()


@breaks("flow-no-text", "responses", "A success carries a message to read.")
class NoText(TextFlow):
    def reply(self, status: int, payload: Payload, headers: Payload | None = None) -> Reply:
        kept = {name: value for name, value in payload.items() if name != "message"}
        return super().reply(status, kept, headers)


# normalization


@breaks("flow-eleven-digits", "normalization", "11 digits already carry their country code.")
class ElevenDigits(TextFlow):
    def normalize(self, given: str) -> str | None:
        number = super().normalize(given)
        return f"+1{given}" if re.fullmatch(r"1[0-9]{10}", given) else number


@breaks("flow-recipient-as-given", "normalization", "data.to is in E.164 format.")
class RecipientAsGiven(TextFlow):
    def read_recipient(self, payload: Payload) -> str:
        super().read_recipient(payload)
        return str(payload["to"])


@breaks("flow-sender-as-given", "normalization", "data.from is in E.164 format.")
class SenderAsGiven(TextFlow):
    def pick_sender(self, key: FlowKey, payload: Payload) -> str:
        sender = super().pick_sender(key, payload)
        return str(payload.get("from") or sender)


@breaks("flow-sender-e164-only", "normalization", "A sender may come in any of the formats.")
class SenderE164Only(TextFlow):
    def pick_sender(self, key: FlowKey, payload: Payload) -> str:
        given = payload.get("from")
        if given is not None and given not in FLOW_SENDERS:
            raise self.refusal(422, self.sender_invalid)
        return super().pick_sender(key, payload)


@breaks("flow-no-parentheses", "normalization", "A number may be written (555) 123-4567.")
class NoParentheses(TextFlow):
    def normalize(self, given: str) -> str | None:
        return None if "(" in given else super().normalize(given)


@breaks("flow-last-ten-digits", "normalization", "12 digits or more are not a phone number.")
class LastTenDigits(TextFlow):
    def normalize(self, given: str) -> str | None:
        return super().normalize(given) or super().normalize(re.sub(r"[^0-9]", "", given)[-10:])


@breaks("flow-nine-digits", "normalization", "9 digits are not a phone number.")
class NineDigits(TextFlow):
    def normalize(self, given: str) -> str | None:
        number = super().normalize(given)
        return f"+1{given}" if re.fullmatch(r"[0-9]{9}", given) else number


# delivery


@breaks("flow-status-accepted", "delivery", "A status is queued, sent, delivered or failed.")
class StatusAccepted(TextFlow):
    def data(self, key: FlowKey, recipient: str, sender: str, message: str) -> Payload:
        return {**super().data(key, recipient, sender, message), "status": "accepted"}


@breaks("flow-test-status-missing", "delivery", "A test message has a status too.")
class NoTestStatus(TextFlow):
    def data(self, key: FlowKey, recipient: str, sender: str, message: str) -> Payload:
        data = super().data(key, recipient, sender, message)
        if data["mode"] == "test":
            del data["status"]
        return data


# errors


@breaks("flow-missing-key-html", "errors", "A missing key is refused with the documented JSON.")
class MissingKeyHtml(TextFlow):
    def missing_key(self) -> Refusal:
        page = b"<html><body><h1>401 Authorization Required</h1></body></html>"
        headers = {"content-TYPE": "text/html", "www-AUTHENTICATE": 'ApiKey realm="sms"'}
        return Refusal(Reply(401, page, headers))


@breaks("flow-invalid-key-text", "errors", "An invalid key is named Invalid or inactive API key.")
class InvalidKeyText(TextFlow):
    key_invalid = "Invalid API key"


@breaks("flow-recipient-text", "errors", "A missing recipient has its documented error text.")
class RecipientText(TextFlow):
    recipient_required = "Recipient phone number (to) is requried"


@breaks("flow-message-text", "errors", "A missing message has its documented error text.")
class MessageText(TextFlow):
    message_required = "Message content is required."


@breaks("flow-format-text", "errors", "A number of wrong length has its documented error text.")
class FormatText(TextFlow):
    format_invalid = "Invalid phone number format (must be 10 or 11 digits"


@breaks("flow-format-is-success", "errors", "A refused number has success false.")
class FormatIsSuccess(TextFlow):
    def plain_refusal(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        success = text == self.format_invalid
        return self.reply(status, {"success": success, "error": text}, headers)


@breaks("flow-sender-text", "errors", "A refused sender has its documented error text.")
class SenderText(TextFlow):
    def pick_sender(self, key: FlowKey, payload: Payload) -> str:
        try:
            return super().pick_sender(key, payload)
        except Refusal:
            if payload.get("from") is None:
                raise
            raise self.refusal(422, self.format_invalid) from None


@breaks("flow-no-numbers-status", "errors", "No active numbers is a 400.")
class NoNumbersStatus(TextFlow):
    no_numbers_status = 409


@breaks("flow-no-numbers-error-key", "errors", "A refusal names its cause in error.")
class NoNumbersErrorKey(TextFlow):
    def plain_refusal(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        name = "message" if text == self.no_numbers else "error"
        return self.reply(status, {"success": False, name: text}, headers)


@breaks("flow-daily-status", "errors", "The daily limit is a 429.")
class DailyStatus(TextFlow):
    daily_status = 403


@breaks("flow-daily-text", "errors", "The daily limit has its documented error text.")
class DailyText(TextFlow):
    daily_reached = "Daily messages limit reached"


# rate limits


@breaks("flow-rate-early", "rate_limits", "The plan's whole limit can be used.")
class RateEarly(TextFlow):
    def allowance(self, limit: int) -> int:
        return limit - 1


@breaks("flow-rate-unlimited", "rate_limits", "The plan's limit per minute is kept.")
class RateUnlimited(TextFlow):
    def allowance(self, limit: int) -> int:
        return limit * 1000


@breaks("flow-rate-never-recovers", "rate_limits", "After the wait a key may send again.")
class RateNeverRecovers(TextFlow):
    def window(self) -> int:
        return 0


@breaks("flow-rate-penalty", "rate_limits", "The wait is one window, not five.")
class RatePenalty(TextFlow):
    def __init__(self) -> None:
        super().__init__()
        self.blocked_until = 0.0

    def throttle(self, key: FlowKey) -> None:
        if key.limit is not None and time.monotonic() < self.blocked_until:
            raise self.throttled()
        try:
            super().throttle(key)
        except Refusal:
            self.blocked_until = time.monotonic() + 5 * WINDOW_S
            raise


@breaks("flow-rate-race", "rate_limits", "The limit holds for requests that come at once.")
class RateRace(TextFlow):
    def throttle(self, key: FlowKey) -> None:
        if key.limit is None:
            return
        used, window = self.used(key), self.window()
        if used >= self.allowance(key.limit):
            raise self.throttled()
        time.sleep(RACE_S)
        with self.lock:
            self.counts[key.value] = (window, used + 1)


@breaks("flow-rate-status", "rate_limits", "A full window is a 429.")
class RateStatus(TextFlow):
    throttled_status = 403


# robustness


@breaks("flow-deep-nesting", "robustness", "A deeply nested body is a bad request.")
class DeepNesting(TextFlow):
    def decode(self, body: bytes) -> object:
        try:
            return json.loads(body)
        except ValueError:
            return super().decode(body)


@breaks("flow-array-body", "robustness", "A body that is no object is a bad request.")
class ArrayBody(TextFlow):
    def as_object(self, value: object) -> dict[str, Any]:
        return value  # type: ignore[return-value]


@breaks("flow-invalid-utf8", "robustness", "A body that is not UTF-8 is a bad request.")
class InvalidUtf8(TextFlow):
    def decode(self, body: bytes) -> object:
        body.decode("utf-8")
        return super().decode(body)


@breaks("flow-nul", "robustness", "Every UTF-8 character is supported, and NUL is never a 5xx.")
class Nul(TextFlow):
    def is_text(self, text: str) -> bool:
        if "\0" in text:
            raise ValueError("unsupported Unicode escape sequence")
        return super().is_text(text)


@breaks("flow-wrong-type", "robustness", "A number where text belongs is a bad request.")
class WrongType(TextFlow):
    def read_recipient(self, payload: Payload) -> str:
        given = payload.get("to")
        if given is not None and not isinstance(given, str):
            raise TypeError(type(given).__name__)
        return super().read_recipient(payload)


@breaks("flow-chunked-ignored", "robustness", "A chunked body is a body.")
class ChunkedIgnored(TextFlow):
    def answer(self, request: Request) -> Reply:
        return super().answer(replace(request, body=b"") if request.chunked else request)
