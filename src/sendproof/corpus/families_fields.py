"""Families of the other fields: media, idempotency keys, fields that no document names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import NONCE, OMIT, OTHER_TEXT, MessageBuilder

_TYPES: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("number", 5),
    ("fraction", 0.5),
    ("true", True),
    ("false", False),
    ("list", ["x"]),
    ("empty-list", []),
    ("object", {"x": "y"}),
    ("empty-object", {}),
)

_NOT_MEDIA: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("blank", "   "),
    ("words", "not a URL"),
    ("no-scheme", "example.com/images/promo.jpg"),
    ("no-scheme-but-slashes", "//example.com/images/promo.jpg"),
    ("path", "/images/promo.jpg"),
    ("scheme-alone", "https:"),
    ("no-host", "https:///promo.jpg"),
    ("no-host-no-path", "https://"),
    ("colon-first", "://example.com/promo.jpg"),
    ("mailto", "mailto:promo@example.com"),
    ("data", "data:image/png;base64,iVBORw0KGgo="),
    ("javascript", "javascript:alert(1)"),
    ("file", "file:///promo.jpg"),
    ("ftp", "ftp://example.com/promo.jpg"),
    ("space-in-host", "https://exa mple.com/promo.jpg"),
    ("reserved-host", "https://media.invalid/promo.jpg"),
    ("test-host", "https://media.test/promo.jpg"),
    ("loopback", "http://localhost/promo.jpg"),
    ("documentation-address", "http://192.0.2.1/promo.jpg"),
    ("documentation-address-6", "http://[2001:db8::1]/promo.jpg"),
    ("userinfo", "https://user@example.com/promo.jpg"),
    ("query", "https://example.com/promo.jpg?size=large#top"),
    ("very-long", "https://example.com/" + "a" * 2_000 + ".jpg"),
)


def media(provider: Provider) -> Iterator[Case]:
    """Send media, alone and with a text, and what is no media."""
    draft = MessageBuilder(provider=provider, family="media")
    if not draft.has("media"):
        return
    example = draft.media
    yield draft.case("alone", draft.message(text=OMIT, media=example))
    yield draft.case("alone-again", draft.message(text=OMIT, media=example, recipient="@{recipient2}"))
    yield draft.case("with-text", draft.message(media=example))
    yield draft.case("with-other-text", draft.message(media=example, text=OTHER_TEXT))
    yield draft.case("with-idempotency", draft.message(media=example, idempotency=NONCE))
    for name, value in (*_NOT_MEDIA, *_TYPES):
        yield draft.case(name, draft.message(media=value))
    for name, value in (("words", "not a URL"), ("null", None), ("empty", "")):
        yield draft.case(f"{name}-alone", draft.message(text=OMIT, media=value))


_ODD_KEYS: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("blank", "   "),
    ("two-words", f"{NONCE} {NONCE}"),
    ("non-ascii", f"{NONCE}-é-😀"),
    ("long", NONCE * 11),
    ("very-long", NONCE * 400),
)


def idempotency(provider: Provider) -> Iterator[Case]:
    """Send one idempotency key a message, well-formed and odd. No key is ever sent twice."""
    draft = MessageBuilder(provider=provider, family="idempotency")
    if not draft.has("idempotency"):
        return
    yield draft.case("given", draft.message(idempotency=NONCE))
    yield draft.case("given-again", draft.message(idempotency=NONCE, text=OTHER_TEXT))
    yield draft.case("uuid-like", draft.message(idempotency=f"{NONCE}-4b1d-8c2e"))
    for name, value in (*_ODD_KEYS, *_TYPES):
        yield draft.case(name, draft.message(idempotency=value))


def unknown_fields(provider: Provider) -> Iterator[Case]:
    """Add one field that no document names, of each JSON type."""
    draft = MessageBuilder(provider=provider, family="unknown_fields")
    for name, value in (("text", "x"), *_TYPES):
        yield draft.case(name, {**draft.message(), "unheardOf": value})
    yield draft.case("empty-name", {**draft.message(), "": "x"})
