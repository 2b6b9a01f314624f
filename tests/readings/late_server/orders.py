"""Read TextingLine's request body into an order, or refuse it."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from .accounts import LINE_NONCOMPLIANT_PHRASE
from .wire import Malformed, has_lone_surrogate, parse_object

MAX_BODY_CHARACTERS: Final = 640
MAX_KEY_CHARACTERS: Final = 255
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_E164_OR_BARE: Final = re.compile(r"\+?[1-9][0-9]{6,14}")
_NAMES: Final = frozenset({"to", "from", "body", "mediaUrl", "idempotencyKey"})
_LINE_BREAKS: Final = "\t\n\r"


class Refusal(Exception):
    """Refuse a request with a status, a code and the field that it is about."""

    def __init__(self, status: int, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.pointer = pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Hold one message as it was asked for."""

    to: str
    sender: str
    body: str | None
    media_url: str | None


def read_order(raw: bytes, fault: str | None) -> tuple[Order, str | None]:
    """Read an order and its idempotency key; Refusal when a field is not as documented."""
    try:
        members = parse_object(raw)
    except Malformed:
        raise Refusal(400, "BODY_MALFORMED", "The body has to be one JSON object in UTF-8.") from None
    if members.keys() - _NAMES:
        raise Refusal(422, "FIELD_UNKNOWN", "The body has a field that this operation does not know.")
    key = _optional(members, "idempotencyKey")
    if key is not None and not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise _invalid("idempotencyKey", f"has to have 1 to {MAX_KEY_CHARACTERS} characters")
    media_url = _optional(members, "mediaUrl")
    if media_url is not None and not _is_web_url(media_url):
        raise _invalid("mediaUrl", "has to be an http or https URL")
    body = _read_body(members, media_url, fault)
    sender = _number(members, "from", _E164)
    to = _number(members, "to", _E164_OR_BARE if fault == "plus-optional" else _E164)
    return Order(to=to, sender=sender, body=body, media_url=media_url), key


def refuse_content(body: str, fault: str | None) -> None:
    """Raise Refusal for unsupported characters (33016) and for content against the rules (33019)."""
    if not all(_is_supported(character, fault) for character in body):
        raise Refusal(422, "33016", "The message body contains unsupported characters.", "/body")
    if LINE_NONCOMPLIANT_PHRASE in body.casefold():
        raise Refusal(451, "33019", "The message violates compliance rules.", "/body")


def _read_body(members: dict[str, object], media_url: str | None, fault: str | None) -> str | None:
    body = members.get("body")
    if body is not None and not isinstance(body, str):
        raise _invalid("body", "has to be a string")
    if not body and (media_url is None or fault == "mms-body-required"):
        raise _invalid("body", "is required")
    if body is not None and _is_too_long(body, fault):
        raise _invalid("body", f"has to have at most {MAX_BODY_CHARACTERS} characters")
    return body


def _is_too_long(body: str, fault: str | None) -> bool:
    if fault == "body-limit-early":
        return len(body) >= MAX_BODY_CHARACTERS
    if fault == "body-limit-in-bytes":
        return len(body.encode("utf-8", "surrogatepass")) > MAX_BODY_CHARACTERS
    return len(body) > MAX_BODY_CHARACTERS


def _is_supported(character: str, fault: str | None) -> bool:
    category = unicodedata.category(character)
    if category == "Cs":
        return fault == "line-surrogate-crash"
    return category != "Co" and (category != "Cc" or character in _LINE_BREAKS)


def _optional(members: dict[str, object], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or has_lone_surrogate(value):
        raise _invalid(name, "has to be a string")
    return value


def _number(members: dict[str, object], name: str, form: re.Pattern[str]) -> str:
    value = members.get(name)
    if value is None:
        raise _invalid(name, "is required")
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise _invalid(name, "has to be a phone number in E.164 format")
    return value


def _is_web_url(text: str) -> bool:
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _invalid(name: str, detail: str) -> Refusal:
    return Refusal(422, "FIELD_INVALID", f"{name} {detail}.", f"/{name}")
