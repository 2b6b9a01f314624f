"""What an answer comes to: the one rule that tells accepted, failed, refused and throttled apart.

The judge, the budget, the breakers and the scenarios all ask `outcome_of`. What it goes by is the
pack's `[outcome]`, and, for what stands between a client and an API, the lists below: each list of
status codes exists once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sendproof.contract.pointer import MISSING, at
from sendproof.errors import ContractError

GATEWAY = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530})
"""Status codes by which what stands before an API says that it does not have the API's answer (RFC 9110, 15.6;
those above 511 are of a widely used content delivery network)."""

NOT_SERVED = frozenset({408, 421, 425})
"""Status codes by which a server declines to look at a request at all (RFC 9110, 15.5.9 and 15.5.20; RFC 8470, 5.2)."""

TRANSPORT = frozenset({404, 405, 411, 413, 414, 415, 417, 426, 431}) | NOT_SERVED
"""Status codes of the HTTP layer in front of an API, which no vendor's document speaks for."""


class Outcome(StrEnum):
    """What an answer comes to.

    `FAILED` is accepted, but says that the message cannot be delivered. `FOREIGN` is none of the API's
    own: of a gateway, of a proxy, or a page in place of an answer.
    """

    ACCEPTED = "accepted"
    FAILED = "failed"
    REFUSED = "refused"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    FOREIGN = "foreign"


_DECLARED = (Outcome.THROTTLED, Outcome.REFUSED, Outcome.FAILED, Outcome.ACCEPTED)
"""The outcomes that a pack tells of, in the order in which they are tried."""
_KEYS = ("statuses", "at", "equals", "unlike", "has", "lacks", "without")
_NUMBER = re.compile(rb"(?<![\w.+-])(?<![0-9]:)[0-9]++(?![\w-]|[.:][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRule:
    """One way to tell an outcome: all that is given must hold.

    `statuses` are status codes, or classes of them as their first digit. `at` is a JSON pointer, at
    which `equals` stands, or something else than `unlike`. `has` are pointers at which something stands,
    `lacks` those at which nothing does, in an object that is not empty. `without` are error codes that tell
    of something else, wherever they stand.
    """

    statuses: frozenset[int]
    at: str | None = None
    equals: Any = None
    unlike: Any = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    without: frozenset[int] = frozenset()

    def matches(self, status: int, answer: Any, body: bytes) -> bool:
        """Whether an answer is told so."""
        if status not in self.statuses and status // 100 not in self.statuses:
            return False
        if self.at is not None:
            wanted, alike = (self.equals, True) if self.unlike is None else (self.unlike, False)
            if not any(_are_equal(found, wanted) is alike for found in _at(answer, self.at)):
                return False
        if not all(_at(answer, pointer) for pointer in self.has):
            return False
        if self.without and any(int(number[:_LONGEST]) in self.without for number in _NUMBER.findall(body)):
            return False
        return not self.lacks or (
            isinstance(answer, Mapping) and bool(answer) and not any(_at(answer, pointer) for pointer in self.lacks)
        )


_LONGEST = 40
"""Digits of a number that are looked at: of more Python would refuse to make an integer."""

OutcomeRules = Mapping[Outcome, tuple[OutcomeRule, ...]]


def outcome_of(rules: OutcomeRules, status: int, answer: Any, body: bytes) -> Outcome:
    """Return what an answer comes to; `answer` is the JSON value of `body`, or no JSON value where it is none."""
    if _is_foreign(status, answer, body):
        return Outcome.FOREIGN
    for outcome in _DECLARED:
        if any(rule.matches(status, answer, body) for rule in rules.get(outcome, ())):
            return outcome
    return Outcome.SERVER_ERROR if status >= 500 else Outcome.REFUSED


def _is_foreign(status: int, answer: Any, body: bytes) -> bool:
    if status in GATEWAY or status in (407, 511):
        return True
    if status in NOT_SERVED:
        return not isinstance(answer, Mapping)
    return status // 100 == 2 and is_page(body)


def is_page(body: bytes) -> bool:
    """Whether a body is an HTML page."""
    start = body.lstrip()[:9].lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<body"))


def _at(value: Any, pointer: str) -> list[Any]:
    """Return what stands at a JSON pointer, as a list of one, or nothing."""
    found = at(value, pointer)
    return [] if found is MISSING else [found]


def _are_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; to Python false is 0.

    A number and the text of it tell one outcome: which of them it should be, the schema says.
    """
    if type(one) is type(other):
        return bool(one == other)
    scalars = (int, str)
    return type(one) in scalars and type(other) in scalars and str(one) == str(other)


def outcome_rules(data: Mapping[str, Any], *, where: str) -> OutcomeRules:
    """Parse `[outcome]` of a `provider.toml`, strictly."""
    known = [str(outcome) for outcome in _DECLARED]
    for name in data:
        if name not in known:
            raise ContractError(
                f"{where}: outcome: expected one of {', '.join(known)}, got {name!r}. Correct the name."
            )
    missing = [name for name in ("accepted", "refused") if not data.get(name)]
    if missing:
        raise ContractError(f"{where}: outcome.{missing[0]}: expected a list of tables, got none. Add it.")
    return MappingProxyType(
        {Outcome(name): tuple(_rules(rows, f"{where}: outcome.{name}")) for name, rows in data.items()}
    )


def _rules(rows: Any, where: str) -> Iterator[OutcomeRule]:
    if not isinstance(rows, list):
        raise ContractError(f"{where}: expected a list of tables, got {rows!r}. Write [{{ statuses = [...] }}].")
    for index, row in enumerate(rows):
        yield _rule(row, f"{where}[{index}]")


def _rule(row: Any, where: str) -> OutcomeRule:
    if not isinstance(row, Mapping) or not set(row) <= set(_KEYS) or "statuses" not in row:
        raise ContractError(f"{where}: expected a table of {', '.join(_KEYS)} with statuses, got {row!r}. Correct it.")
    if ("at" in row) != (("equals" in row) != ("unlike" in row)):
        raise ContractError(f"{where}: expected at with equals or unlike, got one alone. Add the other.")
    pointers = [*([row["at"]] if "at" in row else []), *row.get("has", []), *row.get("lacks", [])]
    wrong = [pointer for pointer in pointers if not (isinstance(pointer, str) and pointer.startswith("/"))]
    if wrong:
        raise ContractError(f"{where}: expected JSON pointers such as /status, got {wrong[0]!r}. Begin with a solidus.")
    return OutcomeRule(
        statuses=frozenset(_status(item, where) for item in row["statuses"]),
        at=row.get("at"),
        equals=row.get("equals"),
        unlike=row.get("unlike"),
        has=tuple(row.get("has", ())),
        lacks=tuple(row.get("lacks", ())),
        without=frozenset(_code(item, where) for item in row.get("without", ())),
    )


def _code(item: Any, where: str) -> int:
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    raise ContractError(f"{where}: without: expected error codes, got {item!r}. Write them as whole numbers.")


def _status(item: Any, where: str) -> int:
    """Return a status code, or the first digit of a class of them ("4xx")."""
    if isinstance(item, int) and not isinstance(item, bool) and 100 <= item <= 599:
        return item
    if isinstance(item, str) and len(item) == 3 and item[0] in "2345" and item[1:] == "xx":
        return int(item[0])
    raise ContractError(
        f'{where}: statuses: expected a code such as 429 or a class such as "4xx", got {item!r}. Correct it.'
    )
