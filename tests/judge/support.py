"""Exchanges as the tests of the judge write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sendproof.account import Account, RateLimit
from sendproof.contract.model import Contract, load_contract
from sendproof.exchange import Credential, Exchange, Request, Response, TransportFailure
from sendproof.judge.history import judge
from sendproof.judge.verdicts import Finding, Judged

RECIPIENT, OTHER, OPTED_OUT = "+12025550123", "+12025550124", "+12025550126"
SENDER, SECOND, INACTIVE, FOREIGN = "+13035550101", "+13035550102", "+13035550103", "+13035550104"
MEDIA = "https://example.com/images/promo.jpg"
MAIN = Credential(key="main")

ACCOUNT = Account(
    keys={
        "main": "active",
        "inactive": "inactive",
        "no_credits": "no_credits",
        "metered": "metered",
        "rate_limited": "rate_limited",
        "daily_exhausted": "daily_exhausted",
        "no_numbers": "no_numbers",
    },
    senders={SENDER: "active", SECOND: "active", INACTIVE: "inactive", FOREIGN: "unassigned"},
    recipients={RECIPIENT: "deliverable", OTHER: "deliverable", OPTED_OUT: "opted_out"},
    texts={"casino": "noncompliant", "rune": "unsupported"},
    media_urls=frozenset({MEDIA}),
    balances={"metered": 7},
    mms_balances={"metered": None},
    rate_limits={"rate_limited": RateLimit(limit=2, window_s=60.0)},
    default_sender=SENDER,
)
LINE, FLOW = load_contract("textingline"), load_contract("textflow")


class Talk:
    """Exchanges in a row, a second apart, with ids x1, x2, …"""

    def __init__(self, contract: Contract, path: str) -> None:
        self.contract, self.path = contract, path
        self.exchanges: list[Exchange] = []
        self.time_s = 0.0

    def say(
        self,
        body: Any,
        status: int | None,
        answer: Any = None,
        *,
        credential: Credential = MAIN,
        method: str = "POST",
        media_type: str = "application/json",
        failure: str | None = None,
        elapsed_s: float = 0.01,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> str:
        """Add an exchange and return its id; bytes stand for themselves, other values are JSON."""
        self.time_s += 1
        identity = f"x{len(self.exchanges) + 1}"
        fields = (("Content-Type", media_type), *headers)
        response = None if status is None else Response(status=status, headers=fields, body=_bytes(answer))
        self.exchanges.append(
            Exchange(
                id=identity,
                request=Request(
                    method=method, path=self.path, headers=(("Content-Type", "application/json"),), body=_bytes(body)
                ),
                response=response,
                credential=credential,
                started_s=self.time_s,
                elapsed_s=elapsed_s,
                failure=TransportFailure(failure) if failure else None,
            )
        )
        return identity

    def findings(self) -> tuple[Finding, ...]:
        """Judge all of it."""
        return self.judged().findings

    def judged(self) -> Judged:
        """Judge all of it, and return what each exchange says, too."""
        return judge(self.contract, ACCOUNT, self.exchanges)

    def of(self, kind: str) -> set[str]:
        """Return the clauses with a finding of this kind."""
        return {finding.clause for finding in self.findings() if finding.kind == kind}

    def values(self, clause: str) -> set[str | None]:
        """Return what was observed of an open clause."""
        return {finding.value for finding in self.findings() if finding.clause == clause}


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def line() -> Talk:
    """Return an empty talk with TextingLine."""
    return Talk(LINE, "/api/v1/messaging/message")


def flow() -> Talk:
    """Return an empty talk with TextFlow."""
    return Talk(FLOW, "/api/v1/messages/send")


def line_message(**changes: Any) -> dict[str, Any]:
    """Return a valid TextingLine message; ... leaves a field out."""
    return _changed({"to": RECIPIENT, "from": SENDER, "body": "hi"}, changes)


def line_answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a right TextingLine answer to `line_message()`."""
    answer = {
        "id": f"msg_{number}",
        "direction": "outbound",
        "to": RECIPIENT,
        "from": SENDER,
        "body": "hi",
        "status": "sent",
        "sentAt": "2026-03-15T14:30:05.000Z",
        "createdAt": "2026-03-15T14:30:00.000Z",
    }
    return _changed(answer, changes)


def failed_answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a right TextingLine answer to a message that cannot be delivered."""
    failed = {
        "to": OPTED_OUT,
        "status": "failed",
        "sentAt": ...,
        "errorType": "opted_out",
        "errorMessage": "They said no.",
    }
    return line_answer(number, **{**failed, **changes})


def flow_message(**changes: Any) -> dict[str, Any]:
    """Return a valid TextFlow message."""
    return _changed({"to": RECIPIENT, "message": "hi"}, changes)


def flow_answer(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a right TextFlow answer; the changes are of `data`."""
    data = _changed({"messageId": f"m{number}", "to": RECIPIENT, "from": SENDER, "status": "sent"}, changes)
    return {"success": True, "message": "Sent.", "data": data}


def flow_refusal(text: str = "Something else") -> dict[str, Any]:
    """Return a right TextFlow refusal."""
    return {"success": False, "error": text}


def line_refusal(code: Any = 33001) -> dict[str, Any]:
    """Return a TextingLine refusal of one shape."""
    return {"error": {"code": code, "message": "No."}}


def _changed(value: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in {**value, **changes}.items() if item is not ...}
