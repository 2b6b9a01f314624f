"""TextingLine's Send a Message.

Freedoms taken: a sent message is a 201, an MMS is answered `queued` without sentAt (it has not been
sent to the provider yet), a replay is a 200 (a 201 when it failed); a replay returns the first answer's document;
the same idempotency key with another message is a 409; keys are remembered per API key, failed messages with them,
refused requests without; a concurrent retry waits for the first. Failed messages are charged. MMS cost three credits
of the one balance. Refusals are `application/problem+json` with the code as text in a list named `errors`. Times
carry an offset of -05:00 and microseconds. Documents begin with createdAt, name a `channel` and echo mediaUrl; body is
null when there was none. Success is streamed in chunks. Unknown paths are 404 before authentication, a path must match
exactly, OPTIONS is answered, a body in another media type than JSON is a 415 (none at all is taken as JSON). A key
secret may contain a colon.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from .document import NotAnObject, decoded_object
from .message import Reply, Request
from .textingline_rules import FAILURES, KEYS, Draft, Rejected, check_content, check_sender, draft_from_document

PATH = "/api/v1/messaging/message"
ALLOW = ("Allow", "OPTIONS, POST")
CHALLENGE = ("WWW-Authenticate", 'Basic realm="textingline", charset="UTF-8"')
PROBLEM = "application/problem+json"
CARRIER_S = 0.001
PREFIX = 8
ZONE = timezone(timedelta(hours=-5))


@dataclass(slots=True)
class _Record:
    draft: Draft
    result: asyncio.Future[dict[str, object]]


@dataclass(slots=True)
class _Key:
    secret: str
    balance: int | None
    records: dict[str, _Record] = field(default_factory=dict)

    def affords(self, credits_: int, *, strictly: bool) -> bool:
        if self.balance is None:
            return True
        return self.balance > credits_ if strictly else self.balance >= credits_

    def charge(self, credits_: int) -> None:
        if self.balance is not None:
            self.balance = max(0, self.balance - credits_)


class TextingLine:
    """Answer POST /api/v1/messaging/message from memory."""

    def __init__(self, fault: str | None) -> None:
        self._fault = fault
        self._keys = {key_id: _Key(secret, balance) for key_id, secret, balance in KEYS}
        self._sent_count = 0
        self._last_id = ""

    def refuse(self, status: int, reason: str) -> Reply:
        """Return a refusal that concerns the request as such."""
        return _problem(Rejected(status, f"http.{status}", reason))

    async def answer(self, request: Request) -> Reply:
        """Return the reply to one request."""
        if request.path not in (PATH, "*"):
            return self.refuse(404, "There is nothing here")
        if request.method == "OPTIONS":
            return Reply(status=204, fields=(ALLOW,))
        if request.method != "POST":
            return _problem(Rejected(405, "http.405", "Only POST is served here"), ALLOW)
        key = self._authenticated(request)
        if key is None:
            return _problem(Rejected(401, "auth.invalid", "A valid key id and secret are needed"), CHALLENGE)
        try:
            return await self._accepted(key, self._draft(key, request))
        except NotAnObject as error:
            return _problem(Rejected(400, "body.json", str(error)))
        except Rejected as rejected:
            return _problem(rejected)

    def _draft(self, key: _Key, request: Request) -> Draft:
        _check_representation(request)
        draft = draft_from_document(decoded_object(request.body), self._fault)
        check_sender(draft, self._fault)
        try:
            check_content(draft, self._fault)
        except Rejected:
            if self._fault == "tl-refused-charged":
                key.charge(draft.credits)
            raise
        return draft

    def _authenticated(self, request: Request) -> _Key | None:
        values = request.values("authorization")
        credentials = _basic_credentials(values[0]) if len(values) == 1 else None
        if credentials is None:
            return None
        key_id, secret = credentials
        key = self._keys.get(key_id)
        if key is None:
            return None
        if self._fault == "tl-secret-prefix" and len(secret) >= PREFIX and key.secret.startswith(secret):
            return key
        candidates = self._keys.values() if self._fault == "tl-key-id-alone" else (key,)
        known = any(hmac.compare_digest(each.secret.encode(), secret.encode()) for each in candidates)
        return key if known else None

    async def _accepted(self, key: _Key, draft: Draft) -> Reply:
        idempotency_key = self._remembered_key(draft)
        record = key.records.get(idempotency_key) if idempotency_key is not None else None
        if record is not None:
            return await self._replayed(key, draft, record)
        if self._fault == "tl-idempotency-race" and idempotency_key is not None:
            await asyncio.sleep(0.02)
        if not key.affords(draft.credits, strictly=self._fault == "tl-credits-boundary"):
            raise Rejected(402, "33023", "Insufficient credits")
        key.charge(2 if self._fault == "tl-mms-price" else draft.credits)
        record = _Record(draft, asyncio.get_running_loop().create_future())
        if idempotency_key is not None:
            key.records[idempotency_key] = record
        document = await self._dispatched(draft)
        record.result.set_result(document)
        return _created(document, self._status(document))

    def _remembered_key(self, draft: Draft) -> str | None:
        if self._fault == "tl-idempotency-sms-only" and draft.media_url is not None:
            return None
        return draft.idempotency_key

    async def _replayed(self, key: _Key, draft: Draft, record: _Record) -> Reply:
        if record.draft != draft:
            raise Rejected(409, "idempotency.mismatch", "This idempotency key belongs to another message")
        if self._fault == "tl-replay-charged":
            key.charge(draft.credits)
        document = await asyncio.shield(record.result)
        failed = document["status"] == "failed"
        return _created(document, self._status(document) if failed else 200)

    def _status(self, document: dict[str, object]) -> int:
        if self._fault == "tl-failed-is-422" and document.get("errorType") == "destination_blocked":
            return 422
        return 201

    async def _dispatched(self, draft: Draft) -> dict[str, object]:
        """Hand the message to the carrier and return its document."""
        created_at = datetime.now(ZONE)
        message_id = self._next_id()
        await asyncio.sleep(CARRIER_S)
        document: dict[str, object] = {
            "createdAt": created_at.isoformat(timespec="microseconds"),
            "channel": "sms" if draft.media_url is None else "mms",
            "direction": "outbound",
            "from": draft.sender,
            "to": draft.to,
            "body": self._echoed(draft.body),
            "id": message_id,
        }
        if draft.media_url is not None:
            document["mediaUrl"] = draft.media_url
        return document | self._outcome(draft)

    def _echoed(self, body: str | None) -> str | None:
        return body.strip() if body is not None and self._fault == "tl-echo-trimmed" else body

    def _outcome(self, draft: Draft) -> dict[str, object]:
        failure = FAILURES.get(draft.to)
        if failure is None and draft.media_url is not None:
            return {"status": "queued"}
        if failure is None:
            return {"status": "sent", "sentAt": datetime.now(ZONE).isoformat(timespec="microseconds")}
        error_type, message = failure
        if self._fault == "tl-routing-neighbour" and error_type == "routing_error":
            error_type = "provider_error"
        outcome: dict[str, object] = {"status": "failed", "errorType": error_type, "errorMessage": message}
        return outcome | {"sentAt": None} if self._fault == "tl-sent-at-null" else outcome

    def _next_id(self) -> str:
        self._sent_count += 1
        if self._fault != "tl-id-repeats" or self._sent_count % 12:
            self._last_id = f"msg_{secrets.token_urlsafe(15)}"
        return self._last_id


def _created(document: dict[str, object], status: int) -> Reply:
    return Reply(status=status, document=document, media_type='Application/JSON; Charset="UTF-8"', streamed=True)


def _problem(rejected: Rejected, *fields: tuple[str, str]) -> Reply:
    errors = [{"code": rejected.code, "detail": rejected.detail}]
    document: dict[str, object] = {"title": "The request was refused", "status": rejected.status, "errors": errors}
    return Reply(status=rejected.status, document=document, media_type=PROBLEM, fields=fields)


def _check_representation(request: Request) -> None:
    if any(coding.strip().lower() not in ("", "identity") for coding in request.values("content-encoding")):
        raise Rejected(415, "http.415", "The body must not be compressed")
    for value in request.values("content-type"):
        media_type = value.partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise Rejected(415, "http.415", "The body must be JSON")


def _basic_credentials(value: str) -> tuple[str, str] | None:
    """Return key id and secret of a Basic Authorization field (RFC 7617), or None."""
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(token.strip(" ").encode("ascii"), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    key_id, colon, secret = decoded.partition(":")
    return (key_id, secret) if colon else None
