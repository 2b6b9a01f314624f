"""Waivers: broken promises that a user has accepted for a time."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sendproof.contract.model import Contract
from sendproof.errors import UsageError
from sendproof.judge.verdicts import PASS, Verdict

_KEYS = frozenset({"clause", "provider", "target", "reason", "issue", "owner", "added", "expires"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One accepted failure of one clause, for a provider or a target, until `expires`."""

    clause: str
    reason: str
    expires: date
    provider: str | None = None
    target: str | None = None

    def concerns(self, provider: str, target: str) -> bool:
        """Whether the waiver is for this target of this provider."""
        return self.provider in (None, provider) and self.target in (None, target)


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read `[[waiver]]` entries of a TOML file; UsageError names the entry that is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a TOML file of [[waiver]] entries, got {error}. Check the file.") from error
    entries = data.get("waiver", [])
    if set(data) - {"waiver"} or not isinstance(entries, list):
        raise UsageError(f"{path}: expected only [[waiver]] entries, got {', '.join(sorted(data))}. Check the names.")
    return tuple(_waiver(entry, f"{path}: waiver {number}") for number, entry in enumerate(entries, 1))


def _waiver(entry: Mapping[str, Any], where: str) -> Waiver:
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise UsageError(f"{where}: expected only {', '.join(sorted(_KEYS))}, got {unknown[0]!r}. Remove or rename it.")
    for name, kind in (("clause", str), ("reason", str), ("expires", date)):
        if not isinstance(entry.get(name), kind):
            raise UsageError(f"{where}: {name}: expected a {kind.__name__}, got {entry.get(name)!r}. Add it.")
    named = {name: entry.get(name) for name in ("provider", "target")}
    return Waiver(clause=entry["clause"], reason=entry["reason"], expires=entry["expires"], **named)


def overlay(
    waivers: Iterable[Waiver],
    contract: Contract,
    known: frozenset[str],
    target: str,
    verdicts: Iterable[Verdict],
    today: date,
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the reasons of the live waivers by clause, and what is wrong with the others.

    `known` are the clause ids of every contract: a waiver for another provider is not unknown.
    """
    by_id = {verdict.clause.id: verdict for verdict in verdicts}
    live: dict[str, str] = {}
    errors: list[str] = []
    for waiver in waivers:
        if waiver.clause not in known:
            errors.append(f"waiver {waiver.clause}: no such clause. Delete the entry.")
        elif waiver.clause not in by_id or not waiver.concerns(contract.provider.name, target):
            continue
        elif waiver.expires < today:
            errors.append(f"waiver {waiver.clause}: expired on {waiver.expires}. Delete or renew the entry.")
        elif by_id[waiver.clause].verdict == PASS:
            errors.append(f"waiver {waiver.clause}: the clause passes. Delete the entry.")
        else:
            live[waiver.clause] = waiver.reason
    return live, tuple(errors)
