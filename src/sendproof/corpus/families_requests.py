"""Families that vary the request around a message: credentials, hostile bodies, other ways to write JSON, methods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from sendproof.contract.provider import BodyFormat, Provider
from sendproof.corpus.case import Case, token
from sendproof.corpus.families_messages import ruler
from sendproof.corpus.message_builder import (
    MARK,
    NONCE,
    OMIT,
    OTHER_TEXT,
    MessageBuilder,
    as_form,
    compact,
    hyphened,
)

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
    "word": ("missing", "empty", "unknown", "scheme", "scheme_wrong"),
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
    yield draft.case("recipient2", draft.message(recipient=draft.number("recipient2")))
    yield draft.case("sender2", draft.message(sender=draft.number("sender2")))
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
    if "{" in provider.path:
        yield from _twice(draft, "other_account")
    # Where a word stands before the key, or a scheme, another word is one of the wrong credentials.
    bearer = ("bearer", "bearer_wrong") if provider.credential_scheme == "header" else ()
    for presents in ("query", "query_wrong", *bearer):
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


_JSON = BodyFormat.JSON.media_type
_FORM = BodyFormat.FORM.media_type
_METHODS = ("GET", "PUT", "DELETE", "PATCH")
_MAX_BODY_BYTES = 128 * 1024
# Sent once: more than the buffers of common proxies take.
_HUGE_BODY_BYTES = 640 * 1024


def json_forms(provider: Provider) -> Iterator[Case]:
    """Write the plain message in every way that JSON permits, and in some that it does not."""
    if provider.body_format is not BodyFormat.JSON:
        return
    draft = MessageBuilder(provider=provider, family="json_forms")
    yield from _permitted(draft)
    yield from _not_permitted(draft)
    yield from _other_values(draft)
    yield from _other_types(draft)


def _permitted(draft: MessageBuilder) -> Iterator[Case]:
    message, body = draft.message(), compact(draft.message())
    yield draft.case("pretty", json.dumps(message, indent=4).encode())
    yield draft.case("white-space", b" \r\n\t" + body.replace(b":", b" \t:\n ") + b"\n\n")
    yield draft.case("reversed", dict(reversed(message.items())))
    yield draft.case("escaped-solidus", draft.raw("text", rb'"9\/10 guests"'))
    yield draft.case("escaped-letters", draft.raw("text", rb'"\u0048\u0065llo \u00e9\ud83d\ude00"'))
    yield draft.case("escaped-name", body.replace(draft.field("text").encode(), _escaped(draft.field("text")), 1))


def _escaped(name: str) -> bytes:
    """Return a name with its first letter as an escape."""
    return f"\\u{ord(name[0]):04x}{name[1:]}".encode()


def _not_permitted(draft: MessageBuilder) -> Iterator[Case]:
    body, text = compact(draft.message()), draft.field("text").encode()
    yield draft.case("duplicate-name", body[:-1] + b',"' + text + b'":"Another text."}')
    yield draft.case("duplicate-recipient", b"{" + _member(draft, "recipient", b"null") + b"," + body[1:])
    yield draft.case("byte-order-mark", b"\xef\xbb\xbf" + body)
    yield draft.case("not-a-number", draft.raw("text", b"NaN"))
    yield draft.case("trailing-comma", body[:-1] + b",}")
    yield draft.case("comment", body[:-1] + b"/* note */}")
    yield draft.case("line-comment", b"// note\n" + body)
    yield draft.case("single-quotes", body.replace(b'"', b"'"))
    yield draft.case("unquoted-names", body.replace(b'"' + text + b'"', text))
    yield draft.case("truncated", body[:-9])
    yield draft.case("no-closing-brace", body[:-1])
    yield draft.case("trailing-garbage", body + b"}")
    yield draft.case("two-values", body + body)
    yield draft.case("utf-16", body.decode().encode("utf-16"))
    yield draft.case("empty", b"")
    yield draft.case("white-space-alone", b" \n")


def _member(draft: MessageBuilder, role: str, literal: bytes) -> bytes:
    return b'"' + draft.field(role).encode() + b'":' + literal


def _other_values(draft: MessageBuilder) -> Iterator[Case]:
    for name, body in (
        ("null", b"null"),
        ("true", b"true"),
        ("number", b"42"),
        ("text", b'"x"'),
        ("list", b"[]"),
        ("object", b"{}"),
        ("list-of-message", b"[" + compact(draft.message()) + b"]"),
        ("message-in-text", compact(compact(draft.message()).decode())),
        ("message-in-object", compact({"data": draft.message()})),
    ):
        yield draft.case(f"value-{name}", body)


def _other_types(draft: MessageBuilder) -> Iterator[Case]:
    form = urlencode(draft.message(recipient="@{recipient.eleven_digits}"), safe="@{}.").encode()
    for name, body, content_type in (
        ("type-charset", None, f"{_JSON}; charset=utf-8"),
        ("type-capitals", None, "Application/JSON"),
        ("type-other-charset", None, f"{_JSON}; charset=iso-8859-1"),
        ("type-plain", None, "text/plain"),
        ("type-form", None, _FORM),
        ("type-unknown", None, "application/x-unheard-of"),
        ("form", form, _FORM),
        ("form-as-json", form, _JSON),
    ):
        yield draft.case(name, body, headers=(("Content-Type", content_type),))
    yield draft.case("type-missing", headers=())


def forms(provider: Provider) -> Iterator[Case]:
    """Write the plain message in other ways as a form, and what is no proper form."""
    if provider.body_format is not BodyFormat.FORM:
        return
    draft = MessageBuilder(provider=provider, family="forms")
    message = draft.message()
    body, text = as_form(message), draft.field("text").encode()
    without_text = as_form(draft.message(text=OMIT))
    yield draft.case("reversed", dict(reversed(message.items())))
    yield draft.case("spaces-as-escapes", body.replace(b"+", b"%20"))
    yield draft.case("escaped-name", body.replace(text + b"=", b"%%%02x%b=" % (text[0], text[1:])))
    yield draft.case("trailing-separator", body + b"&")
    yield draft.case("unknown-name", {**message, "UnheardOf": "1"})
    yield draft.case("text-twice", {**message, draft.field("text"): ["One text.", "Another text."]})
    for name, value in (
        ("bad-escape", b"%zz"),
        ("cut-escape", b"%"),
        ("invalid-utf8", b"caf%E9"),
        ("overlong", b"%C0%AF"),
        ("surrogate", b"%ED%A0%80"),
        ("nul", b"a%00b"),
        ("controls", b"%01%08%1B%5B31m"),
        ("raw-eight-bit", b"caf\xe9"),
        ("raw-newline", b"a\nb"),
        ("header-injection", b"a%0D%0AX-Injected%3A+yes%0D%0A%0D%0A"),
        ("format-string", b"%25s%25n+%7B0.__class__%7D"),
        ("large", b"large+" * 20_000),
    ):
        yield draft.case(f"text-{name}", without_text + b"&" + text + b"=" + value)
    for name, data in (
        ("empty", b""),
        ("separators-alone", b"&&&&"),
        ("no-equals", b"message"),
        ("binary", bytes(range(256))),
        ("many-names", b"&".join(b"n%d=x" % index for index in range(1_000))),
        ("long-name", b"n" * 10_000 + b"=x"),
    ):
        yield draft.case(name, data)
    yield draft.case("type-missing", headers=())
    for name, media in (("json", _JSON), ("plain", "text/plain"), ("charset", f"{_FORM}; charset=utf-8")):
        yield draft.case(f"type-{name}", headers=(("Content-Type", media),))


def hostile(provider: Provider) -> Iterator[Case]:
    """Send what breaks careless services. None of it can reach anybody's telephone."""
    if provider.body_format is not BodyFormat.JSON:
        return
    draft = MessageBuilder(provider=provider, family="hostile")
    for name, literal in _LITERALS:
        yield draft.case(f"text-{name}", draft.raw("text", literal))
    for name, literal in _LITERALS[:8]:
        yield draft.case(f"{draft.field('recipient')}-{name}", draft.raw("recipient", literal))
    yield from _names(draft)
    yield from _sizes(draft)
    yield draft.case("all-numbers", dict.fromkeys(draft.message(), 1))
    yield draft.case("all-null", dict.fromkeys(draft.message()))
    yield draft.case("all-lists", {field: [[]] for field in draft.message()})
    yield draft.case("all-objects", {field: {"$ne": None} for field in draft.message()})
    yield draft.case("binary", bytes(range(256)))
    yield draft.case("nul-bytes", b"\x00" * 64)


_LITERALS: tuple[tuple[str, bytes], ...] = (
    ("invalid-utf8", b'"caf\xe9"'),
    ("invalid-utf8-lead", b'"\xff\xfe"'),
    ("overlong", b'"\xc0\xaf\xc1\x81"'),
    ("encoded-surrogate", b'"\xed\xa0\x80"'),
    ("lone-high-surrogate", rb'"\ud800"'),
    ("lone-low-surrogate", rb'"a\udc00b"'),
    ("nul", rb'"a\u0000b"'),
    ("path-traversal", b'"../../../../etc/passwd"'),
    ("swapped-surrogates", rb'"\ude00\ud83d"'),
    ("nul-alone", rb'"\u0000"'),
    ("raw-control", b'"a\x01b"'),
    ("raw-newline", b'"a\nb"'),
    ("escaped-controls", rb'"\u0001\u0008\u001b[31m\u007f"'),
    ("noncharacters", b'"\xef\xbf\xbe\xef\xbf\xbf"'),
    ("private-use", b'"\xee\x80\x80"'),
    ("beyond-unicode", b'"\xf4\x90\x80\x80"'),
    ("bad-escape", rb'"\x41"'),
    ("short-escape", rb'"\u12"'),
    ("huge-integer", b"9" * 400),
    ("long-integer", b"9" * 5_000),
    ("huge-exponent", b"1e400"),
    ("tiny-exponent", b"1e-400"),
    ("leading-zero", b"007"),
    ("minus-zero", b"-0"),
    ("format-string", b'"%s%n%x%p {0.__class__}"'),
    ("expression", b'"${jndi:x} {{7*7}}"'),
    ("header-injection", rb'"a\r\nX-Injected: yes\r\n\r\n"'),
)


def _names(draft: MessageBuilder) -> Iterator[Case]:
    message = draft.message()
    for name, extra in (
        ("prototype", {"__proto__": {"admin": True}}),
        ("constructor", {"constructor": {"prototype": {"admin": True}}}),
        ("dotted-name", {"a.b[0]": 1, "$where": "1"}),
        ("long-name", {"n" * 10_000: 1}),
        ("nul-name", {"a\x00b": 1}),
        ("emoji-name", {"😀": 1}),
        ("many-names", {f"n{index}": index for index in range(1_000)}),
    ):
        yield draft.case(name, {**message, **extra})
    yield draft.case("surrogate-name", compact(message)[:-1] + rb',"\ud800":1}')


def _sizes(draft: MessageBuilder) -> Iterator[Case]:
    body = compact(draft.message())
    yield draft.case("nested-lists-1000", b"[" * 1_000 + b"]" * 1_000)
    yield draft.case("nested-lists-50000", b"[" * 50_000 + b"]" * 50_000)
    yield draft.case("unclosed-lists", b"[" * 100_000)
    yield draft.case("nested-objects", body[:-1] + b',"deep":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_001)
    yield draft.case("nested-text", draft.raw("text", b"[" * 500 + b"]" * 500))
    yield draft.case("large-text", draft.message(text="large " * 20_000))
    yield draft.case("large-unknown-field", {**draft.message(), "padding": "x" * (_MAX_BODY_BYTES - 4_096)})
    yield draft.case("large-list", b"[" + b"0," * 10_000 + b"0]")
    yield draft.case("huge-list", b'["' + b"x" * _HUGE_BODY_BYTES + b'"]')
    yield draft.case("large-white-space", b" " * (_MAX_BODY_BYTES - 4_096) + body)


def methods(provider: Provider) -> Iterator[Case]:
    """Use other methods on the path of the operation, with credentials and without a body."""
    draft = MessageBuilder(provider=provider, family="methods")
    for method in _METHODS:
        if method != provider.method:
            yield draft.case(method.lower(), b"", method=method, headers=())
