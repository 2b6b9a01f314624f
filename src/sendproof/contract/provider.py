"""A provider's facts (`provider.toml`), parsed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sendproof.contract.outcome import Outcome, OutcomeRules, outcome_of, outcome_rules
from sendproof.errors import ContractError

FIELD_ROLES = ("recipient", "sender", "text", "media", "idempotency")
FIXTURE_KINDS = ("key", "sender", "text", "media", "rate_limit", "metered", "recipients")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One thing that a target profile may offer, and the clauses it unlocks."""

    name: str
    kind: str
    state: str | None
    causes: tuple[str, ...]
    unlocks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider: its operation, how credentials travel, numbering, prices, fixtures.

    `fields` maps a role (`FIELD_ROLES`) to the request field that plays it, `answer` a
    role to a JSON pointer into an accepted answer. `prices` are credits by "sms", "mms".
    `outcomes` tell what an answer comes to, and `refusal_text` is the pointer to the text of a
    refusal, where there is one.
    `not_sent` is the error type, by role, of a message that is answered as failed where its form
    should have been refused. `unexcludable` are refusals that no request can rule out: error codes (int), those of
    them that speak of the message's text, and (pointer, text) pairs.
    """

    name: str
    title: str
    base_url: str
    document: str
    method: str
    path: str
    example_text: str
    credential_scheme: str
    credential_header: str
    credential_parts: tuple[str, ...]
    fields: Mapping[str, str]
    optional: frozenset[str]
    number_plan: str
    spellings: tuple[str, ...]
    max_length: int
    answer: Mapping[str, str]
    outcomes: OutcomeRules
    refusal_text: str | None
    not_sent: Mapping[str, str]
    unexcludable_codes: tuple[int, ...]
    unexcludable_of_text: tuple[int, ...]
    unexcludable_texts: tuple[tuple[str, str], ...]
    has_default_sender: bool
    prices: Mapping[str, int]
    fixtures: Mapping[str, Fixture]

    @classmethod
    def from_toml(cls, data: Mapping[str, Any], *, where: str) -> Provider:
        """Parse the content of a `provider.toml`; `where` names the file in errors."""
        try:
            return _provider(data, where=where)
        except (KeyError, TypeError) as error:
            raise ContractError(f"{where}: {error!r} is missing or of the wrong type.") from error

    @property
    def failed_status(self) -> str:
        """The status of a message that cannot be delivered; empty where the document has none."""
        rules = self.outcomes.get(Outcome.FAILED, ())
        return str(rules[0].equals) if rules else ""

    @property
    def media_fixture(self) -> str | None:
        """The name of the fixture that is media which the vendor can fetch."""
        return next((name for name, fixture in self.fixtures.items() if fixture.kind == "media"), None)

    def outcome(self, status: int, answer: Any, body: bytes) -> Outcome:
        """Return what an answer comes to; `answer` is the JSON value of its body."""
        return outcome_of(self.outcomes, status, answer, body)


def _provider(data: Mapping[str, Any], *, where: str) -> Provider:
    operation, credentials = data["operation"], data["credentials"]
    unexcludable = data.get("unexcludable", [])
    return Provider(
        name=data["name"],
        title=data["title"],
        base_url=data["base_url"],
        document=data["document"],
        method=operation["method"],
        path=operation["path"],
        example_text=operation["example_text"],
        credential_scheme=credentials["scheme"],
        credential_header=credentials.get("header", "Authorization"),
        credential_parts=tuple(credentials["parts"]),
        fields=MappingProxyType(dict(data["fields"])),
        optional=frozenset(role for role, yes in data["optional"].items() if yes),
        number_plan=data["numbers"]["plan"],
        spellings=tuple(data["numbers"]["spellings"]),
        max_length=data["text"]["max_length"],
        answer=MappingProxyType(dict(data["answer"])),
        outcomes=outcome_rules(data["outcome"], where=where),
        refusal_text=data["refusal"].get("text"),
        not_sent=MappingProxyType(dict(data.get("not_sent", {}))),
        unexcludable_codes=tuple(item["code"] for item in unexcludable if "code" in item),
        unexcludable_of_text=tuple(item["code"] for item in unexcludable if item.get("about") == "text"),
        unexcludable_texts=tuple((item["pointer"], item["equals"]) for item in unexcludable if "equals" in item),
        has_default_sender=data["account"]["default_sender"],
        prices=MappingProxyType(dict(data.get("prices", {}))),
        fixtures=MappingProxyType({name: _fixture(name, item) for name, item in data.get("fixtures", {}).items()}),
    )


def _fixture(name: str, item: Mapping[str, Any]) -> Fixture:
    if item["kind"] not in FIXTURE_KINDS:
        raise ContractError(f"fixtures.{name}: expected a kind of {FIXTURE_KINDS}, got {item['kind']!r}.")
    return Fixture(
        name=name,
        kind=item["kind"],
        state=item.get("state"),
        causes=tuple(item.get("causes", ())),
        unlocks=tuple(item["unlocks"]),
    )
