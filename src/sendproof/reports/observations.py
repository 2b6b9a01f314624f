"""What was observed where the documents are silent, in words that a person reads."""

from __future__ import annotations

import re

from sendproof.contract.clause import Clause

_CLASS = re.compile(r"<([a-z, ]+)>")
_PLACED = re.compile(r"(/\S*) (\S+)")
_BOTH = frozenset({"accepted", "refused"})


def in_words(observation: str, clause: Clause | None = None) -> str:
    """Return an observation of a verdict in words; `clause` is the installed one, if there is one."""
    values = observation.split("; ")
    what = clause.params.get("what") if clause else None
    if set(values) == _BOTH:
        return "some accepted, some refused, depending on what was sent"
    if what == "shape":
        return _shapes(values)
    if what in ("code", "code_location"):
        return _placed(values)
    # Values with a name before them ("accepted: …; refused: …") stand beside each other.
    between = "; " if all(": " in value for value in values) else " or "
    return between.join(map(_value, values))


def _value(value: str) -> str:
    """Return one value; the classes of characters of an id become words, once each."""
    classes = _CLASS.findall(value)
    if not classes:
        return value
    pattern = _CLASS.sub("…", value)
    kinds = dict.fromkeys(kind.strip() for found in classes for kind in found.split(","))
    return f"{pattern} ({_listed(list(kinds))})"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shapes(values: list[str]) -> str:
    shapes = [value if value.startswith("no ") else _members(value.split(", ")) for value in values]
    return " or ".join(shapes)


def _members(names: list[str]) -> str:
    return f"an object with {_listed(names)}"


def _placed(values: list[str]) -> str:
    """Return codes by the place where they stand: "at /error/code: 33001, 33004"."""
    places: dict[str, list[str]] = {}
    for value in values:
        found = _PLACED.fullmatch(value)
        if found is None:
            return " or ".join(values)
        places.setdefault(found[1], []).append(found[2])
    return "; ".join(f"at {place}: {', '.join(found)}" for place, found in places.items())
