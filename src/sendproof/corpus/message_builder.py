"""Building messages and cases by the roles that a provider gives to its fields, whatever their names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any
from urllib.parse import urlencode

from sendproof.contract.provider import Provider
from sendproof.contract.samples import with_serial
from sendproof.corpus.case import Case, token
from sendproof.exchange import Headers

MARK = "sendproof: "
"""What messages begin with whose text may be any: who gets one can see where it comes from."""
OTHER_TEXT = f"{MARK}the library opens at nine tomorrow."
NONCE = "@{nonce}"
_SERIAL = re.compile(rb' No\. \d{4}"')

OMIT: EllipsisType = ...
"""Given for a role, it leaves the field out of the message."""


def compact(value: Any) -> bytes:
    """Return JSON without white space, as UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_form(message: Mapping[str, Any]) -> bytes:
    """Return a message as a form in which tokens stand as they are: one to be changed, and sent as it is then."""
    return urlencode(message, doseq=True, safe="@{}").encode()


def numbered(provider: Provider, case: Case, *, salt: str = "") -> Case:
    """Return a case with a serial number in its sample text, if it has one: of its id, and of `salt`."""
    plain = _SERIAL.sub(b'"', case.body)
    body = plain
    for text in (provider.example_text, OTHER_TEXT):
        body = body.replace(compact(text), compact(with_serial(text, case.id + salt)))
    return replace(case, body=body) if body != plain else case


def in_other_words(provider: Provider, case: Case) -> Case | None:
    """Return a case of a sample text with another serial number, or None for one that has a text of its own."""
    other = numbered(provider, case, salt=" again")
    return other if other is not case else None


def content_type(provider: Provider) -> Headers:
    """Return the header fields that a message has whatever it says."""
    return (("Content-Type", provider.body_format.media_type),)


def fields_of(provider: Provider, roles: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message by role as the request fields that it is sent in."""
    as_list = provider.recipients_as_list
    return {
        provider.fields[role]: [value] if as_list and role == "recipient" and isinstance(value, str) else value
        for role, value in roles.items()
    }


def media_token(provider: Provider) -> str | None:
    """Return the token of media that the vendor can fetch; None where no profile can name any."""
    return f"@{{fixture.{provider.media_fixture}}}" if provider.media_fixture else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBuilder:
    """One family of one provider: makes its messages and its cases."""

    provider: Provider
    family: str

    def has(self, role: str) -> bool:
        """Whether the provider has a request field for `role`, and a value for it."""
        return role in self.provider.fields and (role != "media" or self.media is not None)

    @property
    def media(self) -> str | None:
        """The token of media that can be fetched."""
        return media_token(self.provider)

    def number(self, name: str) -> str:
        """Return the token of a number in the first spelling that the provider documents."""
        return token(name, self.provider.spellings[0])

    def field(self, role: str) -> str:
        """Return the name of the request field that plays `role`."""
        return self.provider.fields[role]

    def roles(self, **given: Any) -> dict[str, Any]:
        """Return the base message by role, with the given roles changed, added or left out."""
        text = self.provider.example_text
        merged = {"recipient": self.number("recipient"), "sender": self.number("sender"), "text": text, **given}
        return {role: value for role, value in merged.items() if value is not OMIT and self.has(role)}

    def message(self, **given: Any) -> dict[str, Any]:
        """Return the base message as the request fields that it is sent in."""
        return fields_of(self.provider, self.roles(**given))

    def case(self, name: str, body: Mapping[str, Any] | bytes | None = None, **given: Any) -> Case:
        """Return a case of a message (the base one if None) or of bytes, with the case's other fields."""
        message = self.message() if body is None else body
        data = message if isinstance(message, bytes) else compact(message)
        if self.media and self.media.encode() in data:
            given["needs"] = (*given.get("needs", ()), self.provider.media_fixture)
        return Case(
            id=f"{self.family}.{name}",
            family=self.family,
            body=data,
            **{"method": self.provider.method, "headers": content_type(self.provider), **given},
        )

    def raw(self, role: str, literal: bytes) -> bytes:
        """Return the base message with the field of `role` written as `literal`, which need not be JSON."""
        placeholder = "raw literal stands here"
        return compact(self.message(**{role: placeholder})).replace(compact(placeholder), literal)


def hyphened(name: str) -> str:
    """Return a name as it stands in the id of a case."""
    return name.replace("_", "-")
