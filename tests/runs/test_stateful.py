"""State machines against the mocks: any order of sends, retries, failures and pauses, beside a model of the promises.

They find faults of state that are planted here, and that the scripted scenarios do not find.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sendproof.judge.verdicts import FAIL
from sendproof.mock import accounts, textflow, textingline
from sendproof.mock.accounts import Settings, TextflowKey
from sendproof.mock.endpoint import Counts
from sendproof.mock.http_messages import Call, Reply
from sendproof.mock.idempotency_keys import Remembered, Sending
from sendproof.mock.throttle import FixedWindow
from sendproof.mock.virtual_clock import VirtualClock
from sendproof.runs.trial import judged, load_contract_once, recorded, subjects

ACCOUNTS = ("main", "metered")
KEYS = tuple(f"order-{number}" for number in range(9))
TEXTS = ("one", "two")
RECIPIENTS = (accounts.RECIPIENTS[0], accounts.FAILING_RECIPIENTS["opted_out"])
MEDIA = "https://example.com/images/promo.jpg"
LIMIT, WINDOW_S = 3, 60.0
FEW = settings(
    max_examples=60, stateful_step_count=40, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


class StillClock:
    def now(self) -> float:
        return 1773585000.0


def call(path: str, document: object, headers: dict[str, str]) -> Call:
    body = json.dumps(document).encode()
    fields = {"content-type": "application/json", **headers}
    return Call(method="POST", path=path, headers=fields, body=body, oversized=False, ordinal=1)


class Messages(RuleBasedStateMachine):
    """Two accounts of TextingLine, one with few credits: idempotency and credits."""

    mock_rules = textingline.RULES

    @initialize(balance=st.integers(0, 30))
    def open_accounts(self, balance: int) -> None:
        self.known = accounts.textingline_accounts(Settings(metered_balance=balance))
        self.service = textingline.Service(
            rules=self.mock_rules,
            accounts=tuple(self.known.values()),
            clock=VirtualClock(StillClock()),
            counts=Counts(),
            rng=random.Random(0),
        )
        self.left: dict[str, int | None] = {"main": None, "metered": balance}
        self.sent: dict[tuple[str, str], tuple[Any, str]] = {}
        self.ids: set[str] = set()

    async def _ask(self, account: str, document: dict[str, Any]) -> Reply:
        pair = f"{self.known[account].key_id}:{self.known[account].key_secret}"
        headers = {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        return await self.service.respond(call(textingline.PATH, document, headers))

    def _together(self, account: str, document: dict[str, Any], count: int) -> list[Reply]:
        async def gathered() -> list[Reply]:
            return list(await asyncio.gather(*(self._ask(account, document) for _ in range(count))))

        return asyncio.run(gathered())

    @rule(
        account=st.sampled_from(ACCOUNTS),
        key=st.none() | st.sampled_from(KEYS),
        text=st.sampled_from(TEXTS),
        to=st.sampled_from(RECIPIENTS),
        media=st.booleans(),
        count=st.integers(1, 3),
    )
    def send(self, account: str, key: str | None, text: str, to: str, media: bool, count: int) -> None:
        document = {"to": to, "from": accounts.DEFAULT_SENDER, "body": text}
        document |= {"mediaUrl": MEDIA} if media else {}
        document |= {"idempotencyKey": key} if key else {}
        for reply in self._together(account, document, count):
            self._check(account, key, document, reply)

    def _check(self, account: str, key: str | None, document: dict[str, Any], reply: Reply) -> None:
        known = self.sent.get((account, key)) if key else None
        if known is not None:
            if known[0] == document:
                assert (reply.status, reply.document.get("id")) == (201, known[1]), "a retry is the message it repeats"
            return
        price, left = 3 if "mediaUrl" in document else 2, self.left[account]
        if left is not None and price > left:
            assert reply.status // 100 == 4, "what the balance does not cover is refused"
            return
        assert reply.status == 201, "what the balance covers is let in"
        assert reply.document["id"] not in self.ids, "every message has an id of its own"
        self.ids.add(reply.document["id"])
        self.left[account] = None if left is None else left - price
        if key:
            self.sent[account, key] = (document, reply.document["id"])

    @rule(account=st.sampled_from(ACCOUNTS), key=st.none() | st.sampled_from(KEYS))
    def be_refused(self, account: str, key: str | None) -> None:
        document = {"to": RECIPIENTS[0], "from": accounts.FOREIGN_SENDER, "body": "x"}
        document |= {"idempotencyKey": key} if key else {}
        reply = self._together(account, document, 1)[0]
        assert reply.status // 100 == 4, "a foreign sender is refused, before and after"


class Limits(RuleBasedStateMachine):
    """One limited key of TextFlow and one that is not, and a clock: rate windows."""

    mock_rules = textflow.RULES

    @initialize()
    def open_keys(self) -> None:
        self.clock = VirtualClock(StillClock())
        self.keys = accounts.textflow_keys(Settings(limit_per_minute=LIMIT, window_s=WINDOW_S))
        self.service = textflow.Service(
            rules=self.mock_rules,
            keys=tuple(self.keys.values()),
            clock=self.clock,
            counts=Counts(),
            rng=random.Random(0),
        )
        self.let_in: list[float] = []

    def _ask(self, key: str) -> Reply:
        document = {"to": RECIPIENTS[0], "message": "one"}
        headers = {"x-api-key": self.keys[key].value}
        return asyncio.run(self.service.respond(call(textflow.PATH, document, headers)))

    @rule(seconds=st.sampled_from([0.0, 1.0, 20.0, WINDOW_S - 0.5, WINDOW_S, 3 * WINDOW_S]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def send_without_limit(self) -> None:
        assert self._ask("main").status == 200, "the limit of one key leaves another alone"

    @rule(count=st.integers(1, LIMIT + 3))
    def send(self, count: int) -> None:
        for _ in range(count):
            now = self.clock.now()
            recent = [at for at in self.let_in if now - at < WINDOW_S]
            reply = self._ask("rate_limited")
            assert reply.status in (200, 429)
            if all(at == now for at in recent):
                assert (reply.status == 200) is (len(recent) < LIMIT), "after a pause the limit is let in, and no more"
            self.let_in += [now] if reply.status == 200 else []
            assert len(recent) + (reply.status == 200) <= 2 * LIMIT, "two windows let in twice the limit"


class Evicting(Remembered[textingline.Record]):
    """Remember no more than five keys."""

    async def once(self, key: Hashable, payload: Hashable, send: Sending[textingline.Record]) -> textingline.Record:
        for old in list(self._kept)[:-5]:
            del self._kept[old]
        return await super().once(key, payload, send)


class ForgettingFailed(Remembered[textingline.Record]):
    """Forget a message that could not be delivered."""

    async def once(self, key: Hashable, payload: Hashable, send: Sending[textingline.Record]) -> textingline.Record:
        record = await super().once(key, payload, send)
        if record.error_type:
            del self._kept[key]
        return record


class Resending(Remembered[textingline.Record]):
    """Let every seventh use of a key through to the carrier."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[Hashable, int] = {}

    async def once(self, key: Hashable, payload: Hashable, send: Sending[textingline.Record]) -> textingline.Record:
        self._seen[key] = self._seen.get(key, 0) + 1
        record = await super().once(key, payload, send)
        return await send() if self._seen[key] % 7 == 0 else record


class Punishing(FixedWindow):
    """Lock a key out for ten windows after four refusals in a row."""

    def __init__(self) -> None:
        super().__init__()
        self._refused, self._until = 0, 0.0

    def admit(self, key: TextflowKey, now: float) -> float | None:
        if key.limit_per_window is None:
            return None
        if now < self._until:
            return self._until - now
        wait_s = super().admit(key, now)
        self._refused = 0 if wait_s is None else self._refused + 1
        if self._refused == 4:
            self._until, self._refused = now + 10 * key.window_s, 0
        return wait_s


class Tiring(FixedWindow):
    """Let one less in after a key was over its limit in five windows."""

    def __init__(self) -> None:
        self._over: set[float] = set()
        super().__init__(limit_of=self._limit)

    def _limit(self, key: TextflowKey) -> int | None:
        limit = key.limit_per_window
        return limit - 1 if limit is not None and len(self._over) > 4 else limit

    def admit(self, key: TextflowKey, now: float) -> float | None:
        wait_s = super().admit(key, now)
        self._over |= {now + wait_s} if wait_s is not None else set()
        return wait_s


PLANTED: dict[str, tuple[type[Any], str, Callable[[Any], Any]]] = {
    "keys-evicted": (Messages, "textingline", lambda r: replace(r, idempotency=lambda clock: Evicting())),
    "failed-forgotten": (Messages, "textingline", lambda r: replace(r, idempotency=lambda clock: ForgettingFailed())),
    "seventh-retry-sent": (Messages, "textingline", lambda r: replace(r, idempotency=lambda clock: Resending())),
    "refusals-punished": (Limits, "textflow", lambda r: replace(r, throttle=Punishing)),
    "limit-tires": (Limits, "textflow", lambda r: replace(r, throttle=Tiring)),
}


@pytest.mark.parametrize("machine", [Messages, Limits])
def test_faultless_mock_keeps_the_promises_in_any_order(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_of_state_is_found(name: str) -> None:
    machine, _, change = PLANTED[name]
    broken = type(name, (machine,), {"mock_rules": change(machine.mock_rules)})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(broken, settings=settings(FEW, max_examples=400, phases=[Phase.generate]))


# What is asked again at the end of a run shows this one.
SCRIPTED = {"keys-evicted": {"tl.idempotency.replay-same-id"}}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_most_planted_faults_of_state_escape_the_scripted_scenarios(name: str) -> None:
    _, provider, change = PLANTED[name]
    recording = recorded(subjects([provider])[0], 0, 100, change=change)
    failed = {item.clause.id for item in judged(load_contract_once(provider), recording) if item.verdict == FAIL}
    assert failed == SCRIPTED.get(name, set())
