"""Credentials: how a request presents them, and what a request presents.

`present` makes the fields and the query of one way to present a key, right or wrong; `classify` names
what any request presents, whoever made it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from sendproof.contract.provider import Provider
from sendproof.exchange import Credential, Headers, field_value
from sendproof.target.profile import Secret
from sendproof.target.redaction import mark_length

Parts = tuple[str, ...]
_CUT = 4
_ALPHABETS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)

OTHER_ACCOUNT = "other_account"
"""The right key on the path of another account, for a vendor whose path names the account."""
_WRONG = ("unknown", "wrong_secret")
# What `classify` must find in a request that presents a key so; "exact" and the carriers have no fault.
FAULTS: Mapping[str, tuple[str, ...]] = {
    "missing": ("missing",),
    "empty": ("empty",),
    "unknown": ("unknown", "unknown_id"),
    "unknown_id": ("unknown_id",),
    "wrong_secret": ("wrong_secret",),
    "other_secret": ("wrong_secret",),
    "empty_secret": ("empty_secret",),
    "case": ("case",),
    "id_case": ("id_case",),
    "id_prefix": ("id_prefix",),
    "id_extended": ("id_extended",),
    "id_prepended": ("id_prepended",),
    "id_space_before": ("id_white_space",),
    "id_space_after": ("id_white_space",),
    "space_before": ("white_space",),
    "space_after": ("white_space",),
    "prefix": ("prefix",),
    "extended": ("extended",),
    "extended_colon": ("extended",),
    "prepended": ("prepended",),
    "scheme": ("scheme",),
    "scheme_wrong": ("scheme_wrong",),
    "malformed": ("malformed",),
    "query": ("elsewhere",),
    "bearer": ("elsewhere",),
    "query_wrong": ("elsewhere_wrong",),
    "bearer_wrong": ("elsewhere_wrong",),
    OTHER_ACCOUNT: (OTHER_ACCOUNT,),
    # All of these are simply wrong: no rule of comparison makes them nearly right.
    **dict.fromkeys(("changed_first", "changed_middle", "changed_last", "cut_front", "other_mark"), _WRONG),
    **dict.fromkeys(("id_changed_first", "id_changed_middle", "id_changed_last", "id_cut_front"), ("unknown_id",)),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Presented:
    """The fields and the query that carry a credential. `values` are what must not be recorded."""

    headers: Headers = ()
    query: str = ""
    values: tuple[str, ...] = ()


def classify(provider: Provider, keys: Mapping[str, tuple[Secret, ...]], headers: Headers, query: str) -> Credential:
    """Name what a request presents, by the known keys; none are known in recorded traffic."""
    wanted = provider.credential_header.lower()
    carrier, value = next(((name, text) for name, text in headers if name.lower() == wanted), (None, ""))
    known = {name: tuple(part.value for part in secrets) for name, secrets in keys.items()}
    if carrier is None:
        others = _elsewhere(provider, headers, query)
        return Credential(fault=_marked("elsewhere", others, known.values()) if others else "missing")
    parts = _read(provider, value.strip(" \t"))
    if parts == "scheme":
        return Credential(fault=_marked("scheme", (value,), known.values()), carrier=carrier)
    if isinstance(parts, str):
        return Credential(fault=parts, carrier=carrier)
    key = next((name for name, values in known.items() if values == parts), None)
    fault = None if key else _fault(parts, tuple(known.values()))
    return Credential(key=key, fault=fault, carrier=carrier)


def _elsewhere(provider: Provider, headers: Headers, query: str) -> tuple[str, ...]:
    """Return what stands where a credential might, but does not belong."""
    token = field_value(headers, "Authorization")
    pairs = parse_qsl(query, keep_blank_values=True)
    return (*([token] if token else []), *(value for name, value in pairs if name in provider.credential_parts))


def _marked(fault: str, values: Iterable[str], known: Iterable[Parts]) -> str:
    """Return the fault of credentials in a wrong place: wrong ones are named unlike those of a known key.

    Where no key is known they may be right.
    """
    keys = tuple(known)
    words = {word for value in values for word in (value, value.partition(" ")[2].strip())}
    right = not keys or any(words.intersection((key[-1], ":".join(key), _base64(":".join(key)))) for key in keys)
    return fault if right else f"{fault}_wrong"


def _read(provider: Provider, value: str) -> Parts | str:
    """Return the parts of a credential, or the fault that keeps it from being read."""
    if not value:
        return "empty"
    if provider.credential_scheme == "header":
        return (value,)
    scheme, _, token = value.partition(" ")
    if scheme.lower() != (provider.credential_word or "basic").lower():
        return "scheme"
    if provider.credential_scheme == "word":
        return (token.strip(" \t"),) if token.strip(" \t") else "empty"
    try:
        text = base64.b64decode(token.strip(" \t"), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "malformed"
    identity, colon, secret = text.partition(":")
    return (identity, secret) if colon else "malformed"


def _fault(parts: Parts, known: tuple[Parts, ...]) -> str | None:
    """Return what is wrong with parts that are no known key; the nearest known key decides."""
    *identity, secret = parts
    if not any(parts):
        return "empty"
    if not known:
        return None
    near = [values[-1] for values in known if list(values[:-1]) == identity]
    if not near:
        ids = [values[:-1] for values in known if values[-1] == secret]
        found = next(
            filter(
                None, (_near_fault(one, other) for values in ids for one, other in zip(identity, values, strict=True))
            ),
            None,
        )
        return f"id_{found}" if found else "unknown_id"
    return _secret_fault(secret, near) or ("wrong_secret" if identity else "unknown")


def _secret_fault(secret: str, near: list[str]) -> str | None:
    if not secret:
        return "empty_secret"
    return next(filter(None, (_near_fault(secret, value) for value in near)), None)


def _near_fault(given: str, value: str) -> str | None:
    """Return in what a value is nearly another one, or None."""
    if given.casefold() == value.casefold():
        return "case" if given != value else None
    if given.strip() == value:
        return "white_space"
    if given and value.startswith(given):
        return "prefix"
    if given.endswith(value):
        return "prepended"
    return "extended" if given.startswith(value) else None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Wish:
    """One key to present, the others, and the seed of what is invented."""

    parts: Parts
    others: tuple[Parts, ...]
    seed: str

    @property
    def identity(self) -> Parts:
        return self.parts[:-1]

    @property
    def secret(self) -> str:
        return self.parts[-1]

    def invented(self, value: str) -> str:
        return random_like(value, self.seed, avoid=frozenset(part for parts in self.others for part in parts))


def _changed(value: str, place: int) -> str:
    """Return a value with another character of its kind at a place; the first is that behind the leading mark."""
    place = mark_length(value) if place == 0 else place % len(value)
    alphabet = next((letters for letters in _ALPHABETS if value[place] in letters), None)
    if alphabet is None:
        return value
    other = alphabet[(alphabet.index(value[place]) + 1) % len(alphabet)]
    return f"{value[:place]}{other}{value[place + 1 :]}"


def _other_mark(wish: _Wish) -> Parts | None:
    """Return a key with the mark of another environment, where its own names one."""
    value = wish.secret
    mark = value[: mark_length(value)]
    other = next((mark.replace(one, two) for one, two in _ENVIRONMENTS if one in mark), None)
    return None if other is None else (*wish.identity, other + value[len(mark) :])


_ENVIRONMENTS = (("live", "test"), ("test", "live"), ("prod", "test"))


def _id_changed(wish: _Wish, place: Callable[[str], int]) -> Parts:
    return (*(_changed(part, place(part)) for part in wish.identity), wish.secret)


def _other_secret(wish: _Wish) -> Parts | None:
    return next(((*wish.identity, parts[-1]) for parts in wish.others if parts[-1] != wish.secret), None)


_VARIANTS: Mapping[str, Callable[[_Wish], Parts | None]] = {
    "exact": lambda wish: wish.parts,
    "empty": lambda wish: ("",) * len(wish.parts),
    "unknown": lambda wish: tuple(wish.invented(part) for part in wish.parts),
    "unknown_id": lambda wish: tuple(wish.invented(part) for part in wish.parts),
    "wrong_secret": lambda wish: (*wish.identity, wish.invented(wish.secret)),
    "other_secret": _other_secret,
    "empty_secret": lambda wish: (*wish.identity, ""),
    "case": lambda wish: (*wish.identity, wish.secret.swapcase()),
    "id_case": lambda wish: (*(part.swapcase() for part in wish.identity), wish.secret),
    "id_prefix": lambda wish: (*(part[:-_CUT] for part in wish.identity), wish.secret),
    "id_extended": lambda wish: (*(part + wish.invented(part[-_CUT:]) for part in wish.identity), wish.secret),
    "id_prepended": lambda wish: (*(wish.invented(part[-_CUT:]) + part for part in wish.identity), wish.secret),
    "id_space_before": lambda wish: (*(f" {part}" for part in wish.identity), wish.secret),
    "id_space_after": lambda wish: (*(f"{part} " for part in wish.identity), wish.secret),
    "space_before": lambda wish: (*wish.identity, f" {wish.secret}"),
    "space_after": lambda wish: (*wish.identity, f"{wish.secret} "),
    "prefix": lambda wish: (*wish.identity, wish.secret[:-_CUT]),
    "extended": lambda wish: (*wish.identity, wish.secret + wish.invented(wish.secret[-_CUT:])),
    "extended_colon": lambda wish: (*wish.identity, f"{wish.secret}:{wish.invented(wish.secret[-_CUT:])}"),
    "prepended": lambda wish: (*wish.identity, wish.invented(wish.secret[-_CUT:]) + wish.secret),
    "changed_first": lambda wish: (*wish.identity, _changed(wish.secret, 0)),
    "changed_middle": lambda wish: (*wish.identity, _changed(wish.secret, len(wish.secret) // 2)),
    "changed_last": lambda wish: (*wish.identity, _changed(wish.secret, -1)),
    "cut_front": lambda wish: (*wish.identity, wish.secret[_CUT:]),
    "other_mark": _other_mark,
    "id_changed_first": lambda wish: _id_changed(wish, lambda part: 0),
    "id_changed_middle": lambda wish: _id_changed(wish, lambda part: len(part) // 2),
    "id_changed_last": lambda wish: _id_changed(wish, lambda part: -1),
    "id_cut_front": lambda wish: (*(part[_CUT:] for part in wish.identity), wish.secret),
}


def present(
    provider: Provider, keys: Mapping[str, tuple[Secret, ...]], key: str, how: str, seed: str
) -> Presented | None:
    """Return what carries the key `key` in the way `how` (see `Case`), or None where there is no such way."""
    known = {name: tuple(part.value for part in secrets) for name, secrets in keys.items()}
    wish = _Wish(parts=known[key], others=tuple(known.values()), seed=seed)
    basic, name = provider.credential_scheme == "basic", provider.credential_header
    if how == "missing":
        return Presented()
    if how == OTHER_ACCOUNT:
        if "{" not in provider.path:
            return None
        how = "exact"
    if how in ("query", "query_wrong"):
        given = wish.parts if how == "query" else tuple(wish.invented(part) for part in wish.parts)
        pairs = zip(provider.credential_parts, given, strict=True)
        return Presented(query="&".join(f"{part}={quote(value, safe='')}" for part, value in pairs), values=given)
    if how in (("bearer", "bearer_wrong") if provider.credential_scheme == "header" else ("scheme", "scheme_wrong")):
        secret = wish.invented(wish.secret) if how.endswith("_wrong") else wish.secret
        return Presented(headers=(("Authorization", f"{other_word(provider)} {secret}"),), values=(secret,))
    if how == "malformed":
        return _malformed(wish, name) if basic else None
    name = {"carrier_lower": name.lower(), "carrier_upper": name.upper()}.get(how, name)
    variant = _VARIANTS.get("exact" if how.startswith("carrier_") else how)
    parts = variant(wish) if variant else None
    return None if parts is None else _carried(provider, name, parts)


def _carried(provider: Provider, name: str, parts: Parts) -> Presented:
    joined = ":".join(parts)
    value = {"basic": f"Basic {_base64(joined)}", "word": f"{provider.credential_word} {joined}"}.get(
        provider.credential_scheme, joined
    )
    return Presented(headers=((name, value),), values=(*parts, joined))


def other_word(provider: Provider) -> str:
    """Return the word of a scheme that is not the provider's."""
    return "Token" if provider.credential_word.lower() == "bearer" else "Bearer"


def _malformed(wish: _Wish, name: str) -> Presented:
    """Alternate between text that is no base64 and base64 without a colon."""
    words = wish.invented("a" * 12), wish.invented("A" * 12)
    even = hashlib.sha256(wish.seed.encode()).digest()[0] % 2 == 0
    token = f"{words[0]}!%{words[1]}" if even else _base64("".join(words))
    return Presented(headers=((name, f"Basic {token}"),))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def random_like(value: str, seed: str, *, avoid: frozenset[str] = frozenset()) -> str:
    """Return a text that looks like `value` and is none of `avoid`, the same for the same seed.

    Letters and digits become others of their kind, but for a leading mark such as `sk_live_`.
    """
    start = mark_length(value)
    for attempt in range(8):
        noise = hashlib.shake_256(f"{seed}:{attempt}:{len(value)}".encode()).digest(max(1, len(value)))
        tail = (_like(character, noise[index]) for index, character in enumerate(value[start:]))
        invented = value[:start] + "".join(tail)
        if invented not in avoid:
            break
    return invented


def _like(character: str, noise: int) -> str:
    alphabet = next((letters for letters in _ALPHABETS if character in letters), character)
    return alphabet[noise % len(alphabet)]
