"""TextingLine, "Send a Message": POST /api/v1/messaging/message.

Freedoms taken where the document is silent:

* the error envelope is `{"error": text, "errorCode": number}`, the status of every refusal 400, also for credentials
  and credits; refusals without a documented code have 40000 (request), 40001 (credentials), 40004 and 40005;
* every accepted message is answered with 201, whether sent or failed; a sent one has status `sent` at once, with sentAt
  equal to createdAt; timestamps have microseconds and the offset -05:00;
* ids are msg_ and digits; mediaUrl is echoed; an MMS without a body is answered without the member `body`;
* a replayed answer is the first one, unchanged, with a field `x-replayed: yes`; the same idempotencyKey with another
  message is refused; a refused request leaves no trace under its key; keys are remembered per credentials, of any
  length, compared exactly; an empty one is refused;
* null is not a string; an empty body is no body; blanks alone are a body; characters are Unicode code points;
* mediaUrl has to be an http or https URL with a dotted host name; it is never fetched;
* a +1 number has ten digits after it, others have 8 to 15 digits in all;
* unsupported characters are control characters other than tab and line ends, private use and lone surrogates;
* a failed message consumes credits like a sent one;
* after the form of the request come the replay, the credits, compliance, the characters, and the sender last.
"""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from tests.readings.plain_server import accounts, gateway
from tests.readings.plain_server.database import Database, Transaction
from tests.readings.plain_server.gateway import Answer, NotAnObject, Refused, Request

PATH: Final = "/api/v1/messaging/message"
BODY_LIMIT: Final = 640
SMS_CREDITS: Final = 2
MMS_CREDITS: Final = 3
TIME_ZONE: Final = timezone(timedelta(hours=-5))

UNASSIGNED, INACTIVE, CHARACTERS, COMPLIANCE, CREDITS = 33004, 33009, 33016, 33019, 33023
TEXTS: Final = {
    UNASSIGNED: "The from number is not assigned to your account",
    INACTIVE: "The from number is not in an active state",
    CHARACTERS: "Message body contains unsupported characters",
    COMPLIANCE: "Message violates compliance rules",
    CREDITS: "Insufficient credits",
}
REQUEST, CREDENTIALS = 40000, 40001

_E164: Final = re.compile(r"\+(1[0-9]{10}|[2-9][0-9]{7,14})")
_BASIC: Final = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\.?")
_FAILURES: Final = {number: (kind, text) for kind, (number, text) in accounts.TL_FAILING.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message as it was asked for, its form already judged."""

    to: str
    sender: str
    body: str
    media_url: str | None
    word: str | None

    @property
    def credits(self) -> int:
        """Return what the message consumes."""
        return SMS_CREDITS if self.media_url is None else MMS_CREDITS

    def fingerprint(self) -> str:
        """Return the same text for the same message."""
        return json.dumps(asdict(self), sort_keys=True)


def complain(status: int, text: str) -> Answer:
    """Answer with an error that the document does not name."""
    return Answer(status=status, document={"errorCode": 40000 + (status - 400 if status < 500 else 500), "error": text})


def refusal(code: int, text: str = "") -> Refused:
    """Return the exception that answers with an error code."""
    return Refused(Answer(status=400, document={"errorCode": code, "error": text or TEXTS[code]}))


def make_application(database: Database, fault: str | None) -> WSGIApplication:
    """Return the WSGI application over a database."""

    def send(request: Request) -> Answer:
        key = authenticate(database, request.variables.get("HTTP_AUTHORIZATION", ""), fault)
        order = read_order(request.body, fault)
        with database.transaction() as work:
            return deliver(work, key, order, fault)

    return gateway.make_application(PATH, send, complain)


def authenticate(database: Database, field: str, fault: str | None) -> str:
    """Return the id of the key that the Authorization field proves, or refuse."""
    matched = _BASIC.fullmatch(field)
    try:
        pair = base64.b64decode(matched[1] if matched else "", validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    name, colon, secret = pair.partition(":")
    condition = "secret = ?"
    if fault == "tl-secret-nocase":
        condition = "secret = ? COLLATE NOCASE"
    if fault == "tl-secret-varchar":
        condition = "substr(secret, 1, 16) = substr(?, 1, 16)"
    with database.transaction() as work:
        found = work.row(f"SELECT name FROM keys WHERE name = ? AND {condition} AND active", name, secret)
    if not colon or found is None:
        raise refusal(CREDENTIALS, "The key id or the key secret is missing or wrong")
    return name


def read_order(body: bytes, fault: str | None) -> Order:
    """Return what the request asks for, or refuse its form."""
    try:
        document = gateway.parse(body)
    except NotAnObject:
        document = None
    if not isinstance(document, dict):
        raise refusal(REQUEST, "The request is not a JSON object")
    media_url, word = _string(document, "mediaUrl"), _string(document, "idempotencyKey")
    text = _string(document, "body") or ""
    if media_url is not None and not _is_url(media_url):
        raise refusal(REQUEST, "mediaUrl is not a publicly accessible URL")
    if not text and (media_url is None or fault == "tl-mms-needs-body"):
        raise refusal(REQUEST, "body is required")
    size = len(text.encode("utf-8", "surrogatepass")) if fault == "tl-body-limit-in-bytes" else len(text)
    if size > BODY_LIMIT:
        raise refusal(REQUEST, "body is longer than 640 characters")
    if word == "":
        raise refusal(REQUEST, "idempotencyKey is empty")
    to, sender = _number(document, "to"), _number(document, "from")
    return Order(to=to, sender=sender, body=text, media_url=media_url, word=word)


def deliver(work: Transaction, key: str, order: Order, fault: str | None) -> Answer:
    """Replay the answer to a retry; judge, record and answer everything else."""
    known = _remembered(work, key, order, fault)
    if known is not None:
        return known
    if fault == "tl-idempotency-race":
        work.split()
    balance = _balance(work, key, order, fault)
    _judge_content(order, fault)
    _judge_sender(work, key, order.sender, fault)
    if fault == "tl-credits-race":
        work.split()
        known = _remembered(work, key, order, fault)
        if known is not None:
            return known
    document = _document(order, fault)
    number = work.run("INSERT INTO messages (key, record) VALUES (?, ?)", key, json.dumps(document))
    document = {"id": f"msg_{number}", **document}
    if balance is not None:
        left = balance - _price(order, fault)
        relative = "UPDATE keys SET balance = balance - ? WHERE name = ?"
        absolute = "UPDATE keys SET balance = ? WHERE name = ?"
        if fault == "tl-credits-race":
            work.run(absolute, left, key)
        else:
            work.run(relative, _price(order, fault), key)
    if order.word is not None:
        sql = "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?)"
        work.run(sql, key, _stored(order.word, fault), order.fingerprint(), json.dumps(document))
    status = 200 if fault == "tl-failed-as-200" and document["status"] == "failed" else 201
    return Answer(status=status, document=document)


def _remembered(work: Transaction, key: str, order: Order, fault: str | None) -> Answer | None:
    if order.word is None or fault == "tl-idempotency-replace":
        return None
    operator = "LIKE" if fault == "tl-idempotency-like" and len(order.word) < 1000 else "="
    sql = f"SELECT request, record FROM idempotency WHERE key = ? AND word {operator} ?"
    found = work.row(sql, key, _stored(order.word, fault))
    if found is None:
        return None
    loose = fault in ("tl-idempotency-like", "tl-idempotency-varchar")
    if found[0] != order.fingerprint() and not loose:
        raise refusal(REQUEST, "idempotencyKey was used for another message")
    if fault == "tl-credits-retry-charged":
        work.run("UPDATE keys SET balance = max(0, balance - ?) WHERE name = ?", order.credits, key)
    return Answer(status=201, document=json.loads(str(found[1])), fields=(("x-replayed", "yes"),))


def _stored(word: str, fault: str | None) -> str:
    # As ASCII, for sqlite3 takes no lone surrogates.
    return json.dumps(word[:36] if fault == "tl-idempotency-varchar" else word)


def _price(order: Order, fault: str | None) -> int:
    return SMS_CREDITS if fault == "tl-credits-mms-as-sms" else order.credits


def _balance(work: Transaction, key: str, order: Order, fault: str | None) -> int | None:
    found = work.row("SELECT balance FROM keys WHERE name = ?", key)
    balance = found[0] if found else None
    if not isinstance(balance, int):
        return None
    least = _price(order, fault) + (1 if fault == "tl-credits-exact-refused" else 0)
    if balance < least:
        raise refusal(CREDITS)
    return balance


def _judge_content(order: Order, fault: str | None) -> None:
    if accounts.TL_NONCOMPLIANT_PHRASE in order.body.lower():
        raise refusal(CHARACTERS if fault == "tl-compliance-as-characters" else COMPLIANCE)
    if fault == "tl-surrogate-500":
        order.body.encode("utf-8")
    if not all(_is_supported(character) for character in order.body):
        raise refusal(CHARACTERS)


def _is_supported(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character) not in ("Cc", "Co", "Cs")


def _judge_sender(work: Transaction, key: str, sender: str, fault: str | None) -> None:
    sql = "SELECT numbers.active FROM numbers JOIN keys USING (account) WHERE number = ? AND keys.name = ?"
    found = work.row(sql, sender, key)
    if found is None:
        raise refusal(UNASSIGNED)
    if not found[0] and fault != "tl-sender-state-forgotten":
        raise refusal(UNASSIGNED if fault == "tl-inactive-as-unassigned" else INACTIVE)


def _document(order: Order, fault: str | None) -> dict[str, object]:
    document: dict[str, object] = {"direction": "outbound", "to": order.to, "from": order.sender}
    if order.body:
        document["body"] = order.body[:600] if fault == "tl-body-varchar-600" else order.body
    if order.media_url is not None:
        document["mediaUrl"] = order.media_url
    now = _timestamp(fault)
    failure = _FAILURES.get(order.to)
    document["status"] = "failed" if failure else "sent"
    if failure:
        kind = failure[0][:20] if fault == "tl-error-type-varchar-20" else failure[0]
        document |= {"errorType": kind, "errorMessage": failure[1]}
    elif fault == "tl-error-members-null":
        document |= {"errorType": None, "errorMessage": None}
    if failure is None or fault == "tl-failed-sent-at":
        document["sentAt"] = now
    return {**document, "createdAt": now}


def _timestamp(fault: str | None) -> str:
    now = datetime.now(UTC).astimezone(TIME_ZONE)
    if fault == "tl-date-not-iso":
        return now.strftime("%m/%d/%Y %I:%M:%S %p")
    if fault == "tl-local-time-as-utc":
        return now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return now.isoformat(timespec="microseconds")


def _string(document: Mapping[str, object], name: str) -> str | None:
    if name not in document:
        return None
    value = document[name]
    if not isinstance(value, str):
        raise refusal(REQUEST, f"{name} is not a string")
    return value


def _number(document: Mapping[str, object], name: str) -> str:
    value = _string(document, name)
    if value is None or not _E164.fullmatch(value):
        raise refusal(REQUEST, f"{name} is not a phone number in E.164 format")
    return value


def _is_url(text: str) -> bool:
    if any(character <= " " or unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or ""))
    except ValueError:
        return False
