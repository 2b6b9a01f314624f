"""The signature of a failure: one short text for one defect, in any run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sendproof.contract.clause import Clause
from sendproof.exchange import Exchange
from sendproof.judge.parsing import parse
from sendproof.judge.verdicts import Verdict
from sendproof.reports.saved import SavedExchange
from sendproof.reports.shapes import LONGEST, difference, masked, time_difference, value_shape
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
    return _signed(verdict.clause, verdict.expected, verdict.observed, asked)


def signature_of_record(clause: Clause, record: Mapping[str, Any], exchanges: Mapping[str, SavedExchange]) -> str:
    """Return the same signature from the record of `clause` in a results file, and the exchanges beside it.

    A shorter one, made without them, stands for any request: see `matches`.
    """
    first = exchanges.get(record["evidence"][0]) if record["evidence"] else None
    asked = (first.method, first.request_body) if first else None
    return _signed(clause, record["expected"], record["observed"], asked)


def matches(expected: str, got: str) -> bool:
    """Whether a failure with the signature `got` is one that was `expected`, in full or by its first part."""
    return got == expected or got.startswith(f"{expected}; ")


def _signed(clause: Clause, expected: str | None, observed: str | None, asked: tuple[str, bytes] | None) -> str:
    if observed is None:
        return ""
    rule = _BY_CHECK.get(clause.check or "", _generally)
    said = rule(visible(expected or "", _LONGEST_KEPT), visible(observed, _LONGEST_KEPT))
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


_BREACH = re.compile(r"(?P<pointer>/[\w/$.-]*|the answer): (?P<message>.+)")
_AGAIN = ", each time it was asked"


def _generally(expected: str, observed: str) -> str:
    """Return what was observed, masked: for a breach of a schema, the place and what stands there."""
    observed = observed.removesuffix(_AGAIN)
    match = _BREACH.fullmatch(observed)
    return f"{match['pointer']}: {_breach(match['message'])}" if match else masked(observed)


# The validator's words, each with what they stand for; before some of them stands the value.
_MESSAGES = (
    (re.compile(r".* is a required property"), "absent"),
    (re.compile(r".* was expected"), "another value than the one"),
    (re.compile(r"\{.*?\} is not allowed for (?P<value>.*)"), "not allowed"),
    (re.compile(r"(?P<value>.*) is not of types? .*"), "of another type"),
    (re.compile(r"(?P<value>.*) does not match .*"), "of another pattern"),
    (re.compile(r"(?P<value>.*) is not one of .*"), "none of those"),
    (re.compile(r"(?P<value>.*) is not a .*"), "of another format"),
    (re.compile(r"(?P<value>.*) (?:is (?:longer|shorter)|has (?:less|more)) than .*"), "of another length"),
)


def _breach(message: str) -> str:
    for pattern, meaning in _MESSAGES:
        if match := pattern.fullmatch(message):
            value = match.groupdict().get("value")
            # A long value has pushed the words out of some messages, and not out of others.
            shape = value_shape(value) if value else ""
            return ", ".join(part for part in (shape, "" if _is_whole(shape) else meaning) if part)
    shape = value_shape(message)
    return shape if _is_whole(shape) else masked(message)


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
