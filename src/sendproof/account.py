"""Facts about the account behind a target: what the judge may take as known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The documented limit of one key: `limit` messages in `window_s` seconds."""

    limit: int
    window_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of keys, senders and recipients. An absent entry is unknown.

    `keys` maps a key's name to its state: "active", "test", "inactive", "no_numbers",
    "daily_exhausted", "rate_limited", "no_credits" or "metered". `senders` maps an
    E.164 number to "active", "inactive" or "unassigned". `recipients` maps an E.164
    number to "deliverable" or to the error type that it fails with. `texts` maps a
    message text to "noncompliant" or "unsupported". `media_urls` are what the vendor can fetch.
    `balances` holds the credits of the metered keys before the run, `mms_balances` those that are kept
    apart for MMS: None where an MMS is known to be paid from the same credits, absent where that is not told.
    `exclusive` is False for a key that others may use while the run lasts; a fixture's key that is absent is
    the run's alone. `default_sender` is that of the main key.
    """

    keys: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    senders: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    recipients: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    texts: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    media_urls: frozenset[str] = field(default=frozenset(), repr=False)
    balances: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    mms_balances: Mapping[str, int | None] = field(default_factory=lambda: _NOTHING)
    exclusive: Mapping[str, bool] = field(default_factory=lambda: _NOTHING)
    rate_limits: Mapping[str, RateLimit] = field(default_factory=lambda: _NOTHING)
    default_sender: str | None = field(default=None, repr=False)
