"""Cases: requests that may be made of any target; their tokens, and how they are kept as text."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from sendproof.exchange import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request that may be asked of any target of a provider.

    `body` is a template: the tokens in it are replaced when a target is known.

    - `@{recipient}`, `@{recipient.ten_digits}`: the first allowed recipient, in E.164 or
      in one of the spellings "e164", "eleven_digits", "ten_digits", "formatted",
      "formatted_eleven_digits";
    - `@{recipient2}`: the second one (the first where there is only one);
    - `@{sender}`, `@{sender2}`, `@{sender.formatted}`: active senders, likewise;
    - `@{fixture.NAME}`, `@{fixture.failing_recipients.CAUSE}`: a fixture's number or text,
      `@{fixture.NAME.ten_digits}`: a number in another spelling;
    - `@{nonce}`: 24 letters and digits, unlike in every sending.

    A token stands inside a JSON string (or is all digits): what replaces it is escaped as
    JSON escapes it; in a body of a form, as a form does. `substitute` does so.

    `key` names the key that is presented and `presents` how: "exact", "missing",
    "empty", "unknown", "unknown_id", "wrong_secret", "other_secret", "empty_secret",
    "case", "prefix", "extended", "extended_colon", "prepended", "space_before", "space_after",
    "changed_first", "changed_middle", "changed_last" (in one character), "cut_front", likewise of the
    identity ("id_case", ...), "other_mark" (that of another environment), "scheme", "malformed", "query", "bearer", the
    same with "_wrong" behind for a wrong key, "other_account" (exact, on its path), or "carrier_lower",
    "carrier_upper" (exact, the field's name spelled so).
    `expects` is "accept", "refuse" or "either". `breaks` are the clauses, required or
    recommended, that forbid acceptance, `doubts` the open ones that leave it to the
    service. `clauses` are all that the case can exercise, those two and what follows of
    them or of an acceptance. `needs` names fixtures ("test_key",
    "failing_recipients.opted_out").
    """

    id: str
    family: str
    body: bytes
    method: str = "POST"
    query: str = ""
    headers: Headers = (("Content-Type", "application/json"),)
    key: str = "main"
    presents: str = "exact"
    expects: str = "either"
    breaks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    may_be_accepted: bool = True


SPELLINGS = ("e164", "eleven_digits", "ten_digits", "formatted", "formatted_eleven_digits")
MARK = b"@{"
_TOKEN = re.compile(rb"@\{((?:recipient|sender|fixture|nonce)[a-z0-9_.]*)\}")


def substitute(body: bytes, value_of: Callable[[str], str], *, in_form: bool = False) -> bytes:
    """Return `body` with each token `@{name}` replaced by `value_of(name)`, escaped as JSON does, or a form.

    Messages are JSON objects until they are sent; `in_form` tells that anything else is a form as it is sent.
    """
    if MARK not in body:
        return body
    escaped = quote_plus if in_form and not body.startswith(b"{") else _in_json
    return _TOKEN.sub(lambda match: escaped(value_of(match[1].decode())).encode(), body)


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def tokens_in(body: bytes) -> tuple[str, ...]:
    """Return the names of the tokens in `body`, in order, repeated ones too."""
    return tuple(match.decode() for match in _TOKEN.findall(body))


def spelled(number: str, spelling: str) -> str:
    """Return an E.164 number in one of `SPELLINGS`; all but the first two take it for +1 and ten digits, any ten."""
    area, exchange, line = number[2:5], number[5:8], number[8:]
    return {
        "digits": number[1:],
        "e164": number,
        "eleven_digits": number[1:],
        "ten_digits": number[2:],
        "formatted": f"({area}) {exchange}-{line}",
        "formatted_eleven_digits": f"1 ({area}) {exchange}-{line}",
    }[spelling]


def token(name: str, spelling: str = "e164") -> str:
    """Return the token of a number in a spelling."""
    return f"@{{{name}}}" if spelling == "e164" else f"@{{{name}.{spelling}}}"


def is_dialable(value: Any) -> bool:
    """Whether a made-up value could be read as somebody's number: three digits or more, in any script.

    Short codes and emergency numbers have as few. Digits of one value count together,
    however it is nested, because a service may well flatten or join it.
    """
    text = unicodedata.normalize("NFKC", json.dumps(value, ensure_ascii=False))
    return sum(char.isdigit() for char in text) >= 3


FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Cases in the order in which to ask them; `sha256` is that of their canonical serialisation."""

    cases: tuple[Case, ...]
    sha256: str


def corpus_of(cases: tuple[Case, ...]) -> Corpus:
    """Return a corpus of `cases`, hashed."""
    return Corpus(cases=cases, sha256=_digest(_to_lines(cases)))


def to_text(corpus: Corpus) -> str:
    """Serialise a corpus, canonically."""
    header = {"format": FORMAT, "sha256": corpus.sha256, "cases": len(corpus.cases)}
    return "\n".join((json.dumps(header), _to_lines(corpus.cases)))


def from_text(text: str) -> Corpus:
    """Parse what `to_text` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    first, _, lines = text.partition("\n")
    header = json.loads(first)
    if header["format"] != FORMAT or header["sha256"] != _digest(lines):
        raise ValueError("corpus: the content does not fit its header")
    # One document parses several times as fast as many.
    items = json.loads(f"[{lines.replace(chr(10), ',')}]")
    return Corpus(cases=tuple(map(_case, items)), sha256=header["sha256"])


def _to_lines(cases: tuple[Case, ...]) -> str:
    return "\n".join(json.dumps(_item(case), separators=(",", ":")) for case in cases)


def _digest(lines: str) -> str:
    return hashlib.sha256(lines.encode()).hexdigest()


def _item(case: Case) -> list[Any]:
    """Return a case as a list; bytes stand as the text of the same code points."""
    values = {name: getattr(case, name) for name in _FIELDS}
    return [values[name].decode("latin-1") if name == "body" else values[name] for name in _FIELDS]


def _case(item: list[Any]) -> Case:
    values = dict(zip(_FIELDS, item, strict=True))
    values["body"] = values["body"].encode("latin-1")
    values["headers"] = tuple((name, value) for name, value in values["headers"])
    for name in ("breaks", "doubts", "clauses", "needs"):
        values[name] = tuple(values[name])
    return Case(**values)


_FIELDS = tuple(Case.__dataclass_fields__)
