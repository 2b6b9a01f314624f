"""What must hold in a pack beside the types of its facts: every mistake is named with its file, and the clause."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sendproof.contract.clause import CONCERNS, Clause
from sendproof.contract.deciding import FAULTS, SELECTORS, SENTENCES
from sendproof.contract.schema import keywords
from sendproof.errors import ContractError

if TYPE_CHECKING:
    from sendproof.contract.model import Contract

_CHECKS: Mapping[str, frozenset[str]] = {
    check: frozenset(key.split(" ", 1)[1] for key in SENTENCES if key.startswith(f"{check} "))
    for check in (key.split(" ")[0] for key in SENTENCES)
}
"""Every check that the judge has, with the values of the parameter that chooses what it looks at, if it has one."""

_PARAMETERS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "accepted": {
        "state": str,
        "equals": int,
        "at_least": int,
        "limit": int,
        "kind": str,
        "field": str,
        "media": bool,
        "text": bool,
    },
    "accepted_status": {"status": int, "of": str},
    "body_size": {"over": int},
    "characters_doubt": {"code": (int, str)},
    "credential": {"faults": list},
    "date_of_answer": {"field": str, "within_s": (int, float)},
    "delivery_cause": {"cause": str},
    "delivery_failed": {"at_first": list},
    "documented_code": {"reasons": list, "code": (int, str), "covers": list},
    "documented_text": {"reasons": list, "text": str, "texts": list, "covers": list},
    "echo": {"role": str, "may_begin_with": str},
    "internal_error": {"status": int, "text": str, "details": str},
    "json_media_type": {"lenient": bool},
    "key_state": {"state": str},
    "method_allow": {"status": int},
    "method_status": {"status": int},
    "normalized": {"role": str, "spelling": str},
    "not_before": {"earlier": str, "later": str},
    "observe_refusal": {"group": str},
    "refusal_status": {"equals": list, "classes": list, "not_classes": list, "group": str, "reasons": list},
    "says_more": {"field": str, "than": str},
    "sender_state": {"state": str},
    "server_errors_rare": {"fewer_than": int, "share": float},
    "text_fact": {"state": str},
    "unreadable": {"kinds": list},
}
_MAY_BE_ABSENT: Mapping[str, frozenset[str]] = {
    "accepted": frozenset(_PARAMETERS["accepted"]),
    "accepted_status": frozenset({"of"}),
    "characters_doubt": frozenset({"code"}),
    "documented_code": frozenset({"covers"}),
    "echo": frozenset({"may_begin_with"}),
    "documented_text": frozenset({"text", "texts", "covers"}),
    "observe_refusal": frozenset({"group"}),
    "refusal_status": frozenset(_PARAMETERS["refusal_status"]),
}
_POINTER_PARAMETERS = ("details", "earlier", "later", "than")
_ROLES_LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "default_sender": ("sender",),
    "delivery_failed": ("status",),
    "delivery_cause": ("status", "error_type"),
    "causes_differ": ("status", "error_type"),
    "unique_id": ("id",),
}
"""Where in an answer a check looks, if no parameter says so: a pack needs the pointer in `[answer]`."""


def check_pack(contract: Contract) -> None:
    """Raise ContractError for the first mistake of a pack; the line says how many there are."""
    found = mistakes(contract)
    if found:
        more = f" (and {len(found) - 1} more: sendproof pack check)" if len(found) > 1 else ""
        raise ContractError(f"{found[0]}{more}")


def mistakes(contract: Contract) -> tuple[str, ...]:
    """Return every mistake of a pack: what is wrong, where, and what was expected."""
    name = contract.provider.name
    return (
        *(f"{name}/clauses.toml: {line}" for line in _of_clauses(contract)),
        *_of_schemas(contract),
        *(f"{name}/provider.toml: {line}" for line in _of_facts(contract)),
    )


def _of_clauses(contract: Contract) -> Iterator[str]:
    by_keyword = _decided_by_keyword(contract)
    for clause in contract.clauses.values():
        yield from (f"{clause.id}: {line}" for line in _of_clause(contract, clause, clause.id in by_keyword))


def _of_clause(contract: Contract, clause: Clause, by_keyword: bool) -> Iterator[str]:  # noqa: FBT001 - a fact of the clause
    words = clause.id.split(".")
    if len(words) < 3 or words[1] != clause.concern:
        yield f"id: expected vendor.{clause.concern}.promise, got this. Rename it before anybody relies on it."
    if clause.concern not in CONCERNS:
        yield f"concern: {_expected(clause.concern, CONCERNS)}"
    if not clause.claim.strip():
        yield "claim: expected a sentence, got none. Say what is promised."
    if (clause.reason is not None) != (clause.level == "excluded"):
        yield "reason: expected one for an excluded clause, and for no other. Say why it cannot be observed."
    ways = [clause.check is not None, by_keyword, clause.level == "excluded"].count(True)
    if ways != 1:
        many = "none" if not ways else "several"
        yield f"expected one way to decide it (a check, a keyword of a schema, or level excluded), got {many}."
    if clause.check is not None:
        yield from _of_check(contract, clause)


def _of_check(contract: Contract, clause: Clause) -> Iterator[str]:
    check, params = clause.check or "", dict(clause.params)
    if check not in _CHECKS:
        yield f"check.name: {_expected(check, _CHECKS)}"
        return
    selector = SELECTORS.get(check)
    if selector is not None:
        chosen = params.pop(selector, None)
        if chosen not in _CHECKS[check]:
            yield f"check.{selector}: {_expected(chosen, _CHECKS[check])}"
            return
    known = _PARAMETERS.get(check, {})
    for name, value in params.items():
        if name not in known:
            yield f"check.{name}: {_expected(name, known, 'no parameter' if not known else '')}"
        elif not _is_of(value, known[name]):
            yield f"check.{name}: expected {_type_words(known[name])}, got {value!r}. Correct it."
    for name in set(known) - set(params) - _MAY_BE_ABSENT.get(check, frozenset()):
        yield f"check.{name}: expected a value, got none. Add it."
    yield from _of_values(contract, clause)


def _of_values(contract: Contract, clause: Clause) -> Iterator[str]:
    """Yield what is wrong with the values of a check: what they name must be there."""
    check, params = clause.check or "", clause.params
    for name in ("reasons", "covers"):
        for reason in _listed(params.get(name)):
            if reason not in contract.clauses:
                yield f"check.{name}: {_expected(reason, contract.clauses)}"
    for fault in _listed(params.get("faults")) if check == "credential" else ():
        if fault not in FAULTS:
            yield f"check.faults: {_expected(fault, FAULTS)}"
    if check in ("key_state", "sender_state", "text_fact"):
        states = {item.state for item in contract.provider.fixtures.values() if item.state}
        if params.get("state") not in states:
            yield f"check.state: {_expected(params.get('state'), states, 'the state of a fixture of provider.toml')}"
    if check == "documented_text" and ("text" in params) == ("texts" in params):
        yield "check: expected text, or texts of which any will do, got both or none. Leave one."
    yield from _of_places(contract, clause)


def _of_places(contract: Contract, clause: Clause) -> Iterator[str]:
    """Yield what is wrong with where a check looks in an answer."""
    check, params, facts = clause.check or "", clause.params, contract.provider
    if check in ("documented_text", "text_misused") and facts.refusal_text is None:
        yield "check: expected refusal.text in provider.toml, the pointer to the text of a refusal, got none. Add it."
    for name in _POINTER_PARAMETERS if check in ("internal_error", "not_before", "says_more") else ():
        if name in params and not str(params[name]).startswith("/"):
            yield f"check.{name}: expected a JSON pointer such as /data/id, got {params[name]!r}. Begin with a solidus."
    if check in ("date_of_answer", "says_more") and not str(params.get("field", "/")).startswith("/"):
        yield f"check.field: expected a JSON pointer such as /data/id, got {params['field']!r}. Begin with a solidus."
    for role in (params["role"],) if "role" in params else _ROLES_LOOKED_AT.get(check, ()):
        if role not in facts.answer:
            yield f"check: expected answer.{role} in provider.toml, where the answer has it, got none. Add it."


def _of_schemas(contract: Contract) -> Iterator[str]:
    for schema in (contract.request, contract.accepted, contract.refusal):
        for place, keyword, clause in keywords(schema.schema):
            if clause is None:
                yield f"{schema.where}: {place}: {keyword}: expected its clause in x-clauses, got none. Add it."
            elif clause not in contract.clauses:
                yield f"{schema.where}: {place}: {keyword}: {_expected(clause, contract.clauses)}"
    properties = contract.request.schema.get("properties", {})
    for role, field in contract.provider.fields.items():
        if field not in properties:
            yield f"{contract.provider.name}/provider.toml: fields.{role}: {_expected(field, properties)}"


def _of_facts(contract: Contract) -> Iterator[str]:
    for name, fixture in contract.provider.fixtures.items():
        for clause in fixture.unlocks:
            if clause not in contract.clauses:
                yield f"fixtures.{name}.unlocks: {_expected(clause, contract.clauses)}"


def _decided_by_keyword(contract: Contract) -> frozenset[str]:
    schemas = (contract.request, contract.accepted, contract.refusal)
    return frozenset(clause for schema in schemas for _, _, clause in keywords(schema.schema) if clause)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_of(value: Any, kind: type | tuple[type, ...]) -> bool:
    # To Python true is an integer.
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


_TYPE_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}


def _type_words(kind: type | tuple[type, ...]) -> str:
    return " or ".join(_TYPE_WORDS[item] for item in (kind if isinstance(kind, tuple) else (kind,)))


_MOST_LISTED = 12


def _expected(value: object, known: Iterable[str], what: str = "") -> str:
    """Return what was expected in the place of a name, with the one that is nearest."""
    names: Collection[str] = sorted(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    listed = ", ".join(names) if len(names) <= _MOST_LISTED else f"{', '.join(list(names)[:_MOST_LISTED])}, …"
    advice = f"Did you mean {near[0]!r}?" if near else "Correct it."
    return f"expected {what or ('one of ' + listed if names else 'nothing')}, got {value!r}. {advice}"
