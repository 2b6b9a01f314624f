"""A provider's facts (`provider.toml`), parsed once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sendproof.contract.outcome import Outcome, OutcomeRules, outcome_of, outcome_rules
from sendproof.contract.typed_toml import converted
from sendproof.errors import ContractError

FIELD_ROLES = ("recipient", "sender", "text", "media", "idempotency")
FixtureKind = Literal["key", "sender", "text", "media", "rate_limit", "metered", "recipients"]
Spelling = Literal["e164", "eleven_digits", "ten_digits", "formatted", "formatted_eleven_digits", "digits"]
_Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", description="a name of small letters, digits and low lines")]
_Pointer = Annotated[str, Meta(pattern="^(?:/[^/]+)+$", description="a JSON pointer such as /data/id")]


class BodyFormat(StrEnum):
    """How the fields of a message are written."""

    JSON = "json"
    FORM = "form"

    @property
    def media_type(self) -> str:
        """Return the media type of a body."""
        return {BodyFormat.JSON: "application/json", BodyFormat.FORM: "application/x-www-form-urlencoded"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One thing that a target profile may offer, and the clauses it unlocks."""

    name: str
    kind: str
    state: str | None
    causes: tuple[str, ...]
    unlocks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider: its operation, how credentials travel, numbering, prices, fixtures.

    `path` may have parts of the credentials in braces. `credential_scheme` is "basic", "header" for a bare key in
    a field, or "word" for a key behind `credential_word`. `refusal_code` is the pointer to the error code, where there
    is one: without it, a code counts wherever it stands. `run_against_vendor` is False for a pack that was only read
    from public documents. `fields` maps a role (`FIELD_ROLES`) to the request field that plays it, `answer` a
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
    run_against_vendor: bool
    method: str
    path: str
    body_format: BodyFormat
    example_text: str
    credential_scheme: str
    credential_header: str
    credential_word: str
    credential_parts: tuple[str, ...]
    fields: Mapping[str, str]
    optional: frozenset[str]
    number_plan: str
    spellings: tuple[str, ...]
    recipients_as_list: bool
    max_length: int
    answer: Mapping[str, str]
    outcomes: OutcomeRules
    refusal_text: str | None
    refusal_code: str | None
    not_sent: Mapping[str, str]
    unexcludable_codes: tuple[int | str, ...]
    unexcludable_of_text: tuple[int | str, ...]
    unexcludable_texts: tuple[tuple[str, str], ...]
    has_default_sender: bool
    prices: Mapping[str, int]
    fixtures: Mapping[str, Fixture]

    @classmethod
    def from_toml(cls, data: Mapping[str, Any], *, where: str) -> Provider:
        """Parse the content of a `provider.toml`; `where` names the file in errors."""
        return _provider(data, where=where)

    @cached_property
    def path_pattern(self) -> re.Pattern[str]:
        """What the path of the operation ends with: of its own part in braces, any value."""
        pieces = re.split(r"\{[^{}]*\}", self.path)
        return re.compile(rf"{'[^/]+'.join(map(re.escape, pieces))}\Z")

    @property
    def standing(self) -> str:
        """What a reader has to know of the reading; empty where runs against the vendor showed that it is right."""
        return "" if self.run_against_vendor else "read from public documents, not yet run against the vendor"

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


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A table of a `provider.toml`: what it does not name is an error."""


class _Operation(_Table, frozen=True, kw_only=True):
    id: str
    method: Literal["POST", "PUT", "PATCH"]
    path: Annotated[str, Meta(pattern=r"^/[!-~]*$", description="a path such as /v1/messages")]
    body: BodyFormat = BodyFormat.JSON
    example_text: Annotated[str, Meta(min_length=1)]


class _Credentials(_Table, frozen=True, kw_only=True):
    scheme: Literal["header", "basic"]
    parts: Annotated[list[_Name], Meta(min_length=1)]
    header: str = "Authorization"
    word: str | None = None


class _Fields(_Table, frozen=True, kw_only=True):
    recipient: str
    text: str
    sender: str | None = None
    media: str | None = None
    idempotency: str | None = None


class _Optional(_Table, frozen=True, kw_only=True):
    sender: bool = False
    media: bool = False
    idempotency: bool = False


class _Numbers(_Table, frozen=True, kw_only=True):
    plan: Literal["e164", "nanp", "digits"]
    spellings: Annotated[list[Spelling], Meta(min_length=1)]
    recipients: Literal["one", "list"] = "one"


class _Text(_Table, frozen=True, kw_only=True):
    max_length: Annotated[int, Meta(ge=1)]


class _Answer(_Table, frozen=True, kw_only=True):
    id: _Pointer
    status: _Pointer | None = None
    recipient: _Pointer | None = None
    sender: _Pointer | None = None
    text: _Pointer | None = None
    error_type: _Pointer | None = None


class _Refusal(_Table, frozen=True, kw_only=True):
    text: _Pointer | None = None
    code: _Pointer | None = None


class _NotSent(_Table, frozen=True, kw_only=True):
    recipient: str | None = None
    sender: str | None = None
    text: str | None = None


class _Account(_Table, frozen=True, kw_only=True):
    default_sender: bool = False


class _Prices(_Table, frozen=True, kw_only=True):
    sms: Annotated[int, Meta(ge=0)]
    mms: Annotated[int, Meta(ge=0)]


class _Unexcludable(_Table, frozen=True, kw_only=True):
    code: int | str | None = None
    pointer: _Pointer | None = None
    equals: str | None = None
    about: Literal["text"] | None = None


class _Fixture(_Table, frozen=True, kw_only=True):
    kind: FixtureKind
    unlocks: list[str]
    state: str | None = None
    causes: list[str] = []


class _File(_Table, frozen=True, kw_only=True):
    format: Literal[2]
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", description="a name of small letters, digits and hyphens")]
    title: str
    base_url: Annotated[
        str, Meta(pattern=r"^https?://[!-~]+[^/]$", description="an address without a solidus at its end")
    ]
    document: str
    run_against_vendor: bool = True
    operation: _Operation
    credentials: _Credentials
    fields: _Fields
    optional: _Optional = _Optional()
    numbers: _Numbers
    text: _Text
    answer: _Answer
    outcome: dict[str, Any]
    refusal: _Refusal = _Refusal()
    not_sent: _NotSent = _NotSent()
    account: _Account = _Account()
    prices: _Prices | None = None
    unexcludable: list[_Unexcludable] = []
    fixtures: dict[_Name, _Fixture] = {}


def _given(table: _Table | None) -> Mapping[str, Any]:
    """Return what a table says, without what it leaves out."""
    values = {} if table is None else msgspec.structs.asdict(table)
    return MappingProxyType({name: value for name, value in values.items() if value is not None})


def _provider(data: Mapping[str, Any], *, where: str) -> Provider:
    file = converted(data, _File, where=where)
    operation, credentials = file.operation, file.credentials
    in_path = re.findall(r"\{([^{}]*)\}", operation.path)
    if unknown := [part for part in in_path if part not in credentials.parts]:
        raise ContractError(
            f"{where}: operation.path: expected one of credentials.parts in braces, got {unknown[0]!r}. Correct it."
        )
    if credentials.scheme == "basic" and len(credentials.parts) != 2:
        raise ContractError(f"{where}: credentials.parts: expected two for basic, got {len(credentials.parts)}.")
    if credentials.scheme == "header" and len(credentials.parts) != 1:
        raise ContractError(f"{where}: credentials.parts: expected one for header, got {len(credentials.parts)}.")
    for index, item in enumerate(file.unexcludable):
        if (item.code is None) == (item.pointer is None) or (item.pointer is None) != (item.equals is None):
            raise ContractError(f"{where}: unexcludable[{index}]: expected a code, or pointer and equals.")
    return Provider(
        name=file.name,
        title=file.title,
        base_url=file.base_url,
        document=file.document,
        run_against_vendor=file.run_against_vendor,
        method=operation.method,
        path=operation.path,
        body_format=operation.body,
        example_text=operation.example_text,
        credential_scheme="word" if credentials.word else credentials.scheme,
        credential_header=credentials.header,
        credential_word=credentials.word or "",
        credential_parts=tuple(credentials.parts),
        fields=_given(file.fields),
        optional=frozenset(role for role, yes in _given(file.optional).items() if yes),
        number_plan=file.numbers.plan,
        spellings=tuple(file.numbers.spellings),
        recipients_as_list=file.numbers.recipients == "list",
        max_length=file.text.max_length,
        answer=_given(file.answer),
        outcomes=outcome_rules(file.outcome, where=where),
        refusal_text=file.refusal.text,
        refusal_code=file.refusal.code,
        not_sent=_given(file.not_sent),
        unexcludable_codes=tuple(item.code for item in file.unexcludable if item.code is not None),
        unexcludable_of_text=tuple(item.code for item in file.unexcludable if item.code is not None and item.about),
        unexcludable_texts=tuple(
            (item.pointer, item.equals) for item in file.unexcludable if item.pointer and item.equals
        ),
        has_default_sender=file.account.default_sender,
        prices=_given(file.prices),
        fixtures=MappingProxyType(
            {
                name: Fixture(
                    name=name, kind=item.kind, state=item.state, causes=tuple(item.causes), unlocks=tuple(item.unlocks)
                )
                for name, item in file.fixtures.items()
            }
        ),
    )
