"""The signature of a failure: one short text for one defect, in any run."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.exchange import Exchange
from sendproof.judge.parsing import parse
from sendproof.judge.verdicts import Verdict
from sendproof.reports.results import SavedExchange
from sendproof.reports.text import visible

# What results.json keeps of a text: a signature made of it must be that of the verdict.
_LONGEST_KEPT = 2000
_NO_EXCHANGES: Mapping[str, Exchange] = MappingProxyType({})


def signature(verdict: Verdict, exchanges: Mapping[str, Exchange] = _NO_EXCHANGES) -> str:
    """Return the signature of a failing verdict, one line of printable characters; "" of any other.

    The same defect has the same signature whatever the seed, the effort, the time, the host
    and the ids were. Another defect of the same clause has another, as far as what was
    observed tells them apart. `exchanges` are those of the run, by id: without the first of
    the evidence the signature is shorter for some clauses.
    """
    first = exchanges.get(verdict.evidence[0]) if verdict.evidence else None
    asked = (first.request.method, first.request.body) if first else None
    return _signed(verdict.clause, verdict.expected, verdict.observed, asked, (verdict.keyword, verdict.pointer))


def signature_of_record(clause: Clause, record: Mapping[str, Any], exchanges: Mapping[str, SavedExchange]) -> str:
    """Return the same signature from the record of `clause` in a results file, and the exchanges beside it.

    A shorter one, made without them, stands for any request: see `matches`.
    """
    first = exchanges.get(record["evidence"][0]) if record["evidence"] else None
    asked = (first.method, first.request_body) if first else None
    return _signed(
        clause, record["expected"], record["observed"], asked, (record.get("keyword"), record.get("pointer"))
    )


def matches(expected: str, got: str) -> bool:
    """Whether a failure with the signature `got` is one that was `expected`, in full or by its first part."""
    return got == expected or got.startswith(f"{expected}; ")


def _signed(
    clause: Clause,
    expected: str | None,
    observed: str | None,
    asked: tuple[str, bytes] | None,
    broken: tuple[str | None, str | None],
) -> str:
    if observed is None:
        return ""
    observed, (keyword, pointer) = visible(observed, _LONGEST_KEPT), broken
    if keyword is not None:
        return _breach(keyword, visible(pointer or ""), observed)
    rule = _BY_CHECK.get(clause.check or "", _generally)
    said = rule(visible(expected or "", _LONGEST_KEPT), observed)
    return f"{said}; {_asked(*asked)}" if asked and clause.check in _BY_REQUEST else said


# Any request may break these clauses, in the same words: what was asked tells one defect from another.
_BY_REQUEST = ("no_server_error", "answered")
_LARGE_BYTES = 10_000
_BODIES = {
    "not_utf8": "a body that is no UTF-8",
    "not_json": "a body that is no JSON",
    "extended": "a body that is no JSON",
    "deep": "a deeply nested body",
}


def _asked(method: str, body: bytes) -> str:
    if method != "POST":
        return masked(f"asked by {visible(method, 20)}")
    if not body:
        return "asked without a body"
    parsed = parse(body)
    if parsed.kind not in _BODIES and len(body) >= _LARGE_BYTES:
        return "asked with a large body"
    whole = "an object" if isinstance(parsed.value, dict) else "a body that is no object"
    return f"asked with {_BODIES.get(parsed.kind, whole)}"


_AGAIN = ", each time it was asked"


def _generally(expected: str, observed: str) -> str:
    return masked(observed.removesuffix(_AGAIN))


# What the value is, for a keyword of JSON Schema that it breaks.
_BROKEN = {
    "const": "another value than the one",
    "not": "not allowed",
    "type": "of another type",
    "pattern": "of another pattern",
    "enum": "none of those",
    "format": "of another format",
    "minLength": "of another length",
    "maxLength": "of another length",
}


def _breach(keyword: str, pointer: str, observed: str) -> str:
    """Return where a keyword was broken, and what stands there."""
    where = pointer or "the answer"
    if keyword == "required":
        return f"{where}: absent"
    shape = value_shape(observed.removesuffix(_AGAIN).removeprefix(where))
    meaning = _BROKEN.get(keyword, f"breaks {keyword}")
    # Which of several keywords a whole object breaks first may depend on what else stands in it.
    return f"{where}: {shape}" if _is_whole(shape) else f"{where}: {shape}, {meaning}"


def _is_whole(shape: str) -> bool:
    return shape in ("an object", "an array", "a text")


_RELATED = re.compile(r"(?P<pointer>/\S*) (?P<value>.+)", re.DOTALL)


def _related(expected: str, observed: str) -> str:
    """Return how an answer differs from what its request, or the account, demands."""
    wanted, got = _RELATED.fullmatch(expected.rpartition(" for ")[0] or expected), _RELATED.fullmatch(observed)
    if wanted is None or got is None or wanted["pointer"] != got["pointer"]:
        return _generally(expected, observed)
    return f"{got['pointer']}: {difference(wanted['value'], got['value'])}"


def _echoed(expected: str, observed: str) -> str:
    """Return the same for a text of any words, ` for ` among them."""
    return _related(f"{expected} for ", observed)


def _timed(expected: str, observed: str) -> str:
    return time_difference(expected, observed)


def _counted(expected: str, observed: str) -> str:
    """Return what was observed without counts: how many came before depends on the pace."""
    seen = observed.partition("; ")[0]
    return masked(re.sub(r"(?<=after )[0-9]+|[0-9]+(?= were)", "<n>", seen))


def _of_ids(expected: str, observed: str) -> str:
    """Return what became of an id: `refused` and why, or that it is another message's."""
    if observed.startswith("refused: "):
        return masked(observed)
    if observed.startswith("refused for "):
        return "refused for the key of another"
    if expected == "one id":
        return "several ids"
    return "the id of another message" if expected in ("two messages", "an id of its own") else "another id"


def _spent(expected: str, observed: str) -> str:
    """Return what was accepted and what was not, each once: how much of it depends on the balance."""
    story = re.sub(r" [0-9]+ times\b", "", observed[:_LONGEST_KEPT].partition("; ")[0])
    return "; ".join(sorted(set(story.split(", "))))[: 2 * LONGEST]


def _caused(expected: str, observed: str) -> str:
    """Return the word for several causes, without the causes that were asked."""
    return masked(observed.partition(" for ")[0])


_BY_CHECK: Mapping[str, Callable[[str, str], str]] = MappingProxyType(
    {
        "echo": _echoed,
        "normalized": _related,
        "default_sender": _related,
        "date_of_answer": _timed,
        "not_before": _timed,
        "rate_limit": _counted,
        "unique_id": _of_ids,
        "replay": _of_ids,
        "spending": _spent,
        "causes_differ": _caused,
    }
)


LONGEST = 100
_CUT = "…"
# In this order: what is found first is not looked at again.
_VOLATILE = re.compile(
    r"(?P<url>https?://[^\s\"'<>)]+)"
    r"|(?P<time>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)"
    r"|(?P<host>\b(?:\d{1,3}(?:\.\d{1,3}){3}|localhost)(?::\d+)?\b)"
    r"|(?P<token>[A-Za-z0-9_-]{8,})"
    r"|(?P<number>\+?\d(?:[ ().-]{0,2}\d){5,})"
    r"|(?P<n>(?<![\w./+])\d{1,2}(?:\.\d+)?(?![\w/]))"
)
# A run of capitals and small letters without a digit is a word of a person, unless it is this long and this mixed.
_LONG_RUN = 16
_MANY_CAPITALS = 4
_BREAKS = re.compile("[ ,]")
_LITERALS = {"nothing": "nothing", "null": "null", "None": "null", "true": "true", "false": "false"}
_TYPES = {"{": "an object", "[": "an array", '"': "a text", "'": "a text"}


def masked(text: str, limit: int = LONGEST) -> str:
    """Return a text with placeholders for what differs between runs, cut after a word.

    Numbers of three to five digits stay: they are status codes and error codes.
    """
    found = " ".join(_VOLATILE.sub(_placeholder, text).split())
    if len(found) <= limit:
        return found
    ends = [match.end() for match in _BREAKS.finditer(found, 0, limit)]
    return found[: ends[-1] if ends else limit].rstrip() + _CUT


def _placeholder(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "token":
        return _token(match.group())
    return f"<{kind}>"


def _token(token: str) -> str:
    digits = sum(char.isdigit() for char in token)
    if digits and digits == len(token.replace("-", "")):
        return "<number>"
    return "<id>" if digits or _is_random(token) else token


def _is_random(token: str) -> bool:
    parts = re.split(r"[_-]", token)
    return any(len(part) >= _LONG_RUN and sum(map(str.isupper, part)) >= _MANY_CAPITALS for part in parts)


def value_shape(text: str) -> str:
    """Return what a value is, given as JSON or as Python writes it, perhaps cut off at its end."""
    text = text.strip()
    if (value := _read_text(text)) is not None:
        return text_shape(value)
    if text.lower() in ("true", "false"):
        return text.lower()
    if text in _LITERALS:
        return _LITERALS[text]
    return _TYPES.get(text[:1], "a number" if text[:1].isdigit() or text[:1] == "-" else "another value")


# What is no such text may be anything, and the parser of Python warns of some of it.
_WRITTEN = re.compile(
    r"""'(?:[^'\\]|\\(?:[\\'"nrtbf]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*'"""
    r"""|"(?:[^"\\]|\\(?:[\\'"nrtbf]|x[0-9a-f]{2}|u[0-9a-fA-F]{4}|U[0-9a-f]{8}))*\""""
)


def _read_text(text: str) -> str | None:
    """Return the text that JSON or Python has written so, None where it is cut off or no text."""
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return None


_SHAPES = re.compile(r"(?P<digits>[0-9]+)|(?P<A>[A-Z_]{2,}|[A-Z])|(?P<a>[a-z_]+)|(?P<s>\s+)|(?P<u>[^\x00-\x7f]+)")
_WORD = re.compile(r"(?<!\S)[A-Za-z0-9_-]{6,}(?!\S)")
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_SHAPE = 24


def text_shape(text: str) -> str:
    """Return how a text is built: `+0` for a number in E.164, `(0) 0-0`, `a` and `A` for words, `id`."""
    if not text.strip():
        return "an empty text" if not text else "a blank text"
    if not _DATED.match(text):
        text = _WORD.sub(lambda match: "\x00" if _is_mixed(match.group()) else match.group(), text[:200])
    shape = _SHAPES.sub(_run, text[:200]).replace("\x00", "id")
    return f"'{shape}'" if len(shape) <= _LONGEST_SHAPE else "a text"


def _is_mixed(word: str) -> bool:
    """Whether a word is an id: of letters and digits, or of letters that make no words."""
    return _is_random(word) or (any(map(str.isdigit, word)) and any(map(str.isalpha, word)))


def _run(match: re.Match[str]) -> str:
    return {"digits": "0", "s": " ", "u": "¤"}.get(match.lastgroup or "", match.lastgroup or "")


def difference(expected: str, observed: str) -> str:
    """Return how a value, as Python writes it, differs from the one that was expected."""
    if not observed.startswith(("'", '"')):
        return value_shape(observed)
    wanted, got = _read_text(expected), _read_text(observed)
    if wanted is not None and got is not None:
        return _text_difference(wanted, got)
    one, other = (text.rstrip(_CUT).strip("'\"") for text in (expected, observed))
    return "differs at its end" if one.startswith(other) or other.startswith(one) else "another text"


def _text_difference(wanted: str, got: str) -> str:
    if not got.strip():
        return text_shape(got)
    if _looks_like_a_number(wanted) and _looks_like_a_number(got):
        return f"{text_shape(got)}, {_digits_difference(_digits(wanted), _digits(got))}"
    return next((name for name, same in _SAMENESS if same(wanted) == same(got)), _by_length(wanted, got))


def _by_length(wanted: str, got: str) -> str:
    if wanted.startswith(got):
        return "differs at its end"
    return "a longer text" if len(got) > len(wanted) else "another text"


def _looks_like_a_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+0-9 ().\-]{5,}", text))


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _digits_difference(wanted: str, got: str) -> str:
    if wanted == got:
        return "the same digits"
    if wanted.endswith(got) or got.endswith(wanted):
        return "the same digits at its end"
    return "another number"


_SAMENESS = (
    ("differs in its blanks", lambda text: "".join(text.split())),
    ("differs in how it is composed", lambda text: unicodedata.normalize("NFC", text)),
    ("differs in its case", str.casefold),
    ("differs in its signs", lambda text: "".join(filter(str.isalnum, text))),
)


def time_difference(expected: str, observed: str) -> str:
    """Return by how much a time differs from the expected one, roughly; both texts hold one in ISO 8601."""
    one, other = _moment(expected), _moment(observed)
    if one is None or other is None or (one.tzinfo is None) != (other.tzinfo is None):
        return "another time"
    apart = other - one
    size = next((name for name, limit in _SIZES if abs(apart) < limit), "years")
    return f"{'earlier' if apart < timedelta(0) else 'later'} by {size}"


_SIZES = (
    ("less than an hour", timedelta(minutes=59)),
    ("hours", timedelta(hours=23)),
    ("days", timedelta(days=300)),
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(?:[+-][0-9:]+|Z)?")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(match.group()) if (match := _ISO.search(text)) else None
    except ValueError:
        return None
