"""What the tests of the target package share."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.mock import accounts
from sendproof.mock.profiles import profile as mock_profile
from sendproof.target.budget import Allowance
from sendproof.target.client import Client
from sendproof.target.pacing import Pacing, WallClock
from sendproof.target.profile import Budget, Profile
from sendproof.target.profile_loader import parse_profile

SCHEMAS = Path(__file__).parents[2] / "schemas"
NONCE = "abcdefghijkl0123456789AB"


def read_provider(name: str) -> Provider:
    path = SCHEMAS / name / "provider.toml"
    return Provider.from_toml(tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))


PROVIDERS = {name: read_provider(name) for name in ("textflow", "textingline")}


def parse(data: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Profile:
    return parse_profile(
        data, where="p.toml", name="p", providers=PROVIDERS, environ={} if environ is None else environ
    )


def profile_of(name: accounts.Provider, base_url: str = "http://127.0.0.1:1", **more: Any) -> Profile:
    return parse({**mock_profile(name, base_url), **more})


def client_to(
    profile: Profile,
    transport: httpx.BaseTransport | None = None,
    budget: Budget | None = None,
    clock: WallClock | None = None,
) -> Client:
    clock = clock or WallClock()
    allowance = Allowance(budget or profile.budget)
    return Client(profile, PROVIDERS[profile.provider], clock, allowance, Pacing(math.inf, clock), transport=transport)


def case_of(name: str, **changes: Any) -> Case:
    body = {
        "textflow": b'{"to": "@{recipient}", "message": "hi @{nonce}"}',
        "textingline": b'{"to": "@{recipient}", "from": "@{sender}", "body": "hi"}',
    }[name]
    return Case(**{"id": "c1", "family": "f", "body": body, "expects": "accept", **changes})


class Steps:
    def __init__(self) -> None:
        self.at_s = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at_s += seconds
