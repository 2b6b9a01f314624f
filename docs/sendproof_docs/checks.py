"""What each check looks at, in words. A check is told by its name, or by its name and one of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof.contract import deciding
from sendproof.contract.clause import Clause
from sendproof.contract.deciding import SELECTORS, SENTENCES
from sendproof.contract.model import load_contract, provider_names

from .markdown import code, link, listed, table


class _Words(dict[str, str]):
    """The parameters of a clause as words; one that is not given is its own name."""

    def __missing__(self, name: str) -> str:
        return f"*{name}*"


def sentence(check: str, params: Mapping[str, Any]) -> str:
    """Return how a check with these parameters decides."""
    return deciding.sentence(check, params, _word)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return listed(map(_word, value), "or")
    is_clause = isinstance(value, str) and value.count(".") > 1 and " " not in value
    return link(value) if is_clause else code(value)


def page() -> str:
    """Return a section for each check: its parameters, its sentences, the clauses that it decides."""
    used = _used()
    return "\n".join(part for check in sorted(used) for part in _check(check, used[check]))


def _used() -> dict[str, dict[str, Clause]]:
    """Return the clauses by check and id."""
    found: dict[str, dict[str, Clause]] = {}
    for name in provider_names():
        for clause in load_contract(name).clauses.values():
            if clause.check:
                found.setdefault(clause.check, {})[clause.id] = clause
    return found


def _check(check: str, clauses: Mapping[str, Clause]) -> Iterator[str]:
    yield f"(check-{check})=\n## {code(check)}\n"
    names = dict.fromkeys(name for clause in clauses.values() for name in clause.params)
    yield f"Parameters: {listed(map(code, names))}.\n" if names else "No parameters.\n"
    if check in SELECTORS:
        rows = [
            (code(key.split()[1]), SENTENCES[key].format_map(_Words()))
            for key in SENTENCES
            if key.split()[0] == check and " " in key
        ]
        yield table((code(SELECTORS[check]), "what must be, or is noted"), rows)
    else:
        yield f"{SENTENCES[check].format_map(_Words())}\n"
    yield f"Decides {listed(map(link, clauses))}.\n"
