"""An exchange that was answered, read: what every check of a single exchange looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.contract.pointer import MISSING, at
from sendproof.contract.provider import Provider
from sendproof.contract.schema import Breach, ClauseSchema
from sendproof.exchange import REDACTED, Exchange, Response
from sendproof.judge.request_analysis import RequestAnalysis
from sendproof.judge.verdicts import CONTRADICTED, UPHELD, Finding, OfAnExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside an exchange itself when it is judged.

    `replay` says that its idempotency key was used more than once; `overdrawn` that the balance of its metered key does
    not cover the message (None: not metered); `vouched` that the account accepted a message with the same text later.
    `throttling` are the bodies of a 429 to other keys.
    """

    contract: Contract
    account: Account
    replay: bool = False
    overdrawn: bool | None = None
    vouched: bool = False
    throttling: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(OfAnExchange):
    """An exchange with its request analysed and its answer parsed; `value` is the JSON value, or MISSING."""

    context: Context
    exchange: Exchange
    response: Response
    analysis: RequestAnalysis
    value: Any

    @property
    def contract(self) -> Contract:
        """The contract that the exchange is judged by."""
        return self.context.contract

    @property
    def provider(self) -> Provider:
        """The facts of the provider."""
        return self.context.contract.provider

    @property
    def outcome(self) -> Outcome:
        """What the answer comes to by the rules of the provider."""
        return self.provider.outcome(self.response.status, self.value, self.response.body)

    @property
    def recipient_state(self) -> str:
        """What is known of the recipient: "deliverable", or the error type that it fails with."""
        return self.context.account.recipients.get(self.analysis.recipient or "", "deliverable")

    @property
    def is_failing(self) -> bool:
        """Whether the recipient is known to be one that cannot receive the message."""
        return self.recipient_state != "deliverable"

    def at_role(self, role: str) -> Any:
        """Return what stands in the answer where the provider puts the value of `role`, or MISSING."""
        pointer = self.provider.answer.get(role)
        return MISSING if pointer is None else at(self.value, pointer)

    def breaches(self, schema: ClauseSchema) -> tuple[Breach, ...]:
        """Return what the answer breaks of a schema; no JSON is judged as null is, which no schema permits.

        In the place of a secret it is unknown what stood there.
        """
        found = schema.breaches(None if self.value is MISSING else self.value)
        return tuple(breach for breach in found if not self._is_redacted(breach.pointer)) if found else found

    def _is_redacted(self, pointer: str) -> bool:
        value = at(self.value, pointer)
        return isinstance(value, str) and REDACTED in value


def schema_findings(
    answered: Answered,
    schema: ClauseSchema,
    breaches: Iterable[Breach],
    unless: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[Finding]:
    """Turn what an answer breaks of a schema, and what it keeps, into findings.

    `unless` are the clauses that explain a breach better, by its pointer.
    """
    broken: set[str] = set()
    for breach in breaches:
        if breach.clause in broken:
            continue
        broken.add(breach.clause)
        is_json = answered.value is not MISSING
        finding = answered.finding(
            CONTRADICTED,
            breach.clause,
            expected=breach.expected if is_json else answered.contract.clauses[breach.clause].claim,
            observed=breach.observed if is_json else "no JSON",
            unless=(unless or {}).get(breach.pointer, ()),
        )
        yield replace(finding, keyword=breach.keyword, pointer=breach.pointer) if is_json else finding
    if isinstance(answered.value, dict):
        for clause in schema.exercised(answered.value):
            if clause not in broken:
                yield answered.finding(UPHELD, clause)
