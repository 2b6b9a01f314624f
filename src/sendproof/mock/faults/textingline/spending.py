"""Faults of TextingLine: credits."""

from dataclasses import replace
from typing import Final

from sendproof.mock.faults.textingline.kit import fault
from sendproof.mock.idempotency_keys import Resending
from sendproof.mock.textingline import (
    Record,
)


def _older(first: Record, again: Record) -> Record:
    return first


FAULTS: Final = (
    fault(
        "idempotency-charged",
        "A retry gets the first answer and is charged again.",
        "Credits are taken before the duplicate is found.",
        lambda r: replace(r, idempotency=lambda clock: Resending(_older)),
        "tl.credits.retry-free",
    ),
    fault(
        "credits-any-balance",
        "A message is accepted while any credit is left.",
        "The balance is compared with zero.",
        lambda r: replace(r, affords=lambda balance, cost: balance > 0),
        "tl.credits.boundary",
    ),
    fault(
        "credits-strict",
        "A message is refused when the balance just suffices.",
        "A strict comparison where an inclusive one was meant.",
        lambda r: replace(r, affords=lambda balance, cost: balance > cost),
        "tl.credits.boundary",
    ),
    fault(
        "credits-unlimited",
        "No balance is ever short.",
        "Billing is done by a nightly job.",
        lambda r: replace(r, affords=lambda balance, cost: True),
        "tl.credits.insufficient",
        "tl.credits.boundary",
    ),
    fault(
        "credits-race",
        "Concurrent messages overdraw the balance.",
        "The balance is read and written in two statements.",
        lambda r: replace(r, charging_pause_s=0.03),
        "tl.credits.boundary",
    ),
    fault(
        "mms-costs-2",
        "An MMS costs 2 credits.",
        "The surcharge is forgotten.",
        lambda r: replace(r, price=lambda message: 2),
        "tl.credits.mms-price",
    ),
    fault(
        "sms-costs-1",
        "An SMS costs 1 credit.",
        "The carrier look-up is not charged.",
        lambda r: replace(r, price=lambda message: 3 if message.media_url else 1),
        "tl.credits.sms-price",
    ),
)
