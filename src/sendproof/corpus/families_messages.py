"""Families that vary what stands in the fields of a message: numbers, texts, media, idempotency keys, other names.

Every number is a token, or reserved for fiction (555-01XX), or one that no reading makes a telephone's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice, product
from typing import Any

from sendproof.contract.provider import Provider
from sendproof.corpus.case import SPELLINGS, Case, token
from sendproof.corpus.message_builder import MARK, NONCE, OMIT, OTHER_TEXT, MessageBuilder, hyphened

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
            again = draft.message(sender=sender, recipient=draft.number("recipient2"), text=OTHER_TEXT)
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
            message = draft.message(recipient=draft.number(f"fixture.{need}"))
            yield draft.case(hyphened(cause), message, needs=(need,))
            again = draft.message(recipient=draft.number(f"fixture.{need}"), text=OTHER_TEXT)
            yield draft.case(f"{hyphened(cause)}-again", again, needs=(need,))
            if draft.has("media"):
                message = draft.message(recipient=draft.number(f"fixture.{need}"), media=draft.media)
                yield draft.case(f"{hyphened(cause)}-media", message, needs=(need,))


_TEXTS: tuple[tuple[str, str], ...] = (
    ("gsm7", "Café at £5, ¿señor? Ærø: ΔΩ @ 7_PM!"),
    ("gsm7-extension", "^{}[]~|\\€"),
    ("latin", "Zażółć gęślą jaźń, ñandú, façade"),
    ("greek", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    ("cyrillic", "Съешь же ещё этих мягких булок"),
    ("chinese", "您的桌位已預訂於晚上七點"),
    ("japanese", "いろはにほへと チリヌルヲ"),
    ("korean", "키스의 고유조건은 입술끼리"),
    ("korean-jamo", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ("arabic", "طاولتك محجوزة للساعة السابعة"),
    ("hebrew", "השולחן שלך הוזמן לשעה שבע"),
    ("devanagari", "आपकी मेज़ शाम सात बजे"),
    ("thai", "จองโต๊ะของคุณแล้ว"),
    ("both-directions", "Order שלום 42 \u202bمرحبا\u202c done"),
    ("emoji", "Ready 😀 to go 🚀"),
    ("emoji-family", "The 👩\u200d👩\u200d👧\u200d👦 table"),
    ("emoji-skin-tones", "Thanks 👍🏽 👋🏿"),
    ("emoji-flags", "From 🇨🇭 to 🇯🇵 and 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
    ("emoji-keycap", "Press 1\ufe0f\u20e3 or ❤\ufe0f"),
    ("combining-marks", "e\u0301 a\u0308 n\u0303 o\u0302"),
    ("stacked-marks", "Z\u0351\u036b\u0343a\u0306\u0312\u0320l\u0334\u0353go"),
    ("composed", "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m"),
    ("decomposed", "cafe\u0301 nai\u0308ve A\u030angstro\u0308m"),
    ("compatibility", "\ufb01ne \u2460 \u212b \u00bd \uff21"),
    ("astral-letters", "𝓣𝓱𝓮 𐌸𐌴 𠜎𠜱"),
    ("sharp-s", "Straße STRASSE ẞ"),
    ("dotted-i", "İstanbul ısı Iİıi"),
    ("markup", "<b>Tom &amp; Jerry</b> <script>alert(1)</script>"),
    ("quotes", 'She said "it\'s ‘fine’"'),
    ("backslashes", "C:\\new\\table \\n \\u0041 \\\\"),
    ("trailing-backslash", "over\\"),
    ("percent", "100%25 off %41+%20 a+b c%"),
    ("escape-literal", "\\u0041\\x41&#65;&lt;"),
    ("leading-space", "  two before"),
    ("trailing-space", "two after  "),
    ("leading-newline", "\nbelow"),
    ("trailing-newline", "above\n"),
    ("double-spaces", "one  two   three"),
    ("tab", "left\tright"),
    ("crlf", "one\r\ntwo\rthree\nfour"),
    ("line-separators", "one\u2028two\u2029three\u0085four"),
    ("no-break-spaces", "10\u00a0km 20\u202fkm\u3000end"),
    ("zero-width-space", "zero\u200bwidth"),
    ("zero-width-joiner", "zero\u200dwidth\u200cnon"),
    ("soft-hyphen", "co\u00adoperate"),
    ("byte-order-mark", "in\ufeffside"),
    ("replacement-character", "was \ufffd here"),
    ("template-braces", "Hello {{name}} {name} {0}"),
    ("template-dollar", "Hello ${name} $name #{name} <%= name %>"),
    ("template-percent", "Hello %s %d %n %(name)s"),
    ("sql", "Robert'); DROP TABLE messages;--"),
    ("shell", "$(id) `id` ; id | id && id"),
    ("json-inside", '{"text":"inner","n":[1,2]}'),
    ("number-like", "00042"),
    ("null-like", "null"),
    ("typographic", "“Quoted” – it’s … €5 • ©"),
    ("url", "https://example.com/a?b=c&d=%20e#f"),
)
_ALSO_ESCAPED = ("gsm7", "greek", "chinese", "emoji", "emoji-family", "decomposed", "astral-letters")


def texts(provider: Provider) -> Iterator[Case]:
    """Send texts that betray a service that escapes, trims, folds or re-encodes."""
    draft = MessageBuilder(provider=provider, family="texts")
    for name, text in _TEXTS:
        yield draft.case(name, draft.message(text=text))
        if name in _ALSO_ESCAPED:
            escaped = json.dumps(draft.message(text=text), ensure_ascii=True).encode()
            yield draft.case(f"{name}-escaped", escaped)


def text_facts(provider: Provider) -> Iterator[Case]:
    """Send each text that a fixture offers."""
    draft = MessageBuilder(provider=provider, family="text_facts")
    for fixture in provider.fixtures.values():
        if fixture.kind == "text":
            message = draft.message(text=f"@{{fixture.{fixture.name}}}")
            yield draft.case(hyphened(fixture.name), message, needs=(fixture.name,))
            again = draft.message(text=f"@{{fixture.{fixture.name}}}", recipient=draft.number("recipient2"))
            yield draft.case(f"{hyphened(fixture.name)}-again", again, needs=(fixture.name,))
            if draft.has("media"):
                message = draft.message(text=f"@{{fixture.{fixture.name}}}", media=draft.media)
                yield draft.case(f"{hyphened(fixture.name)}-media", message, needs=(fixture.name,))


ALPHABETS = {
    "ascii": "abcdefghijklmnopqrstuvwxy",
    "gsm7": "éèùìòÇØøÅåÆæßÉÄÖÑÜäöñü",
    "cyrillic": "бвгджзиклмнпрстуфхцчшщ",
    "cjk": "一二三四五六七八九十百千",
    "emoji": "😀🚀🎉🌍🔥🎵🍀🐙",
    "combined": "e\u0301a\u0300o\u0302u\u0308",
}
_GSM7, _UCS2, _UCS2_PAIRS = (160, 153), (70, 67), (35, 33)
_SEGMENTS = {"ascii": _GSM7, "gsm7": _GSM7, "cyrillic": _UCS2, "cjk": _UCS2, "emoji": _UCS2_PAIRS}
"""How many characters a single message takes, and each part of a longer one (3GPP TS 23.040)."""


def ruler(alphabet: str, length: int) -> str:
    """Return a text of `length` code points that goes round and round an alphabet."""
    return "".join(islice(cycle(ALPHABETS[alphabet]), length))


def segment_edges(alphabet: str, max_length: int) -> tuple[int, ...]:
    """Return the lengths, up to a limit, at which a text needs one more segment, and one less each."""
    single, part = _SEGMENTS[alphabet]
    edges = (
        single,
        single + 1,
        *(edge for parts in range(2, 12) for edge in (parts * part, parts * part + 1)),
    )
    return tuple(edge for edge in edges if edge <= max_length)


def lengths(provider: Provider) -> Iterator[Case]:
    """Send texts as long as the limit, one more, one less, at segment edges, and no text at all."""
    draft, limit = MessageBuilder(provider=provider, family="lengths"), provider.max_length
    yield from _rulers(draft, "ascii", 1, limit - 1, limit, limit + 1, limit * 2, 10_000)
    for alphabet in _SEGMENTS:
        yield from _rulers(draft, alphabet, *segment_edges(alphabet, limit - 2)[:4])
    for alphabet in ("gsm7", "cyrillic", "cjk"):
        yield from _rulers(draft, alphabet, limit // 2 + 1, limit, limit + 1)
    for alphabet in ("emoji", "combined"):
        yield from _rulers(draft, alphabet, limit // 2, limit, limit + 1, limit * 3)
    yield from _no_text(draft)
    if draft.has("media"):
        yield from _with_media(draft)


def _rulers(draft: MessageBuilder, alphabet: str, *counts: int, **given: Any) -> Iterator[Case]:
    for count in dict.fromkeys(counts):
        name = f"{alphabet}-{count}" + ("-media" if given else "")
        text = ruler(alphabet, count)
        marked = MARK + text[len(MARK) :] if alphabet == "ascii" and count > len(MARK) else text
        yield draft.case(name, draft.message(text=marked, **given))


_NO_TEXT: tuple[tuple[str, Any], ...] = (
    ("missing", OMIT),
    ("null", None),
    ("empty", ""),
    ("space", " "),
    ("newlines", "\n\r\n"),
    ("no-break-space", "\u00a0"),
    ("number", 7),
    ("zero", 0),
    ("true", True),
    ("false", False),
    ("list", ["text"]),
    ("empty-list", []),
    ("object", {"text": "text"}),
    ("empty-object", {}),
)


def _no_text(draft: MessageBuilder) -> Iterator[Case]:
    for name, value in _NO_TEXT:
        yield draft.case(name, draft.message(text=value))
        if name in ("missing", "null", "empty"):
            again = draft.message(text=value, recipient=draft.number("recipient2"), sender=draft.number("sender2"))
            yield draft.case(f"{name}-again", again)


def _with_media(draft: MessageBuilder) -> Iterator[Case]:
    limit, media = draft.provider.max_length, draft.media
    yield from _rulers(draft, "ascii", 1, limit, limit + 1, limit * 2, media=media)
    yield from _rulers(draft, "gsm7", limit, limit + 1, media=media)
    for name, value in _NO_TEXT[:3]:
        yield draft.case(f"{name}-media", draft.message(text=value, media=media))
    yield draft.case("other-media", draft.message(text=OTHER_TEXT, media=media))


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
    yield draft.case("alone-again", draft.message(text=OMIT, media=example, recipient=draft.number("recipient2")))
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
