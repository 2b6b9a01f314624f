"""Takes secrets out of an exchange before anything is kept.

`Redactor` decides for each part of an exchange what may be kept; `Scrubber` finds credentials, whole or in part, in one
pass, whatever stands there.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any
from urllib.parse import quote, quote_plus

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.exchange import REDACTED, Headers
from sendproof.judge.parsing import parse
from sendproof.target.profile import Secret
from sendproof.target.pseudonyms import Pseudonyms, SentText

_MARK = REDACTED.encode("ascii")
_NEVER_SENT = frozenset({"authorization", "proxy-authorization", "cookie"})
# Fields of an answer whose values are about the protocol and about no person; of all others the name is kept.
_KEPT = frozenset(
    """accept-ranges age allow alt-svc cache-control cf-cache-status cf-ray connection content-disposition
    content-encoding content-language content-length content-security-policy content-type date etag expect-ct expires
    keep-alive last-modified location nel pragma proxy-status ratelimit referrer-policy report-to request-id retry-after
    sendproof-note server server-timing strict-transport-security traceparent trailer transfer-encoding upgrade vary via
    warning www-authenticate x-cache x-content-type-options x-correlation-id x-frame-options x-powered-by x-request-id
    x-runtime x-served-by x-trace-id x-xss-protection""".split()  # noqa: SIM905 - a list would take fifty lines
)
_KEPT_PREFIXES = ("access-control-", "ratelimit-", "x-ratelimit-", "x-rate-limit-")
# What stands in quotes beside a name, wherever an answer has it; a name is rarely longer than a line. What was matched
# is never looked at again: nothing here costs more than one look at each character.
_NAMED = re.compile(
    rb'"([a-z0-9_\-]{1,100})"\s*+:\s*+"(?P<value>[a-z0-9+/=_.~\-]{12,}+)(?=")',
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(rb"secret|password|passwd|token|api_?-?key|authorization|credential", re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9]")
# A text without an end is one as well: what was read for it is not read again from its next quote.
_QUOTED = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_LITERAL = re.compile(_QUOTED)

# In a refusal, what stands beside the text's name may say what is wrong with it, in few words or with a code.
_COMPLAINT = 40
_CODE = re.compile(rb"[0-9]{3}")


class Redactor:
    """Keeps of an exchange what may be kept, in every form that it might be shown in.

    Known secrets are scrubbed; numbers that may be somebody's, texts of the profile and texts that are not the
    request's have others in their place (see `Pseudonyms`); fields of an answer keep their values if they are listed.
    """

    def __init__(
        self,
        provider: Provider,
        keys: Mapping[str, tuple[Secret, ...]],
        pseudonyms: Pseudonyms,
        *,
        public: Iterable[str] = (),
    ) -> None:
        """`public` are texts that an answer may have whatever the keys are: those of the documents."""
        parts = [tuple(part.value for part in secrets) for secrets in keys.values()]
        self._scrubber = Scrubber(parts, (*public, *_of_provider(provider), *pseudonyms.numbers))
        self._pseudonyms = pseudonyms
        self._texts = tuple(
            (form, shown.encode()) for text, shown in pseudonyms.texts.items() for form in _forms_of_text(text)
        )
        self._dropped = _NEVER_SENT | {provider.credential_header.lower()}
        names = "|".join(map(re.escape, provider.credential_parts))
        self._query = re.compile(rf"(?<=[?&])({names})=[^&]*", re.IGNORECASE)
        field = provider.answer.get("text", "").rpartition("/")[2]
        self._text_field = re.compile(rb'("%b"\s*+:\s*+)(%b)' % (re.escape(field).encode(), _QUOTED)) if field else None
        self._sent_field, self._body_format = provider.fields["text"], provider.body_format

    def asked(self, data: bytes) -> bytes:
        """Return the content of a request without secrets, and with stand-ins for what the profile gave."""
        return self._pseudonyms.request(self._without_texts(self._scrubber.whole(data)))

    def answered(self, data: bytes, asked: bytes, *, accepted: bool, presented: tuple[str, ...] = ()) -> bytes:
        """Return the content of an answer to a request, whose content, as it is kept, is `asked`."""
        clean = _NAMED.sub(_named, self._scrubbed(data, asked, presented))
        if self._text_field is not None:
            clean = self._of_the_request(self._text_field, clean, asked, shortest=0 if accepted else _COMPLAINT)
        return self._pseudonyms.answer(clean, asked)

    def _of_the_request(self, field: re.Pattern[bytes], data: bytes, asked: bytes, *, shortest: int) -> bytes:
        """Return an answer without texts of some length that are not that of the request."""
        if field.search(data) is None:
            return data
        literals, sent = frozenset(_LITERAL.findall(asked)), SentText(self._sent_text(asked))

        def replaced(match: re.Match[bytes]) -> bytes:
            if match[2] in literals or len(match[2]) < shortest or (shortest and _CODE.search(match[2])):
                return match[0]
            try:
                got = str(json.loads(match[2]))
            except ValueError:
                return match[0]
            kept = sent.kept(got)
            return match[0] if kept == got else match[1] + json.dumps(kept).encode()

        return field.sub(replaced, data)

    def _sent_text(self, asked: bytes) -> str:
        """Return the text of a request, all of it where it is no JSON object."""
        sent = parse(asked, self._body_format).value
        if isinstance(sent, dict):
            return str(sent.get(self._sent_field, ""))
        return asked.decode("utf-8", "replace")

    def request_headers(self, headers: Headers) -> Headers:
        """Return the fields of a request without those that carry a credential."""
        kept = tuple(item for item in headers if item[0].lower() not in self._dropped)
        values = "\n".join(value for _, value in kept)
        return kept if self._line(values) == values else tuple((name, self._line(value)) for name, value in kept)

    def path(self, path: str, presented: tuple[str, ...] = ()) -> str:
        """Return a path with its query, without the values that let a request in."""
        return self._line(self._query.sub(rf"\1={REDACTED}", path), presented)

    def response_headers(self, headers: Headers, asked: bytes = b"", presented: tuple[str, ...] = ()) -> Headers:
        """Return the fields of a response, with their values where they may be kept."""
        clean = tuple((name, value if _may_be_kept(name) else REDACTED) for name, value in headers)
        blob = "\n".join(f"{name}\n{value}" for name, value in clean)
        if self.text(blob, asked, presented) == blob:
            return clean
        return tuple((self.text(name, asked, presented), self.text(value, asked, presented)) for name, value in clean)

    def text(self, text: str, asked: bytes = b"", presented: tuple[str, ...] = ()) -> str:
        """Return a text of an answer (a field, a message of the transport) without secrets and numbers."""
        data = text.encode("utf-8", "surrogateescape")
        clean = self._pseudonyms.answer(self._scrubbed(data, asked, presented), asked)
        return text if clean == data else clean.decode("utf-8", "surrogateescape")

    def _line(self, text: str, presented: tuple[str, ...] = ()) -> str:
        data = text.encode("utf-8", "surrogateescape")
        clean = self._pseudonyms.request(self._scrubbed(data, b"", presented))
        return text if clean == data else clean.decode("utf-8", "surrogateescape")

    def _scrubbed(self, data: bytes, asked: bytes, presented: tuple[str, ...] = ()) -> bytes:
        """Return content without secrets, whole or in part; `presented` are values that are no known key's."""
        return self._without_texts(self._scrubber.parts(data, asked, presented))

    def _without_texts(self, data: bytes) -> bytes:
        for form, shown in self._texts:
            if form in data:
                data = data.replace(form, shown)
        return data


def _named(match: re.Match[bytes]) -> bytes:
    """Return a name with its value, which is not kept where it looks like a key and is called one."""
    if not (_SECRET_NAME.search(match[1]) and _DIGIT.search(match["value"])):
        return match[0]
    return match[0][: match.start("value") - match.start()] + _MARK


def _of_provider(provider: Provider) -> Iterable[str]:
    """Yield the words by which a provider is known to everybody."""
    yield from (provider.base_url, provider.path, provider.credential_header, provider.failed_status)
    yield from (*provider.credential_parts, *provider.fields.values(), *provider.answer.values())
    yield from (text for _, text in provider.unexcludable_texts)


def _may_be_kept(name: str) -> bool:
    return name.lower() in _KEPT or name.lower().startswith(_KEPT_PREFIXES)


def _forms_of_text(text: str) -> tuple[bytes, ...]:
    return forms([text]) or (json.dumps(text, ensure_ascii=False).encode(),)


# Shorter values occur by chance; a profile holds no shorter secret.
SHORTEST = 6
# So much of a secret is scrubbed wherever it stands: of letters and digits, 36**8 pieces of this length exist.
PART = 8
# A public mark such as `sk_live_` stands in many texts; with so many characters of the secret beside it, one does not.
_BESIDE_MARK = 4
# Every piece holds one of the places that are multiples of _STEP, with _SAMPLE characters behind it.
_STEP = 4
_SAMPLE = PART - _STEP + 1
_BARE = frozenset(b"0123456789+-.eE")
# No number of JSON that a service means has more digits: farther is not looked for where a number begins and ends.
_LONGEST_NUMBER = 40

Span = tuple[int, int]
_Form = tuple[bytes, Sequence[int], Sequence[int]]
"""A value in some form; for each place in the value, where in the form it is as a beginning, and as an end."""


def mark_length(value: str) -> int:
    """Return the length of the mark that a key begins with and that is no secret, such as `sk_live_`; often 0."""
    return value.rfind("_", 0, min(12, len(value) // 2)) + 1


def documented(contract: Contract) -> tuple[str, ...]:
    """Return the texts of a contract that may stand in an answer, and so are no secret."""
    texts = [text for clause in contract.clauses.values() for text in _texts(clause.params)]
    schemas = (contract.request.schema, contract.accepted.schema, contract.refusal.schema)
    return (*texts, *(json.dumps(schema, ensure_ascii=False) for schema in schemas))


def _texts(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that a check knows: `text` is one, or a flag of something else, and `texts` several."""
    if isinstance(text := params.get("text"), str):
        yield text
    yield from params.get("texts", ())


class Scrubber:
    """Takes credentials out of bytes, in every form that they might be shown in.

    `keys` are the parts of each known key. What stands in one of the texts `public` is no secret: documents
    have it, or the profile names it as a number. A secret of fewer than `PART` characters is found whole.
    Time and memory grow with what is looked at alone: a place in `_STEP` is looked up in a set.
    """

    def __init__(self, keys: Iterable[tuple[str, ...]], public: Iterable[str] = ()) -> None:
        common = "\n".join(public).casefold()
        keys = tuple(keys)
        values = dict.fromkeys(value for parts in keys for value in (*parts, ":".join(parts)))
        secret = [value for value in values if value.casefold() not in common]
        self._short = forms(value for value in secret if len(value) < PART)
        spans = {value: _telling(value, common) for value in secret if len(value) >= PART}
        for parts in keys:
            if len(parts) > 1 and ":".join(parts) in spans:
                spans[":".join(parts)] = _across(parts)
        self._parts = _Index(item for value, own in spans.items() for item in _pieces(value, (*own, (0, len(value)))))
        self._wholes = _Index(item for value in spans for item in _pieces(value, ((0, len(value)),)))

    def whole(self, data: bytes) -> bytes:
        """Return bytes without whole credentials: for what a request says, which quotes none in part."""
        return _replaced(self._without_short(data), self._wholes.spans)

    def parts(self, data: bytes, asked: bytes = b"", presented: tuple[str, ...] = ()) -> bytes:
        """Return bytes without credentials and parts of them, but for the parts that stand in `asked`.

        `presented` are values that are no known key's: they are found whole.
        """
        for form in _forms_of(presented) if presented else ():
            if form in data:
                data = data.replace(form, _MARK)
        data = self._without_short(data)
        if not (spans := self._parts.spans(data)):
            return data
        if asked and (quoted := self._parts.pieces(asked)):
            spans = self._parts.spans(data, quoted)
        return _replaced(data, lambda _: spans)

    def _without_short(self, data: bytes) -> bytes:
        for form in self._short:
            if form in data:
                data = data.replace(form, _MARK)
        return data


class _Index:
    """Pieces of text by how they begin; a letter is found in either case."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        heads: dict[bytes, set[bytes]] = {}
        for piece in pieces:
            small = piece.lower()
            heads.setdefault(small[:PART], set()).add(small)
        self._heads = {head: tuple(sorted(found, key=len, reverse=True)) for head, found in heads.items()}
        self._samples = frozenset(head[start : start + _SAMPLE] for head in heads for start in range(_STEP))

    def _found(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield each place where pieces begin, in order, with each of them, the longest first."""
        text, samples, heads = data.lower(), self._samples, self._heads
        for at in [at for at in range(0, len(text) - _SAMPLE + 1, _STEP) if text[at : at + _SAMPLE] in samples]:
            for start in range(max(at - _STEP + 1, 0), at + 1):
                for piece in heads.get(text[start : start + PART], ()):
                    if text.startswith(piece, start):
                        yield start, piece

    def pieces(self, data: bytes) -> frozenset[bytes]:
        """Return the pieces that stand in some bytes."""
        return frozenset(piece for _, piece in self._found(data))

    def spans(self, data: bytes, besides: Collection[bytes] = ()) -> list[Span]:
        """Return where pieces stand, but for those of `besides`; what overlaps or touches is one span."""
        spans: list[Span] = []
        for start, piece in self._found(data):
            if piece in besides:
                continue
            end = start + len(piece)
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans


def _replaced(data: bytes, find: Callable[[bytes], list[Span]]) -> bytes:
    """Return bytes with a mark in the place of each span; the same object where there is none."""
    if not (spans := find(data)):
        return data
    kept: list[bytes] = []
    done = 0
    for start, end in spans:
        kept += (data[done:start], b"9" * (end - start) if _is_in_number(data, start, end) else _MARK)
        done = end
    return b"".join((*kept, data[done:]))


def _is_in_number(data: bytes, start: int, end: int) -> bool:
    """Whether a span stands in a number of JSON, which must stay one: an account may be named by a number."""
    if not data[start:end].isdigit():
        return False
    before = data[max(start - _LONGEST_NUMBER, 0) : start].rstrip(bytes(_BARE)).rstrip()
    after = data[end : end + _LONGEST_NUMBER].lstrip(bytes(_BARE)).lstrip()
    return before.endswith((b":", b",", b"[")) and after.startswith((b",", b"}", b"]"))


def _telling(value: str, common: str) -> list[Span]:
    """Return where in a value the parts stand that give it away."""
    mark, length = mark_length(value), len(value)
    spans = [(start, start + PART) for start in range(max(mark - PART + _BESIDE_MARK, 0), length - PART + 1)]
    if mark and PART <= mark + _BESIDE_MARK <= length:
        spans.append((0, mark + _BESIDE_MARK))
    return [(start, end) for start, end in spans if value[start:end].casefold() not in common]


def _across(parts: tuple[str, ...]) -> list[Span]:
    """Return where in several parts joined by colons what is more than one of them stands."""
    ends = [sum(map(len, parts[:count])) + count - 1 for count in range(1, len(parts))]
    length = len(":".join(parts))
    starts = {start for end in ends for start in range(max(end - PART + 1, 0), min(end, length - PART) + 1)}
    return [(start, start + PART) for start in sorted(starts)]


def _pieces(value: str, spans: Collection[Span]) -> Iterator[bytes]:
    known: set[bytes] = set()
    for cased in dict.fromkeys((value, value.lower(), value.upper(), value.swapcase())):
        # Where a letter changes into two, places in the one are none in the other.
        if len(cased) == len(value):
            for form, begin, end in _located(cased, known):
                yield from (form[begin[start] : end[stop]] for start, stop in spans)


def _located(value: str, known: set[bytes]) -> Iterator[_Form]:
    """Yield a value in each form that is not `known`, with the places of its characters there."""
    for written in zip(*map(_written, value), strict=True):
        form = b"".join(written).lower()
        if form not in known:
            known.add(form)
            places = list(accumulate(map(len, written), initial=0))
            yield form, places, places
    data = value.encode("utf-8", "surrogatepass")
    places = [len(value[:index].encode("utf-8", "surrogatepass")) for index in range(len(value) + 1)]
    for offset in range(3):
        # Of the first and the last character of base64, bits may be those of what stands around.
        encoded = base64.b64encode(bytes(offset) + data)
        begin = [-(-8 * (place + offset) // 6) for place in places]
        end = [8 * (place + offset) // 6 for place in places]
        yield encoded, begin, end
        if b"+" in encoded or b"/" in encoded:
            yield encoded.translate(_URL_SAFE), begin, end


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@lru_cache(maxsize=1024)
def _written(character: str) -> tuple[bytes, ...]:
    """Return how a character may be written: as it is, in URLs, hexadecimal digits, JSON, HTML."""
    data = character.encode("utf-8", "surrogatepass")
    escaped, in_json = quote(data, safe=""), json.dumps(character)[1:-1]
    texts = (
        character,
        escaped,
        quote(data),
        quote_plus(data),
        escaped.replace("%", "%25"),
        "".join(f"%{byte:02x}" for byte in data),
        data.hex(),
        in_json,
        json.dumps(character, ensure_ascii=False)[1:-1],
        in_json.replace("/", "\\/"),
        f"\\u{ord(character):04x}",
        f"&#{ord(character)};" if character in "&<>\"'" else character,
        html.escape(character),
    )
    return tuple(text.encode("utf-8", "surrogatepass") for text in texts)


def forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return the forms of some whole values, the longest first: plain, escaped, encoded."""
    found = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


@lru_cache(maxsize=4)
def _forms_of(values: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the forms of what was made up for one request: its answer is looked at field by field."""
    return forms(values)


def _forms(value: str) -> Iterable[bytes]:
    data = value.encode("utf-8")
    yield data
    texts = [quote(value, safe=""), quote(value), quote_plus(value), data.hex(), data.hex().upper()]
    texts += [json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]
    texts += [texts[0].replace("%", "%25"), json.dumps(value)[1:-1].replace("/", "\\/")]
    texts += ["".join(f"%{byte:02{case}}" for byte in data) for case in "xX"]
    texts += [
        "".join(f"\\u{ord(c):04x}" for c in value),
        re.sub("[&<>\"']", lambda m: f"&#{ord(m[0])};", value),
    ]
    texts += [value.swapcase()]
    yield from (text.encode("utf-8") for text in texts)
    yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterable[bytes]:
    """Yield what base64 shows of a value at each of the three offsets, whatever stands around it."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data)
        first = (0, 2, 3)[offset]
        last = (len(data) + offset) * 8 // 6
        core = encoded[first:last]
        yield core
        yield core.translate(_URL_SAFE)
