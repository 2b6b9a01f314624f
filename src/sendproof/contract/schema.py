"""Schemas whose keywords know their clause: a broken keyword is a clause and its fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from sendproof.errors import ContractError

CLAUSES_KEYWORD = "x-clauses"
_CONSTRAINING = frozenset(
    (
        "type",
        "enum",
        "const",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "required",
        "additionalProperties",
        "not",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "anyOf",
        "oneOf",
        "dependentRequired",
        "propertyNames",
        "contains",
        "unevaluatedProperties",
    )
)
_SUBSCHEMAS = ("then", "else")
_FIRST = "0"
"""In a path, the first entry of a list: what an entry has, the first one has."""
# What stands behind `not` where the member itself, a value in it, or null in it, is what must not be there.
_ABSENT: tuple[dict[str, Any], ...] = ({}, {"not": {"type": "null"}}, {"type": "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A keyword that an instance breaks: its clause, where it stands, what was expected and what was there, in words.

    `field` is the top-level member concerned, or None for the whole instance.
    """

    clause: str
    keyword: str
    pointer: str
    field: str | None
    expected: str
    observed: str


class ClauseSchema:
    """A compiled JSON Schema; `breaches` names the clause of every keyword that breaks."""

    def __init__(self, schema: Mapping[str, Any], resources: Mapping[str, Any], *, where: str) -> None:
        self.schema = schema
        self.where = where
        try:
            registry = jsonschema_rs.Registry(list(resources.items()), draft=jsonschema_rs.Draft202012)
            self._validator = jsonschema_rs.Draft202012Validator(
                dict(schema), registry=registry, base_uri=schema.get("$id")
            )
            self._conditions: list[Any] = []
            self._bearings = tuple(self._bearing(schema, (), ()))
            self._clauses = tuple(dict.fromkeys(clause for _, _, clause in keywords(schema) if clause))
        except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ContractError(f"{where}: {error}") from error

    def exercised(self, instance: Any) -> tuple[str, ...]:
        """Return the clauses of the keywords that apply to `instance`, broken or not."""
        try:
            met = [condition.is_valid(instance) for condition in self._conditions]
        except UnicodeEncodeError:
            return self.exercised(without_surrogates(instance))
        found = {
            clause: None
            for clause, conditions, present in self._bearings
            if all(met[index] is wanted for index, wanted in conditions) and _has(instance, present)
        }
        return tuple(found)

    def _bearing(
        self, schema: Any, conditions: tuple[tuple[int, bool], ...], present: tuple[str, ...]
    ) -> Iterator[tuple[str, tuple[tuple[int, bool], ...], tuple[str, ...]]]:
        for keyword, owner in schema.get(CLAUSES_KEYWORD, {}).items():
            at = present[:-1] if keyword == "not" and schema["not"] in _ABSENT else present
            for clause in owner.values() if isinstance(owner, Mapping) else (owner,):
                yield clause, conditions, at
        for name, child in schema.get("properties", {}).items():
            yield from self._bearing(child, conditions, (*present, name))
        if isinstance(items := schema.get("items"), Mapping):
            yield from self._bearing(items, conditions, (*present, _FIRST))
        for child in schema.get("allOf", ()):
            yield from self._bearing(child, conditions, present)
        if "if" in schema and not present:
            index = len(self._conditions)
            self._conditions.append(jsonschema_rs.Draft202012Validator(schema["if"]))
            for name, wanted in (("then", True), ("else", False)):
                yield from self._bearing(schema.get(name, {}), (*conditions, (index, wanted)), present)

    def breaches(self, instance: Any) -> tuple[Breach, ...]:
        """Return what `instance` breaks, in the schema's order; nothing if it is valid."""
        try:
            return self._breaches(instance)
        except UnicodeEncodeError:
            return self._breaches(without_surrogates(instance))

    def _breaches(self, instance: Any) -> tuple[Breach, ...]:
        if self._validator.is_valid(instance):
            return ()
        return tuple(self._breach(error) for error in self._validator.iter_errors(instance))

    def _breach(self, error: Any) -> Breach:
        path, at = list(error.evaluation_path), list(error.instance_path)
        keyword = str(path[-1])
        member = error.kind.property if keyword == "required" else None
        clause = self._clause(path, member)
        pointer = "".join(f"/{part}" for part in (*at, *([member] if member else ())))
        field = str(at[0]) if at else member
        where = pointer or "the answer"
        got = "nothing" if member else _shortened(_json(error.instance))
        return Breach(
            clause=clause,
            keyword=keyword,
            pointer=pointer,
            field=field,
            expected=f"{where}: {_expected(keyword, error.kind.value)}",
            observed=f"{where} {got}",
        )

    def _clause(self, path: list[Any], member: str | None) -> str:
        node: Any = self.schema
        found: Any = None
        for token in path:
            if isinstance(node, Mapping):
                found = node.get(CLAUSES_KEYWORD, {}).get(token, found)
            node = _child(node, token)
        found = found.get(member) if isinstance(found, Mapping) else found
        if not isinstance(found, str):
            raise ContractError(f"{self.where}: the keyword at {'/'.join(map(str, path))} has no clause.")
        return found

    def clauses(self) -> tuple[str, ...]:
        """Return every clause that a keyword of the schema decides, each once."""
        return self._clauses


_LONGEST_VALUE = 120
_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_WORDS = {
    "required": "present",
    "additionalProperties": "no member that is not documented",
    "pattern": "a text that matches {}",
    "format": "a text in the format {}",
    "const": "{}",
    "minLength": "a length of at least {}",
    "maxLength": "a length of at most {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def _expected(keyword: str, value: Any) -> str:
    """Return in words what a keyword of a schema with this value demands."""
    if keyword == "type":
        return " or ".join(
            _TYPES[name] for name in ([value] if isinstance(value, str) else sorted(value, reverse=True))
        )
    if keyword == "enum":
        return f"one of {_shortened(', '.join(map(_json, value)))}"
    if keyword == "not":
        return _excluded(value)
    shown = _shortened(value if keyword in ("pattern", "format") else _json(value))
    return _WORDS.get(keyword, f"{keyword} {{}}").format(shown)


def _excluded(schema: Any) -> str:
    """Return in words what is demanded where nothing may be as `schema`, which stands behind `not`, says."""
    if schema in _ABSENT[:2]:
        return "absent" if schema == {} else "absent or null"
    if schema == {"type": "null"}:
        return "not null"
    if "pattern" in schema:
        return f"a text that does not match {_shortened(schema['pattern'])}"
    return f"none of {_shortened(', '.join(map(_json, schema['enum'])))}" if "enum" in schema else "another value"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def keywords(schema: Any, path: str = "#") -> Iterator[tuple[str, str, str | None]]:
    """Yield (location, keyword, clause or None) of each constraining keyword of a schema.

    What stands inside `not`, or in the condition of an `if`, does not constrain by itself.
    A `$ref` counts as one keyword where it names a clause.
    """
    if not isinstance(schema, Mapping):
        return
    owners = schema.get(CLAUSES_KEYWORD, {})
    for name in schema:
        if name in _CONSTRAINING or (name == "$ref" and name in owners):
            yield from _owned(path, name, schema[name], owners.get(name))
    for name in _SUBSCHEMAS:
        yield from keywords(schema.get(name), f"{path}/{name}")
    for name, child in schema.get("properties", {}).items():
        yield from keywords(child, f"{path}/properties/{name}")
    yield from keywords(schema.get("items"), f"{path}/items")
    for index, child in enumerate(schema.get("allOf", ())):
        yield from keywords(child, f"{path}/allOf/{index}")


def _owned(path: str, name: str, value: Any, owner: Any) -> Iterator[tuple[str, str, str | None]]:
    if name == "required":
        members = owner if isinstance(owner, Mapping) else {}
        for member in value:
            yield f"{path}/{name}", f"{name}:{member}", members.get(member)
    else:
        yield f"{path}/{name}", name, owner


def _has(instance: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if name is _FIRST and isinstance(instance, list) and instance:
            instance = instance[0]
        elif isinstance(instance, Mapping) and name in instance:
            instance = instance[name]
        else:
            return False
    return True


def _child(node: Any, token: Any) -> Any:
    if isinstance(node, Mapping):
        return node.get(token)
    if isinstance(node, list) and isinstance(token, int) and token < len(node):
        return node[token]
    return None


def without_surrogates(instance: Any) -> Any:
    """Return a copy of a JSON value in which lone surrogates are U+FFFD."""
    if isinstance(instance, str):
        return instance.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(instance, dict):
        return {without_surrogates(key): without_surrogates(value) for key, value in instance.items()}
    if isinstance(instance, list):
        return [without_surrogates(item) for item in instance]
    return instance
