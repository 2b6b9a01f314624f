"""Assembles a mock: rules with a fault and a variant, accounts, clock, routes."""

import random
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from sendproof.mock import accounts, faults, textflow, textingline, variants
from sendproof.mock.accounts import Provider, Settings
from sendproof.mock.control import control_routes
from sendproof.mock.endpoint import Counts, Endpoint
from sendproof.mock.faults.fault_model import Change
from sendproof.mock.virtual_clock import VirtualClock

_Service = textingline.Service | textflow.Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Mock:
    """A mock to be served: an ASGI application, with what can be moved and read from outside."""

    app: Starlette
    clock: VirtualClock
    counts: Counts


def mock(
    provider: Provider,
    *,
    fault: str | None = None,
    variant: str | None = None,
    settings: Settings | None = None,
    clock: VirtualClock | None = None,
    rng: random.Random | None = None,
    control: bool = False,
    change: Change[Any] | None = None,
) -> Mock:
    """Assemble a mock. An unknown fault or variant raises `LookupError`; `change` is one more change of the rules."""
    change = change or _unchanged
    clock, counts, rng = clock or VirtualClock(), Counts(), rng or random.Random()
    service: _Service
    if provider == "textingline":
        path = textingline.PATH
        service = textingline.Service(
            rules=change(textingline_rules(fault=fault, variant=variant)),
            accounts=tuple(accounts.textingline_accounts(settings or Settings()).values()),
            clock=clock,
            counts=counts,
            rng=rng,
        )
    else:
        path = textflow.PATH
        service = textflow.Service(
            rules=change(textflow_rules(fault=fault, variant=variant)),
            keys=tuple(accounts.textflow_keys(settings or Settings()).values()),
            clock=clock,
            counts=counts,
            rng=rng,
        )
    app = Starlette(
        routes=[
            Route(path, Endpoint(rules=service.rules.http, respond=service.respond, counts=counts)),
            *(control_routes(clock, counts) if control else ()),
            Route(
                "/{path:path}",
                Endpoint(rules=service.rules.http, respond=service.missing, counts=counts),
            ),
        ]
    )
    return Mock(app=app, clock=clock, counts=counts)


def _unchanged(rules: Any) -> Any:
    return rules


def textingline_rules(*, fault: str | None = None, variant: str | None = None) -> textingline.Rules:
    """Return TextingLine's rules with the fault and then the variant applied."""
    rules = textingline.RULES
    if fault is not None:
        rules = faults.named(faults.TEXTINGLINE, fault).change(rules)
    if variant is not None:
        rules = faults.named(variants.TEXTINGLINE, variant).change(rules)
    return rules


def textflow_rules(*, fault: str | None = None, variant: str | None = None) -> textflow.Rules:
    """Return TextFlow's rules with the fault and then the variant applied."""
    rules = textflow.RULES
    if fault is not None:
        rules = faults.named(faults.TEXTFLOW, fault).change(rules)
    if variant is not None:
        rules = faults.named(variants.TEXTFLOW, variant).change(rules)
    return rules
