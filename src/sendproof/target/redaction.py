"""Takes secrets out of an exchange before anything is kept."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from sendproof.contract.provider import Provider
from sendproof.exchange import Headers
from sendproof.target.profile import REDACTED, Secret

# Shorter values occur by chance; a profile holds no shorter secret.
SHORTEST = 6
_MARK = REDACTED.encode("ascii")
_NEVER_SENT = frozenset({"authorization", "proxy-authorization", "cookie"})
_NEVER_KEPT = frozenset({"set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization"})


class Redactor:
    """Scrubs every known secret, in every form that an answer might show it in."""

    def __init__(self, provider: Provider, keys: Mapping[str, tuple[Secret, ...]]) -> None:
        self._forms = forms(_values(keys))
        self._dropped = _NEVER_SENT | {provider.credential_header.lower()}
        names = "|".join(map(re.escape, provider.credential_parts))
        self._query = re.compile(rf"(?<=[?&])({names})=[^&]*", re.IGNORECASE)

    def request_headers(self, headers: Headers) -> Headers:
        """Return the fields of a request without those that carry a credential."""
        return tuple(item for item in headers if item[0].lower() not in self._dropped)

    def path(self, path: str, presented: tuple[str, ...] = ()) -> str:
        """Return a path with its query, without the values that let a request in."""
        return self.text(self._query.sub(rf"\1={REDACTED}", path), presented) if "?" in path else path

    def response_headers(self, headers: Headers, presented: tuple[str, ...] = ()) -> Headers:
        """Return the fields of a response without cookies and secrets."""
        clean = tuple((name, REDACTED if name.lower() in _NEVER_KEPT else value) for name, value in headers)
        blob = "\n".join(f"{name}\n{value}" for name, value in clean)
        if self.text(blob, presented) == blob:
            return clean
        return tuple((self.text(name, presented), self.text(value, presented)) for name, value in clean)

    def text(self, text: str, presented: tuple[str, ...] = ()) -> str:
        """Return a text (a field, a message of the transport) without secrets."""
        data = text.encode("utf-8", "surrogateescape")
        clean = self.body(data, presented)
        return text if clean is data else clean.decode("utf-8", "surrogateescape")

    def body(self, data: bytes, presented: tuple[str, ...] = ()) -> bytes:
        """Return content without secrets; `presented` are values that are no known key's."""
        for form in (*self._forms, *forms(presented)) if presented else self._forms:
            if form in data:
                data = data.replace(form, _MARK)
        return data


def _values(keys: Mapping[str, tuple[Secret, ...]]) -> list[str]:
    parts = [tuple(part.value for part in secrets) for secrets in keys.values()]
    return [value for values in parts for value in (*values, ":".join(values))]


def forms(values: Iterable[str]) -> tuple[bytes, ...]:
    """Return the forms of some values, the longest first: plain, escaped, encoded."""
    found = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


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
        yield core.translate(bytes.maketrans(b"+/", b"-_"))
