"""Rules of TextingLine's Send a Message: account data, prices, and what a request body may say.

Freedoms taken: request-level refusals are 400, 401, 402, 403, 404, 405, 409, 413, 415, 422 or 451; codes that the
document does not name are words; null for an optional field is the same as its absence; an empty mediaUrl or
idempotencyKey is refused; a mediaUrl must be ASCII, http or https, and must not name a private host; an idempotency
key has at most 255 characters; +1 numbers must have ten more digits; white space alone is a body; an empty body
with a mediaUrl is an absent one; control characters (except tab and line ends), private use characters,
noncharacters and unpaired surrogates are the unsupported ones. Lengths count code points.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from .document import is_encodable

MAX_BODY = 640
MAX_KEY = 255
MAX_URL = 2048
SMS_CREDITS = 2
MMS_CREDITS = 3

SENDERS = ("+13125550110", "+13125550111")
INACTIVE_SENDER = "+13125550119"
UNASSIGNED_SENDER = "+14155550163"
RECIPIENTS = ("+12125550142", "+12125550143", "+16465550177", "+17185550108")
NONCOMPLIANT_BODY = "Need a payday loan today? Approval in minutes!"
UNSUPPORTED_BODY = "Sent from my \uf8ff phone"
NONCOMPLIANT = ("payday loan", "cannabis")

FAILURES = {
    "+13035550120": ("unknown", "Something went wrong, and nobody said what."),
    "+13035550121": ("platform_error", "The platform stumbled before the message left it."),
    "+13035550122": ("provider_error", "The upstream provider had an internal processing error."),
    "+13035550123": ("invalid_destination", "The destination is not a reachable mobile number."),
    "+13035550124": ("invalid_sender", "The provider does not authorize this sender identity."),
    "+13035550125": ("destination_blocked", "The destination is blocked from receiving messages."),
    "+13035550126": ("opted_out", "The recipient has opted out from receiving messages from this sender."),
    "+13035550127": ("invalid_content", "The provider did not take the content."),
    "+13035550128": ("routing_error", "No route leads to the destination."),
    "+13035550129": ("geographic_restriction", "Messages may not go to this region."),
    "+13035550130": ("service_restricted", "This destination does not support the requested service."),
}

KEYS = (
    # key id, secret, credits (None: without limit)
    ("tlk.north-7Qm2", "v9:Rw4~xT1pLz8KdYb3", None),
    ("tlk.empty-1Hd5", "m2Xc7vBn4Qs9Wf6Ej0Ga", 1),
    ("tlk.meter-4Zt8", "u5Ko3Pi1Yr8Tb6Nh2Mq7", 11),
)

_E164 = re.compile(r"\+(?:1[0-9]{10}|[2-9][0-9]{6,14})")
_URL = re.compile(rf"[\x21-\x7e]{{1,{MAX_URL}}}")


class Rejected(Exception):
    """A request-level error: status code, error code and what is wrong."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Hold a message that may be sent, as far as its form is concerned."""

    to: str
    sender: str
    body: str | None
    media_url: str | None
    idempotency_key: str | None

    @property
    def credits(self) -> int:
        """Return the price in credits."""
        return SMS_CREDITS if self.media_url is None else MMS_CREDITS


def draft_from_document(document: dict[str, object], fault: str | None) -> Draft:
    """Return the draft in a request body; raise Rejected when its form is wrong."""
    media_url = _media_url(document.get("mediaUrl"))
    return Draft(
        body=_body(document.get("body"), fault, has_media=media_url is not None),
        media_url=media_url,
        sender=_number(document, "from", None),
        to=_number(document, "to", fault),
        idempotency_key=_idempotency_key(document.get("idempotencyKey")),
    )


def check_sender(draft: Draft, fault: str | None) -> None:
    """Raise Rejected unless the sender is an active number of the account."""
    if draft.sender in SENDERS:
        return
    if draft.sender == INACTIVE_SENDER and fault != "tl-inactive-neighbour":
        raise Rejected(409, "33009", "The from number is not in an active state")
    raise Rejected(403, "33004", "The from number is not assigned to your account")


def check_content(draft: Draft, fault: str | None) -> None:
    """Raise Rejected when the text cannot or must not be sent."""
    text = draft.body or ""
    if fault == "tl-surrogate-500" and not is_encodable(text):
        text.encode("utf-8")
    if any(_is_unsupported(character) for character in text):
        raise Rejected(422, "33016", "Message body contains unsupported characters")
    if fault == "tl-compliance-mms" and draft.media_url is not None:
        return
    if any(phrase in text.casefold() for phrase in NONCOMPLIANT):
        raise Rejected(451, "33019", "Message violates compliance rules")


def _is_unsupported(character: str) -> bool:
    if character in "\t\n\r":
        return False
    noncharacter = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return noncharacter or unicodedata.category(character) in ("Cc", "Co", "Cs")


def _number(document: dict[str, object], name: str, fault: str | None) -> str:
    value = document.get(name)
    if value is None:
        raise Rejected(422, "field.required", f"{name} is required")
    if not isinstance(value, str):
        raise Rejected(422, "field.type", f"{name} must be a string")
    if fault == "tl-plus-optional" and _E164.fullmatch("+" + value):
        return value
    if fault == "tl-e164-loose-digits" and re.match(r"^\+[1-9]\d{6,14}$", value):
        return value
    if not _E164.fullmatch(value):
        raise Rejected(422, "field.format", f"{name} must be a phone number in E.164 format")
    return value


def _body(value: object, fault: str | None, *, has_media: bool) -> str | None:
    if value is None or (value == "" and has_media):
        if not has_media:
            raise Rejected(422, "field.required", "body is required for SMS")
        return None
    if not isinstance(value, str):
        raise Rejected(422, "field.type", "body must be a string")
    if value == "":
        raise Rejected(422, "field.required", "body is required for SMS")
    size = len(value.encode("utf-8", "surrogatepass")) if fault == "tl-body-limit-bytes" else len(value)
    if size > MAX_BODY and not (fault == "tl-mms-body-unlimited" and has_media):
        raise Rejected(422, "field.length", "body may have up to 640 characters")
    return value


def _media_url(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejected(422, "field.type", "mediaUrl must be a string")
    if not _URL.fullmatch(value) or not _is_public(value):
        raise Rejected(422, "field.format", "mediaUrl must be a publicly accessible URL")
    return value


def _is_public(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or host == "localhost":
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


def _idempotency_key(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejected(422, "field.type", "idempotencyKey must be a string")
    if not 1 <= len(value) <= MAX_KEY or not is_encodable(value):
        raise Rejected(422, "field.length", "idempotencyKey must have 1 to 255 characters")
    return value
