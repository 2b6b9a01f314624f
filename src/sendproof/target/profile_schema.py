"""The JSON Schema of a target profile, made of types: for editors, and for whoever writes profiles by program.

It says what a schema can: which keys there are, which are needed, of what type and size their values are. Variables,
files and contradictions are for `sendproof.target.profile_loader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sendproof.contract.provider import Fixture, Provider
from sendproof.target.profile_loader import E164, EXTRAS, SHAREABLE, WEEK_S, YEAR_S

SCHEMA_FILE = Path(__file__).with_name("profile.schema.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BILLION = 10**9


class Variable(Struct, forbid_unknown_fields=True):
    """An environment variable that holds the value."""

    env: Annotated[str, Meta(min_length=1)]


_Text = Annotated[str, Meta(min_length=1)]
_Secret = _Text | Variable
_Url = Annotated[str, Meta(pattern="^https?://[^/]")]
_Number = Annotated[str, Meta(pattern=f"^{E164.pattern}$", examples=["+15551234567"])] | Variable
_Numbers = Annotated[list[_Number], Meta(min_length=1)]
_Count = Annotated[int, Meta(ge=1, le=_BILLION)]
_Credits = Annotated[int, Meta(ge=0, le=_BILLION)]


class BudgetTable(Struct, forbid_unknown_fields=True):
    """What a run may spend."""

    max_requests: _Count | UnsetType = UNSET
    max_accepted: _Count | UnsetType = UNSET
    max_credits: _Credits | UnsetType = UNSET
    max_duration_s: Annotated[float, Meta(gt=0, le=WEEK_S)] | UnsetType = UNSET
    requests_per_second: Annotated[float, Meta(gt=0, le=10_000)] | UnsetType = UNSET
    retry_after_s: Annotated[float, Meta(gt=0, le=86_400.0)] | UnsetType = UNSET


class NetworkTable(Struct, forbid_unknown_fields=True):
    """How the target is reached; paths begin at the folder of the profile."""

    proxy: _Secret | UnsetType = UNSET
    ca_file: _Text | UnsetType = UNSET
    client_cert: _Text | UnsetType = UNSET
    client_key: _Text | UnsetType = UNSET
    headers: dict[str, _Secret] | UnsetType = UNSET


class BalanceTable(Struct, forbid_unknown_fields=True):
    """The credits of a key: one pool, or one for SMS and one for MMS."""

    credits: _Credits | UnsetType = UNSET
    sms: _Credits | UnsetType = UNSET
    mms: _Credits | UnsetType = UNSET


_POOLS = [{"required": ["credits"], "maxProperties": 1}, {"required": ["sms", "mms"], "maxProperties": 2}]
_EXTRA_TYPES: Mapping[str, Any] = {
    "limit_per_minute": _Count,
    "window_s": Annotated[float, Meta(gt=0, le=YEAR_S)],
    # "allOf", since the union is an "anyOf" itself.
    "balance": Annotated[_Credits | BalanceTable, Meta(extra_json_schema={"allOf": [{"anyOf": _POOLS}]})],
    "exclusive": bool,
}
_OPTIONAL = ("window_s", "exclusive")
_GIVEN: Mapping[str, Any] = {"sender": _Number, "text": _Secret, "media": _Url | Variable}


def profile_schema(*providers: Provider) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the profiles of one provider, or of any of several."""
    tops = [_top(provider) for provider in providers]
    roots, definitions = msgspec.json.schema_components(tops, ref_template="#/$defs/{name}")
    head = {"$schema": DIALECT, "title": "A target profile of sendproof"}
    if len(providers) == 1:
        return {**head, **roots[0], "$defs": definitions}
    names = [provider.name for provider in providers]
    chosen = [
        {"if": {"required": ["provider"], "properties": {"provider": {"const": name}}}, "then": root}
        for name, root in zip(names, roots, strict=True)
    ]
    known = {"required": ["provider"], "properties": {"provider": {"enum": names}}}
    # Of a pack in a folder nothing is known here.
    return {**head, "if": {"required": ["pack"]}, "else": {**known, "allOf": chosen}, "$defs": definitions}


def _top(provider: Provider) -> Any:
    account = {"senders": _Numbers, "recipients": _Numbers}
    default = {"default_sender": _Number} if provider.has_default_sender else {}
    fixtures = {name: _fixture(fixture, provider) for name, fixture in provider.fixtures.items()}
    needed = {
        "base_url": _Url,
        "credentials": _table(f"{provider.name}_credentials", _parts(provider)),
        "account": _table(f"{provider.name}_account", account, default),
    }
    others = {
        "provider": Literal[provider.name],
        "pack": Annotated[_Text, Meta(description="The folder of a pack.")],
        "allow_http": bool,
        "timeout_s": Annotated[float, Meta(gt=0, le=3600)],
        "network": NetworkTable,
        "budget": BudgetTable,
        "fixtures": _table(f"{provider.name}_fixtures", {}, fixtures),
    }
    named = [{"required": ["provider"]}, {"required": ["pack"]}]
    top = _table(f"{provider.name}_profile", needed, others)
    return Annotated[top, Meta(extra_json_schema={"anyOf": named})]


def _parts(provider: Provider) -> dict[str, Any]:
    return dict.fromkeys(provider.credential_parts, _Secret)


def _fixture(fixture: Fixture, provider: Provider) -> Any:
    name, parts = f"{provider.name}_{fixture.name}", _parts(provider)
    if fixture.kind == "recipients":
        return _table(name, {}, dict.fromkeys(fixture.causes, _Number))
    if fixture.kind in _GIVEN:
        return _GIVEN[fixture.kind]
    extras = (*EXTRAS[fixture.kind], *(("exclusive",) if fixture.kind in SHAREABLE else ()))
    if len(parts) == 1 and not extras:
        # The key itself, or a table that holds it.
        either = _Text | _table(name, {}, {"env": _Text, **parts})
        return Annotated[either, Meta(extra_json_schema={"minProperties": 1, "maxProperties": 1})]
    needed = {extra: _EXTRA_TYPES[extra] for extra in extras if extra not in _OPTIONAL}
    return _table(name, parts | needed, {extra: _EXTRA_TYPES[extra] for extra in extras if extra in _OPTIONAL})


def _table(name: str, needed: Mapping[str, Any], others: Mapping[str, Any] | None = None) -> Any:
    """Return the type of a table with these keys, and no others."""
    absent = [(key, kind, UNSET) for key, kind in (others or {}).items()]
    return msgspec.defstruct(name, [*needed.items(), *absent], forbid_unknown_fields=True, kw_only=True)
