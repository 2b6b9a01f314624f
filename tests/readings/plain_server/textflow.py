"""TextFlow, "Send SMS": POST /api/v1/messages/send.

Freedoms taken where the document is silent:

* an accepted message is answered with 201 and data.status `queued`, the success message says so; data.messageId is a
  string of digits, beyond what a double holds; data has `segments` and `createdAt` (offset -05:00) besides;
* every refusal is a 400, missing and wrong API keys too, but for the documented 429;
* an empty X-API-Key is a missing one; the key is taken from no other place;
* the message is judged before the recipient, then the limits, then the sender;
* formatting is blanks, parentheses, commas, dots, slashes and dashes, Unicode's included, and one plus sign in front;
  letters are no formatting; a plus sign is followed by the country code 1, so a plus sign and ten digits are refused;
* a `to` or `message` that is null or empty is a missing one; blanks alone are a message; characters are code points;
* `from` as null is `from` omitted; any other `from` that is no active number of the account, malformed ones included,
  is Invalid or inactive phone number;
* the limit for a minute counts accepted messages of one key in a sliding window; its refusal has Retry-After as a date;
  that of the daily limit has none;
* messages of test keys count toward no limit.
"""

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from math import ceil
from typing import Final
from wsgiref.types import WSGIApplication

from tests.readings.plain_server import accounts, gateway
from tests.readings.plain_server.database import Database, Transaction
from tests.readings.plain_server.gateway import Answer, NotAnObject, Refused, Request

PATH: Final = "/api/v1/messages/send"
MESSAGE_LIMIT: Final = 1600
TIME_ZONE: Final = timezone(timedelta(hours=-5))

KEY_MISSING: Final = "API key required"
KEY_WRONG: Final = "Invalid or inactive API key"
TO_MISSING: Final = "Recipient phone number (to) is required"
TO_WRONG: Final = "Invalid phone number format (must be 10 or 11 digits)"
MESSAGE_MISSING: Final = "Message content is required"
DAY_SPENT: Final = "Daily message limit reached"
MINUTE_SPENT: Final = "Too many messages within a minute; wait 60 seconds before retrying"
NO_NUMBERS: Final = "No active phone numbers available"
SENDER_WRONG: Final = "Invalid or inactive phone number"

_FORMATTING: Final = re.compile(r"[\s().,/\u2010-\u2015\u2212-]+")
_DIGITS: Final = re.compile(r"(?:\+?1)?([0-9]{10})")
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


def complain(status: int, text: str) -> Answer:
    """Answer with an error; an internal one has details."""
    document: dict[str, object] = {"success": False, "error": text}
    if status == 500:
        document["details"] = "The message was not recorded"
    return Answer(status=status, document=document)


def refusal(text: str, status: int = 400) -> Refused:
    """Return the exception that answers with an error."""
    return Refused(complain(status, text))


def make_application(database: Database, fault: str | None) -> WSGIApplication:
    """Return the WSGI application over a database."""

    def send(request: Request) -> Answer:
        with database.transaction() as work:
            key, account = authenticate(work, request.variables.get("HTTP_X_API_KEY", ""), fault)
        document = read_document(request.body, fault)
        message, to = read_message(document, fault), read_recipient(document, fault)
        with database.transaction() as work:
            _judge_day(work, key, fault)
            _judge_minute(work, key, fault)
            sender = choose_sender(work, account, document.get("from"), fault)
            record = json.dumps([to, sender, message])
            number = work.run("INSERT INTO messages (key, record) VALUES (?, ?)", key, record)
            _count(work, key)
        is_default_hidden = fault == "tf-default-from-null" and document.get("from") is None
        data: dict[str, object] = {
            "messageId": str(number),
            "to": document["to"] if fault == "tf-to-as-given" else to,
            "from": None if is_default_hidden else sender,
            "status": "accepted" if fault == "tf-status-unknown" else "queued",
            "segments": segments(message),
            "createdAt": datetime.now(UTC).astimezone(TIME_ZONE).isoformat(timespec="seconds"),
        }
        return Answer(status=201, document={"success": True, "message": "Message queued for sending", "data": data})

    return gateway.make_application(PATH, send, complain)


def authenticate(work: Transaction, word: str, fault: str | None) -> tuple[str, str]:
    """Return an active key and its account, or refuse."""
    if not word:
        raise refusal(KEY_MISSING)
    condition = {
        "tf-key-nocase": "name = ? COLLATE NOCASE",
        "tf-key-like": "name LIKE substr(?, 1, 1000)",
        "tf-test-key-refused": "name = ? AND substr(name, 1, 8) = 'sk_live_'",
    }.get(fault or "", "name = ?")
    active = "" if fault == "tf-inactive-key" else "AND active"
    found = work.row(f"SELECT name, account FROM keys WHERE {condition} {active} ORDER BY rowid LIMIT 1", word)
    if found is None:
        raise refusal(KEY_WRONG)
    return str(found[0]), str(found[1])


def read_document(body: bytes, fault: str | None) -> Mapping[str, object]:
    """Return the members of the request, or refuse it."""
    try:
        document = gateway.parse(body)
    except NotAnObject as error:
        raise refusal("The request is not a JSON object") from error
    if not isinstance(document, dict):
        if fault == "tf-array-500":
            raise TypeError("not an object")
        raise refusal("The request is not a JSON object")
    return document


def read_message(document: Mapping[str, object], fault: str | None) -> str:
    """Return the text to send, or refuse."""
    message = document.get("message")
    if message is None or message == "":
        raise refusal(TO_MISSING if fault == "tf-message-missing-neighbour" else MESSAGE_MISSING)
    if not isinstance(message, str):
        raise refusal("Message content must be a string")
    if any("\ud800" <= character <= "\udfff" for character in message):
        raise refusal("Message content is not Unicode text")
    if fault == "tf-message-utf8mb3" and any(character > "\uffff" for character in message):
        raise ValueError("Incorrect string value")
    size = len(message.encode("utf-16-le")) // 2 if fault == "tf-message-utf16-limit" else len(message)
    if size > MESSAGE_LIMIT + (1 if fault == "tf-message-1601" else 0):
        raise refusal("Message content is longer than 1,600 characters")
    return message


def read_recipient(document: Mapping[str, object], fault: str | None) -> str:
    """Return the recipient in E.164, or refuse."""
    to = document.get("to")
    if to is None or to == "":
        raise refusal(TO_MISSING)
    number = normalized(to, fault)
    if number is None:
        raise refusal(TO_WRONG)
    return number


def normalized(value: object, fault: str | None = None) -> str | None:
    """Return a phone number in E.164, whatever its spelling, or None."""
    if not isinstance(value, str):
        return None
    plain = _FORMATTING.sub("", value)
    if fault == "tf-last-ten-digits":
        plain = re.sub(r"\+?[0-9]+(?=[0-9]{10}\Z)", "", plain)
    if fault == "tf-plus-one-twice" and re.fullmatch(r"1[0-9]{10}", plain):
        return "+1" + plain
    matched = _DIGITS.fullmatch(plain)
    return "+1" + matched[1] if matched else None


def choose_sender(work: Transaction, account: str, given: object, fault: str | None) -> str:
    """Return the given number of the account, or its default one, or refuse."""
    first = work.row("SELECT number FROM numbers WHERE account = ? AND active ORDER BY number LIMIT 1", account)
    if first is None:
        raise refusal(SENDER_WRONG if fault == "tf-no-numbers-neighbour" else NO_NUMBERS)
    if given is None:
        default = work.row("SELECT number FROM numbers WHERE account = ? AND active AND is_default", account)
        return str((first if fault == "tf-default-sender-first" else default or first)[0])
    number = normalized(given)
    if fault == "tf-from-not-normalized" and number != given:
        number = None
    found = work.row("SELECT active FROM numbers WHERE account = ? AND number = ?", account, number)
    if found is not None and found[0]:
        return str(number)
    is_neighbour = found is not None and fault == "tf-inactive-sender-neighbour"
    raise refusal(NO_NUMBERS if is_neighbour else SENDER_WRONG)


def segments(message: str) -> int:
    """Return how many parts the carrier splits the message into."""
    is_gsm = _GSM.issuperset(message)
    single, multiple = (160, 153) if is_gsm else (70, 67)
    size = len(message) if is_gsm else len(message.encode("utf-16-le")) // 2
    return 1 if size <= single else ceil(size / multiple)


def _is_test(key: str) -> bool:
    return key.startswith("sk_test_")


def _judge_day(work: Transaction, key: str, fault: str | None) -> None:
    sql = "SELECT per_day, used FROM keys JOIN days ON days.key = keys.name WHERE keys.name = ? AND day = ?"
    found = work.row(sql, key, _today())
    if found is None or _is_test(key):
        return
    limit, used = found
    if isinstance(limit, int) and isinstance(used, int) and used >= limit:
        raise refusal(DAY_SPENT, 403 if fault == "tf-daily-403" else 429)


def _judge_minute(work: Transaction, key: str, fault: str | None) -> None:
    found = work.row("SELECT per_window FROM keys WHERE name = ?", key)
    limit = found[0] if found else None
    if not isinstance(limit, int) or _is_test(key):
        return
    window_s = accounts.WINDOW_S * (4 if fault == "tf-minute-window-long" else 1)
    work.run("DELETE FROM hits WHERE key = ? AND at <= ?", key, time.monotonic() - window_s)
    hits = work.row("SELECT count(*) FROM hits WHERE key = ?", key) or (0,)
    if isinstance(hits[0], int) and hits[0] >= limit + (1 if fault == "tf-minute-one-late" else 0):
        raise Refused(_too_many(window_s, fault))


def _too_many(window_s: float, fault: str | None) -> Answer:
    document = complain(429, MINUTE_SPENT).document
    if fault == "tf-minute-success-missing":
        document = {"error": MINUTE_SPENT}
    # A date has whole seconds: the next one after the window is the first that is late enough.
    again = datetime.now(UTC) + timedelta(seconds=window_s + 1)
    return Answer(status=429, document=document, fields=(("retry-after", format_datetime(again, usegmt=True)),))


def _count(work: Transaction, key: str) -> None:
    if _is_test(key):
        return
    work.run("INSERT INTO hits VALUES (?, ?)", key, time.monotonic())
    sql = "INSERT INTO days VALUES (?, ?, 1) ON CONFLICT (key, day) DO UPDATE SET used = used + 1"
    work.run(sql, key, _today())


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
