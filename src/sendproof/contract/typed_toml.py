"""Values of a TOML file, read strictly into typed ones; errors name the file, the key and what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from sendproof.errors import ContractError

_T = TypeVar("_T")
_PLACE = re.compile(r" - at `(?:key in )?\$(?P<place>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def converted(data: Mapping[str, Any], kind: type[_T], *, where: str) -> _T:
    """Return the content of a file as the typed value `kind`; ContractError that begins with `where` for any other."""
    try:
        return msgspec.convert(data, type=kind)
    except msgspec.ValidationError as error:
        raise ContractError(f"{where}: {_said(str(error), data, kind)}") from error


def _said(message: str, data: Any, kind: Any) -> str:
    """Return the words for what msgspec found: it names the place, the type there says what was expected."""
    place = found["place"] if (found := _PLACE.search(message)) else ""
    key, value, wanted = _at(place, data, kind)
    said = _PLACE.sub("", message)
    if unknown := _UNKNOWN.match(said):
        known = [field.encode_name for field in _fields(wanted)]
        near = difflib.get_close_matches(unknown["name"], known, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "Leave it out."
        return f"{_joined(key, unknown['name'])}: expected one of {', '.join(known)}, got this key. {advice}"
    if missing := _MISSING.match(said):
        return f"{_joined(key, missing['name'])}: expected a value, got none. Add it."
    return f"{key or 'the file'}: expected {_words(wanted, said)}, got {value!r}. Correct it."


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _words(wanted: Any, said: str) -> str:
    """Return what a type expects, in words."""
    options = list(_options(wanted))
    metas = [item for item in options if isinstance(item, msgspec.Meta)]
    if described := next((item.description for item in metas if item.description), None):
        return described
    literals = [value for item in options if get_origin(item) is Literal for value in get_args(item)]
    literals += [member.value for item in options for member in getattr(item, "__members__", {}).values()]
    if literals:
        return f"one of {', '.join(map(str, literals))}" if len(literals) > 1 else repr(literals[0])
    kind = said.removeprefix("Expected ").split(", got ")[0].replace("`", "")
    return _KINDS.get(kind, kind)


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def _at(place: str, data: Any, kind: Any) -> tuple[str, Any, Any]:
    """Return the key of a place, what stands there, and the type that it should have."""
    key = ""
    for name, index in _STEP.findall(place):
        if name:
            fields = {field.encode_name: field.type for field in _fields(kind)}
            kind, key = fields.get(name, kind), _joined(key, name)
            data = data.get(name) if isinstance(data, Mapping) else None
            continue
        kind = _inner(kind)
        step = _culprit(data, kind) if index == "..." else int(index)
        key = _joined(key, str(step)) if isinstance(data, Mapping) else f"{key}[{step}]"
        data = data[step]
    return key, data, kind


def _culprit(data: Any, kind: Any) -> Any:
    """Return which entry is not of a type: msgspec says only that one of them is none."""
    entries = data.items() if isinstance(data, Mapping) else enumerate(data)
    for step, entry in entries:
        try:
            msgspec.convert(entry, type=kind)
        except msgspec.ValidationError:
            return step
    return next(iter(data))


def _options(kind: Any) -> Iterator[Any]:
    """Yield a type with what qualifies it, and each of a union."""
    if get_origin(kind) is Annotated:
        first, *rest = get_args(kind)
        yield from _options(first)
        yield from rest
    elif get_origin(kind) in (Union, UnionType):
        for argument in get_args(kind):
            yield from _options(argument)
    else:
        yield kind


def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    structs = (item for item in _options(kind) if isinstance(item, type) and issubclass(item, msgspec.Struct))
    return next((msgspec.structs.fields(item) for item in structs), ())


def _inner(kind: Any) -> Any:
    """Return the type of the entries of a list or a table."""
    return next((get_args(item)[-1] for item in _options(kind) if get_origin(item) in (list, dict)), kind)
