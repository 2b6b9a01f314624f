"""Families of bytes: other ways of writing JSON, hostile bodies, other methods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.corpus.message_builder import MessageBuilder, compact

_JSON = "application/json"
_METHODS = ("GET", "PUT", "DELETE", "PATCH")
_MAX_BODY_BYTES = 128 * 1024
# Sent once: more than the buffers of common proxies take.
_HUGE_BODY_BYTES = 640 * 1024


def json_forms(provider: Provider) -> Iterator[Case]:
    """Write the plain message in every way that JSON permits, and in some that it does not."""
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
        ("type-form", None, "application/x-www-form-urlencoded"),
        ("type-unknown", None, "application/x-unheard-of"),
        ("form", form, "application/x-www-form-urlencoded"),
        ("form-as-json", form, _JSON),
    ):
        yield draft.case(name, body, headers=(("Content-Type", content_type),))
    yield draft.case("type-missing", headers=())


def hostile(provider: Provider) -> Iterator[Case]:
    """Send what breaks careless services. None of it can reach anybody's telephone."""
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
