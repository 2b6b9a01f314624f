"""Answer TextingLine's "Send a Message".

Freedoms taken where the document is silent:

- errors are application/problem+json with an `errors` list of objects, whose `errorCode` is a string;
- absent credentials 401, wrong ones 403, fields 422, unknown fields 422, no JSON 400, a key for another order 409;
- 33004 is 403, 33009 is 409, 33016 is 422, 33019 is 451, 33023 is 402;
- SMS are 201 and sent, MMS are queued (sentAt not there yet), failed ones always 201;
- a retry with a known idempotency key gets the first message again, with 200 (201 when that failed);
- an idempotency key is remembered once a message was accepted, also a failed one; refused requests leave it free;
- concurrent retries wait for the first one; keys belong to their credentials and have 1 to 255 characters;
- failed messages consume credits; MMS take 3 from the one balance; null is the same as absent;
- times are UTC with microseconds and +00:00, in the `queued` answers too; body is absent for an MMS without one;
- additional fields `mediaUrl`, `kind` and `creditsUsed`; keys are in alphabetical order;
- the media type of the request is not looked at; media is not fetched; mediaUrl has to be http or https;
- control characters other than tab and line breaks, private use characters and surrogates are unsupported (33016);
- fields are checked first, then the body's content, then the sender, then the credits.
"""

import asyncio
import base64
import binascii
import hmac
import html
import random
import string
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .accounts import LINE_FAILING, LINE_INACTIVE_SENDER, LINE_SENDERS, Wallet, wallets
from .orders import Order, Refusal, read_order, refuse_content
from .wire import Answer, Wire

PATH: Final = "/api/v1/messaging/message"
_SMS_CREDITS: Final = 2
_MMS_CREDITS: Final = 3
# How long a step takes that should have been one with the step before it.
_LAG_MS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    order: Order
    message: dict[str, object]


class TextingLine:
    """Keep the wallets and idempotency keys of one server."""

    def __init__(self, fault: str | None) -> None:
        self._fault = fault
        self._wire = Wire()
        self._wallets = wallets()
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._random = random.SystemRandom()

    def app(self) -> Starlette:
        """Build the app; a path with a trailing slash is not found rather than redirected."""
        app = Starlette(
            routes=[Route(PATH, self._send, methods=["POST"])],
            exception_handlers={HTTPException: self._refuse_route, Exception: self._report_crash},
        )
        app.router.redirect_slashes = False
        return app

    async def _send(self, request: Request) -> Response:
        raw = await self._wire.read(request)
        await self._wire.linger(1.0, 5.0)
        try:
            wallet = self._authenticate(request.headers.getlist("authorization"))
            if raw is None:
                raise Refusal(413, "BODY_TOO_LARGE", "The body is too large.")
            order, key = read_order(raw, self._fault)
            answer = await self._accept(wallet, order, key)
        except Refusal as refusal:
            answer = self._problem(refusal)
        return self._wire.respond(request, answer)

    def _authenticate(self, values: list[str]) -> Wallet:
        if not values:
            raise Refusal(401, "CREDENTIALS_ABSENT", "A key id and a key secret are required.")
        key_id, secret = _basic(values[0]) if len(values) == 1 else (b"", b"")
        wallet = self._wallets.get(key_id)
        if wallet is None or not self._is_secret(wallet.key_secret.encode(), secret):
            raise Refusal(403, "CREDENTIALS_REFUSED", "The key id or the key secret is wrong.")
        return wallet

    def _is_secret(self, right: bytes, given: bytes) -> bool:
        if self._fault == "secret-case-folded":
            return hmac.compare_digest(right.lower(), given.lower())
        if self._fault == "secret-compared-by-zip":
            return bool(given) and all(a == b for a, b in zip(right, given, strict=False))
        return hmac.compare_digest(right, given)

    async def _accept(self, wallet: Wallet, order: Order, key: str | None) -> Answer:
        if key is None:
            return _accepted(await self._transmit(wallet, order))
        slot = (wallet.key_id, key)
        async with self._turn(slot):
            kept = self._kept.get(slot)
            if kept is not None:
                return self._replay(wallet, order, kept)
            message = await self._transmit(wallet, order)
            if self._fault == "idempotency-last-key":
                self._kept.clear()
            self._kept[slot] = _Kept(order=order, message=message)
            return _accepted(message)

    def _turn(self, slot: tuple[str, str]) -> asyncio.Lock:
        if self._fault == "idempotency-race":
            return asyncio.Lock()
        return self._locks.setdefault(slot, asyncio.Lock())

    def _replay(self, wallet: Wallet, order: Order, kept: _Kept) -> Answer:
        if kept.order != order:
            raise Refusal(409, "KEY_REUSED", "The idempotency key was used for another message.", "/idempotencyKey")
        if self._fault == "replay-charged":
            wallet.credits -= min(wallet.credits, self._price(order))
        status = 201 if kept.message["status"] == "failed" else 200
        return Answer(status=status, content=kept.message, headers={"Idempotent-Replayed": "true"})

    async def _transmit(self, wallet: Wallet, order: Order) -> dict[str, object]:
        created = datetime.now(UTC)
        if self._fault == "refusal-charged":
            await self._charge(wallet, order)
        refuse_content(order.body or "", self._fault)
        self._refuse_sender(order.sender)
        if self._fault != "refusal-charged":
            await self._charge(wallet, order)
        await self._wire.linger(2.0, 6.0)
        if self._fault == "idempotency-race":
            await self._wire.linger(_LAG_MS, _LAG_MS)
        return self._message(order, created)

    def _refuse_sender(self, sender: str) -> None:
        if sender in LINE_SENDERS:
            return
        if sender == LINE_INACTIVE_SENDER and self._fault != "inactive-as-unassigned":
            raise Refusal(409, "33009", "The from number is not in an active state.", "/from")
        raise Refusal(403, "33004", "The from number is not assigned to your account.", "/from")

    async def _charge(self, wallet: Wallet, order: Order) -> None:
        # No await between the look and the taking: orders that arrive together must not spend the same credits.
        price = self._price(order)
        if wallet.credits < price + (self._fault == "credits-exact-refused"):
            raise Refusal(402, "33023", "The credits left do not cover this message.")
        if self._fault == "credits-race":
            await self._wire.linger(_LAG_MS, _LAG_MS)
        wallet.credits -= price

    def _price(self, order: Order) -> int:
        is_mms = order.media_url is not None and self._fault != "mms-priced-as-sms"
        return _MMS_CREDITS if is_mms else _SMS_CREDITS

    def _message(self, order: Order, created: datetime) -> dict[str, object]:
        kind = "sms" if order.media_url is None else "mms"
        message: dict[str, object] = {
            "id": "msg_" + "".join(self._random.choices(string.ascii_lowercase + string.digits, k=26)),
            "direction": "outbound",
            "to": order.to,
            "from": order.sender,
            "createdAt": str(created) if self._fault == "created-at-spaced" else _timestamp(created),
            "kind": kind,
            "creditsUsed": self._price(order),
        }
        if order.body is not None:
            message["body"] = self._echo(order.body)
        if order.media_url is not None:
            message["mediaUrl"] = order.media_url
        message |= self._outcome(order, kind)
        return dict(sorted(message.items()))

    def _echo(self, body: str) -> str:
        if self._fault == "body-html-escaped":
            return html.escape(body)
        if self._fault == "body-composed":
            return unicodedata.normalize("NFC", body)
        return body

    def _outcome(self, order: Order, kind: str) -> dict[str, object]:
        failure = LINE_FAILING.get(order.to)
        if failure is not None:
            return self._failure(*failure)
        outcome: dict[str, object] = {"status": "queued"}
        if kind == "sms":
            outcome = {"status": "sent", "sentAt": _timestamp(datetime.now(UTC))}
        if self._fault == "sent-with-null-error":
            outcome |= {"errorType": None, "errorMessage": None}
        return outcome

    def _failure(self, error_type: str, error_message: str) -> dict[str, object]:
        if self._fault == "geographic-as-http-error" and error_type == "geographic_restriction":
            raise Refusal(422, "DELIVERY_BLOCKED", error_message, "/to")
        outcome: dict[str, object] = {"status": "failed", "errorType": error_type, "errorMessage": error_message}
        if self._fault == "failed-with-null-sent-at":
            outcome["sentAt"] = None
        return outcome

    async def _refuse_route(self, request: Request, error: Exception) -> Response:
        await self._wire.read(request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        answer = self._problem(Refusal(status, "ROUTE_UNKNOWN", "There is no such operation."))
        more = error.headers if isinstance(error, HTTPException) and error.headers else {}
        headers = {**answer.headers, **more}
        return self._wire.respond(request, Answer(status=status, content=answer.content, headers=headers))

    async def _report_crash(self, request: Request, error: Exception) -> Response:
        return self._wire.respond(request, self._problem(Refusal(500, "INTERNAL", "Something went wrong.")))

    def _problem(self, refusal: Refusal) -> Answer:
        entry = {"errorCode": refusal.code, "explanation": refusal.detail, "pointer": refusal.pointer}
        # Letters only: nobody shall find an error code in a trace by chance.
        trace = "".join(self._random.choices(string.ascii_lowercase, k=16))
        return Answer(
            status=refusal.status,
            content={"title": "The request was refused", "trace": trace, "errors": [entry]},
            media_type="application/problem+json",
            headers={"WWW-Authenticate": 'Basic realm="messaging", charset="UTF-8"'} if refusal.status == 401 else {},
        )


def _accepted(message: dict[str, object]) -> Answer:
    return Answer(status=201, content=message)


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _basic(value: str) -> tuple[bytes, bytes]:
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        decoded = base64.b64decode(token.strip(" ").encode("latin-1"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b"", b""
    key_id, _, secret = decoded.partition(b":")
    return key_id, secret
