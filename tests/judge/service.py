"""A service as small as a model of one: it answers what scenarios ask, as a world has it, on a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.corpus.case import Case
from sendproof.exchange import Credential, Exchange, Request, Response
from tests.judge.support import MEDIA, OTHER, RECIPIENT, SENDER

Answer = tuple[int, dict[str, Any]]
# Between two requests in a row, and from a request to its answer.
_PAUSE_S, _ELAPSED_S = 0.05, 0.01


class Service:
    """Stands in the place of a conversation: each case is answered by `answer(key, message, at_s, alone)`.

    `alone` is False for all but the first of those that are asked at once. What was asked stands in `exchanges`.
    """

    def __init__(self, contract: Contract, answer: Callable[[str, dict[str, Any], float, bool], Answer]) -> None:
        self._contract, self._answer = contract, answer
        self._tokens = (f"{number:04}{'token' * 4}" for number in count())
        self._late: list[tuple[float, Case]] = []
        self.now_s = 1000.0
        self._pause_s = _PAUSE_S
        self.exchanges: list[Exchange] = []

    def ask(self, case: Case) -> Exchange:
        """Answer a case."""
        return self.ask_once(case)

    def ask_once(self, case: Case) -> Exchange:
        """Answer a case."""
        [exchange] = self._asked([case])
        return exchange

    def slow_down(self, *, to_at_least_s: float) -> None:
        """Leave so many seconds between two questions from now on."""
        self._pause_s = to_at_least_s

    def ask_together(self, cases: list[Case]) -> list[Exchange]:
        """Answer cases that are sent at the same moment."""
        return list(self._asked(cases))

    def ask_late(self, case: Case, *, within_s: float) -> None:
        """Keep a case for `end`."""
        self._late.append((self.now_s + within_s, case))

    def end(self) -> None:
        """Answer what was to be asked late, at the latest moment."""
        for at_s, case in self._late:
            self.now_s = max(self.now_s, at_s)
            self.ask(case)

    def wait(self, seconds: float, why: str) -> None:
        """Let time pass."""
        self.now_s += seconds

    def token(self) -> str:
        """Return a text unlike any other."""
        return next(self._tokens)

    def accepted_left(self) -> int:
        """Return that as many may be accepted as are asked for."""
        return 10_000

    def _asked(self, cases: list[Case]) -> Iterator[Exchange]:
        started_s = self.now_s
        self.now_s += self._pause_s
        for number, case in enumerate(cases):
            body = case.body.replace(b"@{recipient}", RECIPIENT.encode()).replace(b"@{sender}", SENDER.encode())
            body = body.replace(b"@{recipient2}", OTHER.encode()).replace(b"@{fixture.media_url}", MEDIA.encode())
            status, answer = self._answer(case.key, json.loads(body), started_s, number == 0)
            exchange = Exchange(
                id=f"x{len(self.exchanges)}",
                request=Request(
                    method="POST",
                    path=self._contract.provider.path,
                    headers=(("Content-Type", "application/json"),),
                    body=body,
                ),
                response=Response(
                    status=status, headers=(("Content-Type", "application/json"),), body=json.dumps(answer).encode()
                ),
                credential=Credential(key=case.key),
                started_s=started_s,
                elapsed_s=_ELAPSED_S,
                case=case.id,
            )
            self.exchanges.append(exchange)
            yield exchange


def account(**facts: Any) -> Account:
    """Return what is known of an account with every key that a scenario uses."""
    keys = {"main": "active", "metered": "metered", "rate_limited": "rate_limited"}
    numbers = {RECIPIENT: "deliverable", OTHER: "deliverable"}
    known: dict[str, Any] = {"senders": {SENDER: "active"}, "recipients": numbers, "media_urls": frozenset({MEDIA})}
    return Account(keys=keys, default_sender=SENDER, **known, **facts)
