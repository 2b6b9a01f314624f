"""Families that ask who is let in: the plain message, credentials, keys in other states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.families_texts import ruler
from sendproof.corpus.message_builder import MARK, NONCE, OMIT, OTHER_TEXT, MessageBuilder, hyphened
from sendproof.corpus.tokens import token

_TEXTS = (
    # What a service that trims, folds or escapes cannot leave alone; of printable ASCII and line breaks.
    # And what one that stores or compares texts in another way changes: alphabets and marks that compose, what is
    # joined of several characters, what lies beyond the basic plane, and the most there can be of any alphabet.
    (
        "world",
        "Grüße: Привет, 您好 臺灣, cafe\u0301 caf\u00e9 ﬁn. مرحبا שלום कमल नमस्ते কলম নমস্কার மலர வணக்கம் สวัสดี γειά σας 안녕 "
        "こんにちは カナ გამარჯობა բարեւ ሰላም Việt \u200fא\u200e",
    ),
    (
        "emoji",
        f"{MARK}see you soon! 😀 👩\u200d👩\u200d👧\u200d👦 👍🏽 🇨🇭 1\ufe0f\u20e3 𝓐𝓑 𠜎 "
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    ),
    ("signs", '  Dear guest,\n\nroom "12" & <bath> are  ready: 100%25, a+b, it\'s C:\\new.\n '),
)

_WRONG: Mapping[str, tuple[str, ...]] = {
    "header": ("missing", "empty", "unknown"),
    "basic": (
        *("missing", "empty", "scheme", "scheme_wrong", "malformed"),
        *("unknown_id", "wrong_secret", "other_secret", "empty_secret"),
    ),
}
"""What makes a credential wrong outright, by scheme; another scheme is asked what any scheme can be."""
_WRONG_ANYWHERE = ("missing", "empty", "unknown", "malformed")

_NEAR: Mapping[str, tuple[str, ...]] = {
    "basic": (
        *("case", "prefix", "extended", "extended_colon", "prepended", "space_before", "space_after"),
        *("id_case", "id_prefix", "id_extended", "id_prepended", "id_space_before", "id_space_after"),
    )
}
_NEAR_ANYWHERE = ("case", "prefix", "extended", "prepended")
# Wrong in one place, or in one part: who compares less than all of a credential lets one of these in.
_IN_PART: Mapping[str, tuple[str, ...]] = {
    "basic": ("id_changed_first", "id_changed_middle", "id_changed_last", "id_cut_front")
}
_IN_PART_ANYWHERE = ("changed_first", "changed_middle", "changed_last", "cut_front", "other_mark")


def plain(provider: Provider) -> Iterator[Case]:
    """Ask for ordinary messages: the controls of everything else."""
    draft = MessageBuilder(provider=provider, family="plain")
    yield draft.case("base")
    yield draft.case("required-only", draft.message(**dict.fromkeys(provider.optional, OMIT)))
    if len(provider.spellings) > 1:
        # So that a run can begin where the first spelling is refused.
        yield draft.case("other-spelling", draft.message(recipient=token("recipient", provider.spellings[-2])))
    yield draft.case("recipient2", draft.message(recipient="@{recipient2}"))
    yield draft.case("sender2", draft.message(sender="@{sender2}"))
    if draft.has("idempotency"):
        yield draft.case("idempotency", draft.message(idempotency=NONCE))
    if draft.has("media"):
        yield draft.case("media", draft.message(media=draft.media))
    for name, text in _TEXTS:
        yield draft.case(f"text-{name}", draft.message(text=text))

    # The shortest text, and one that a service may take for none.
    yield draft.case("text-shortest", draft.message(text="0"))
    limit = provider.max_length
    yield draft.case("text-longest-ascii", draft.message(text=f"{MARK}{ruler('ascii', limit)}"[:limit]))
    yield draft.case("text-longest", draft.message(text=ruler("cjk", limit)))


def credentials(provider: Provider) -> Iterator[Case]:
    """Present no credentials, or wrong ones."""
    draft = MessageBuilder(provider=provider, family="credentials")
    yield draft.case("exact", presents="exact")
    for presents in _WRONG.get(provider.credential_scheme, _WRONG_ANYWHERE):
        if presents != "other_secret":
            yield from _twice(draft, presents)
        elif key := next((item.name for item in provider.fixtures.values() if item.kind == "key"), None):
            yield from _twice(draft, presents, needs=(key,))


def near_misses(provider: Provider) -> Iterator[Case]:
    """Present what is almost the right credential."""
    draft = MessageBuilder(provider=provider, family="near_misses")
    for presents in _NEAR.get(provider.credential_scheme, _NEAR_ANYWHERE):
        yield from _twice(draft, presents)
    for presents in (*_IN_PART_ANYWHERE, *_IN_PART.get(provider.credential_scheme, ())):
        yield draft.case(hyphened(presents), presents=presents)
    for fixture in provider.fixtures.values():
        if fixture.kind == "key" and fixture.state == "test":
            # What begins as a test key does is none by that.
            given: dict[str, Any] = {"key": fixture.state, "presents": "unknown", "needs": (fixture.name,)}
            yield draft.case("unknown-test-key", **given)
            yield draft.case("unknown-test-key-again", draft.message(text=OTHER_TEXT), **given)


def elsewhere(provider: Provider) -> Iterator[Case]:
    """Present the right key, and a wrong one, in another place than the documented one."""
    draft = MessageBuilder(provider=provider, family="elsewhere")
    for presents in ("query", "query_wrong", "bearer", "bearer_wrong"):
        if presents.removesuffix("_wrong") != provider.credential_scheme:
            yield from _twice(draft, presents)


def carriers(provider: Provider) -> Iterator[Case]:
    """Spell the name of the credential's header field in other cases."""
    draft = MessageBuilder(provider=provider, family="carriers")
    for presents in ("carrier_lower", "carrier_upper"):
        yield draft.case(hyphened(presents), presents=presents)


def keys(provider: Provider) -> Iterator[Case]:
    """Present each key that a fixture offers, with a sender and, where it is optional, without."""
    draft = MessageBuilder(provider=provider, family="keys")
    for fixture in provider.fixtures.values():
        if fixture.kind != "key" or fixture.state is None:
            continue
        name = hyphened(fixture.state)
        given: dict[str, Any] = {"key": fixture.state, "needs": (fixture.name,)}
        yield draft.case(name, **given)
        yield draft.case(f"{name}-again", draft.message(text=OTHER_TEXT), **given)
        if "sender" in provider.optional:
            yield draft.case(f"{name}-no-sender", draft.message(sender=OMIT), **given)
            again = draft.message(sender=OMIT, text=OTHER_TEXT)
            yield draft.case(f"{name}-no-sender-again", again, **given)


def _twice(draft: MessageBuilder, presents: str, needs: tuple[str, ...] = ()) -> Iterator[Case]:
    """Ask with two bodies, so that no verdict rests on a single refusal."""
    name = hyphened(presents)
    yield draft.case(name, presents=presents, needs=needs)
    yield draft.case(f"{name}-again", draft.message(text=OTHER_TEXT), presents=presents, needs=needs)
