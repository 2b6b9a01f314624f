"""Families of numbers: spellings, near misses, fixture senders and recipients.

Every number is a token, or reserved for fiction (555-01XX), or nobody's in any reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import OMIT, OTHER_TEXT, MessageBuilder, hyphened
from sendproof.corpus.tokens import SPELLINGS, token

_NEAR_MISSES: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("true", True),
    ("false", False),
    ("empty-list", []),
    ("empty-object", {}),
    ("empty", ""),
    ("blank", "   "),
    ("newline", "\n"),
    ("plus-alone", "+"),
    ("double-plus", "++12025550142"),
    ("plus-in-the-middle", "1202555+0142"),
    ("two-digits", "+12"),
    ("five-digits", "+12025"),
    ("one-digit-short", "+1202555014"),
    ("nine-digits", "202555014"),
    ("nine-digits-formatted", "(202) 555-014"),
    ("one-digit-long", "+120255501423"),
    ("twelve-digits", "120255501423"),
    ("sixteen-digits", "+1202555014200000"),
    ("thirty-digits", "+12025550142" + "0" * 19),
    ("fictional", "+12025550142"),
    ("leading-zero", "+02025550142"),
    ("eleven-digits-not-one", "02025550142"),
    ("all-zeros", "+00000000000"),
    ("letters", "telephone"),
    ("letters-after-digits", "+120255501AB"),
    ("letters-around-digits", "no+120255501xy"),
    ("no-digits", "call me"),
    ("spaces", "+1 202 555 0142"),
    ("dots", "202.555.0142"),
    ("hyphens", "1-202-555-0142"),
    ("fullwidth-digits", "+１２０２５５５０１４２"),
    ("arabic-indic-digits", "+١٢٠٢٥٥٥٠١٤٢"),
    ("hexadecimal", "0x2CCC7553E"),
    ("exponent", "1.2025550142e10"),
    ("minus", "-12025550142"),
)
_WITH_TOKEN: tuple[tuple[str, str], ...] = (
    ("before-letters", '"{e164}abc"'),
    ("trailing-space", '"{e164} "'),
    ("trailing-newline", '"{e164}\\n"'),
    ("leading-space", '" {e164}"'),
    ("formatted-after-plus", '"+1 {formatted}"'),
    ("tel-uri", '"tel:{e164}"'),
    ("international-prefix", '"00{eleven_digits}"'),
    ("extension", '"{e164};ext=5"'),
    ("list", '["{e164}"]'),
    ("object", '{{"number":"{e164}"}}'),
    ("number", "{eleven_digits}"),
    ("trailing-nul", '"{e164}\\u0000"'),
    ("direction-mark", '"\\u200e{e164}"'),
    ("in-quotes", '"\\"{e164}\\""'),
    ("twice", '"{e164},{e164}"'),
)
"""JSON literals; {spelling} is the token of the field's own number."""


def numbers(provider: Provider) -> Iterator[Case]:
    """Write recipient and sender in every documented spelling, and in many that are not."""
    draft = MessageBuilder(provider=provider, family="numbers")
    yield from _spelled(draft)
    for role in ("recipient", "sender"):
        if draft.has(role):
            yield draft.case(f"{draft.field(role)}-missing", draft.message(**{role: OMIT}))
            yield from _near_misses(draft, role)


def _spelled(draft: MessageBuilder) -> Iterator[Case]:
    to, sender, names = draft.field("recipient"), draft.field("sender"), draft.provider.spellings
    for number in ("", "2"):
        for recipient_as, sender_as in product(names, names):
            if number and recipient_as != sender_as:
                continue
            name = f"{to}{number}-{hyphened(recipient_as)}-{sender}{number}-{hyphened(sender_as)}"
            recipient = token(f"recipient{number}", recipient_as)
            message = draft.message(recipient=recipient, sender=token(f"sender{number}", sender_as))
            yield draft.case(name, message)
    if "sender" in draft.provider.optional:
        for name in names:
            message = draft.message(recipient=token("recipient", name), sender=OMIT)
            yield draft.case(f"{to}-{hyphened(name)}", message)


def _near_misses(draft: MessageBuilder, role: str) -> Iterator[Case]:
    field = draft.field(role)
    places = {spelling: token(role, spelling) for spelling in SPELLINGS}
    others = [spelling for spelling in SPELLINGS if spelling not in draft.provider.spellings]
    # First what a lenient service takes most often.
    for spelling in others:
        yield draft.case(f"{field}-{hyphened(spelling)}", draft.message(**{role: places[spelling]}))
    for name, literal in _WITH_TOKEN:
        yield draft.case(f"{field}-{name}", draft.raw(role, literal.format(**places).encode()))
    for name, value in _NEAR_MISSES:
        yield draft.case(f"{field}-{name}", draft.message(**{role: value}))
    for spelling in others:
        again = draft.message(**{role: token(f"{role}2", spelling)}, text=OTHER_TEXT)
        yield draft.case(f"{field}-{hyphened(spelling)}-again", again)


def senders(provider: Provider) -> Iterator[Case]:
    """Send from each number that a fixture offers, in every spelling, with two texts."""
    draft = MessageBuilder(provider=provider, family="senders")
    for fixture in provider.fixtures.values():
        if fixture.kind != "sender":
            continue
        for spelling in provider.spellings:
            sender = token(f"fixture.{fixture.name}", spelling)
            name = f"{hyphened(fixture.name)}-{hyphened(spelling)}"
            yield draft.case(name, draft.message(sender=sender), needs=(fixture.name,))
            again = draft.message(sender=sender, recipient="@{recipient2}", text=OTHER_TEXT)
            yield draft.case(f"{name}-again", again, needs=(fixture.name,))
            if draft.has("media"):
                message = draft.message(sender=sender, media=draft.media)
                yield draft.case(f"{name}-media", message, needs=(fixture.name,))


def failing_recipients(provider: Provider) -> Iterator[Case]:
    """Send to each number whose delivery a fixture says will fail."""
    draft = MessageBuilder(provider=provider, family="failing_recipients")
    for fixture in provider.fixtures.values():
        for cause in fixture.causes:
            need = f"{fixture.name}.{cause}"
            message = draft.message(recipient=f"@{{fixture.{need}}}")
            yield draft.case(hyphened(cause), message, needs=(need,))
            again = draft.message(recipient=f"@{{fixture.{need}}}", text=OTHER_TEXT)
            yield draft.case(f"{hyphened(cause)}-again", again, needs=(need,))
            if draft.has("media"):
                message = draft.message(recipient=f"@{{fixture.{need}}}", media=draft.media)
                yield draft.case(f"{hyphened(cause)}-media", message, needs=(need,))
