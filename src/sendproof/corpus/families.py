"""The families of cases that are written by hand, each a function of a provider's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.families_bytes import hostile, json_forms, methods
from sendproof.corpus.families_fields import idempotency, media, unknown_fields
from sendproof.corpus.families_identity import carriers, credentials, elsewhere, keys, near_misses, plain
from sendproof.corpus.families_numbers import failing_recipients, numbers, senders
from sendproof.corpus.families_texts import lengths, text_facts, texts

FAMILIES: tuple[Callable[[Provider], Iterator[Case]], ...] = (
    plain,
    credentials,
    near_misses,
    elsewhere,
    carriers,
    keys,
    numbers,
    senders,
    failing_recipients,
    text_facts,
    texts,
    lengths,
    media,
    idempotency,
    unknown_fields,
    json_forms,
    hostile,
    methods,
)


def written_cases(provider: Provider) -> Iterator[Case]:
    """Yield the cases of every family, family by family."""
    for family in FAMILIES:
        yield from family(provider)
