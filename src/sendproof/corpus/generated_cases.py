"""Generated cases: drawn by Hypothesis, and by Schemathesis from the request schema; the same for the same seed.

The only module that knows of Schemathesis. Only bodies are taken, never its headers, credentials or transport. Numbers,
URLs and keys that it makes up are replaced or left out: a random number may be somebody's telephone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

import hypothesis
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import (
    AVAILABLE_PROVIDERS,
    HypothesisProvider,
    with_register_backend,
)
from hypothesis.strategies import DrawFn, SearchStrategy
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.modes import GenerationMode

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.contract.schema import CLAUSES_KEYWORD
from sendproof.corpus.case import MARK, Case, is_dialable, token
from sendproof.corpus.families_messages import ruler
from sendproof.corpus.families_messages import segment_edges as edges_of
from sendproof.corpus.message_builder import NONCE, OMIT, MessageBuilder, compact, media_token
from sendproof.judge.texts_and_numbers import GSM_7

T = TypeVar("T")
_BACKEND = "sendproof"


class _NoConstants(HypothesisProvider):
    """Hypothesis' own randomness, without the literals that it collects from loaded modules.

    Those change with any edit of any local module, and with what else is imported.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


def draw_examples(strategy: SearchStrategy[T], *, label: str, seed: int, max_examples: int) -> tuple[T, ...]:
    """Return examples of `strategy`, at most `max_examples`; `label` keeps the streams of one seed apart."""
    if max_examples < 1:
        return ()
    drawn: list[T] = []

    def collect(value: T) -> None:
        drawn.append(value)

    with with_register_backend(_BACKEND, _NoConstants):
        test: Callable[[], None] = hypothesis.given(strategy)(collect)
        mixed = int.from_bytes(hashlib.sha256(f"{seed}:{label}".encode()).digest()[:8], "big")
        hypothesis.seed(mixed)(_settings(max_examples)(test))()
    return tuple(drawn[:max_examples])


@contextmanager
def steady() -> Iterator[None]:
    """Keep local literals out of what others draw meanwhile, with settings of their own."""
    before = AVAILABLE_PROVIDERS["hypothesis"]
    AVAILABLE_PROVIDERS["hypothesis"] = _NoConstants
    try:
        yield
    finally:
        AVAILABLE_PROVIDERS["hypothesis"] = before


def _settings(max_examples: int) -> hypothesis.settings:
    """Return settings that take nothing from the profile that happens to be loaded."""
    return hypothesis.settings(
        max_examples=max_examples,
        backend=_BACKEND,
        derandomize=False,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
        deadline=None,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )


_GSM7_EXTENSION = "^{}\\[~]|€"
_EMOJI = "😀😂🥳🚀🎉🌍🔥🎵🍀🐙🦊🧩"
_MIXED = (GSM_7, GSM_7 + _GSM7_EXTENSION, _EMOJI, GSM_7 + _EMOJI, "aeiou\u0301\u0308\u0302 ")
_RANGES: tuple[tuple[int, int], ...] = (
    (0x20, 0x7E),
    (0xA1, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x45F),
    (0x5D0, 0x5EA),
    (0x620, 0x64A),
    (0x904, 0x939),
    (0xE01, 0xE30),
    (0x3041, 0x30FF),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
    (0x1D400, 0x1D454),
)
"""Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Han, Hangul, letters beyond the BMP."""
_CUTS = (1, 20, 70, 160, 320, 640)
"""Lengths are drawn evenly from between these and the limit: left alone, long texts hardly ever come up."""


def alphabets() -> SearchStrategy[SearchStrategy[str]]:
    """Draw an alphabet: one script, GSM-7 with or without its extension, emoji, or letters with marks."""
    scripts = [_script(first, last) for first, last in _RANGES]
    return st.sampled_from([*scripts, *map(st.sampled_from, _MIXED)])


def _script(first: int, last: int) -> SearchStrategy[str]:
    """Draw a character between two code points, neither a control nor unassigned."""
    return st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["C"])


def lengths(max_length: int) -> SearchStrategy[int]:
    """Draw a length up to a limit: long ones, and the limit itself, as often as short ones."""
    cuts = [cut for cut in _CUTS if cut < max_length] + [max_length]
    bands = [st.integers(low, high) for low, high in pairwise(cuts)]
    return st.one_of(*bands, st.just(max_length)) if bands else st.just(max_length)


@st.composite
def texts(draw: DrawFn, max_length: int) -> str:
    """Draw a text that is within `max_length` however its characters are counted, and not blank."""
    alphabet, length = draw(alphabets()), draw(lengths(max_length))
    text = draw(st.text(alphabet, min_size=length, max_size=length))
    text = _within(text, max_length).replace(MARK.decode(), "@(")
    return text if text.strip() else "x"


def _within(text: str, max_length: int) -> str:
    """Return `text` cut to a length in UTF-16 code units, the largest reading of "characters"."""
    if len(text) * 2 <= max_length or len(text.encode("utf-16-le")) // 2 <= max_length:
        return text
    return text[: max_length // 2]


def segment_edges(max_length: int) -> SearchStrategy[str]:
    """Draw a text that just fills its segments, or needs one more for its last character."""
    names = ("ascii", "gsm7", "cyrillic", "cjk")
    return st.sampled_from([ruler(name, edge) for name in names for edge in edges_of(name, max_length)])


def spellings(number: str, names: tuple[str, ...]) -> SearchStrategy[str]:
    """Draw the token of a number ("recipient", "sender2", ...) in one of the named spellings."""
    return st.sampled_from([token(number, name) for name in names])


@st.composite
def messages(draw: DrawFn, provider: Provider) -> dict[str, Any]:
    """Draw a message, by role, that a provider must accept: any spelling, any optional field, any text."""
    message: dict[str, Any] = {
        "recipient": draw(spellings(draw(st.sampled_from(("recipient", "recipient2"))), provider.spellings)),
        "sender": draw(spellings(draw(st.sampled_from(("sender", "sender2"))), provider.spellings)),
        "text": draw(texts(provider.max_length) | segment_edges(provider.max_length)),
        "media": media_token(provider),
        "idempotency": NONCE,
    }
    left_out = {role for role in sorted(provider.optional) if draw(st.booleans())}
    return {role: OMIT if role in left_out else value for role, value in message.items()}


def generated_cases(provider: Provider, *, seed: int, max_examples: int) -> Iterator[Case]:
    """Yield the cases of the strategies: `texts-generated` and `messages-generated`."""
    draft = MessageBuilder(provider=provider, family="texts-generated")
    drawn = draw_examples(texts(provider.max_length), label="texts", seed=seed, max_examples=max_examples)
    for text in drawn:
        yield draft.case(digest(text), draft.message(text=text))
    draft = MessageBuilder(provider=provider, family="messages-generated")
    for roles in draw_examples(messages(provider), label="messages", seed=seed, max_examples=max_examples):
        yield draft.case(digest(repr(roles)), draft.message(**roles))


def digest(content: str) -> str:
    """Return a name for generated content that stays the same wherever in the stream it comes up."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:10]


_ANNOTATIONS = frozenset((CLAUSES_KEYWORD, "$id", "$schema", "title"))
_JSON = "application/json"
_NUMBERS = ("recipient", "sender")
_MAX_BINARY = 6
_Body = Any


def schema_cases(contract: Contract, *, seed: int, max_examples: int) -> Iterator[Case]:
    """Yield `schema-coverage` and `schema-fuzzing`: valid messages, and each fault alone in a valid one."""
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        schema, operation = _operation(contract, mode)
        config = schema.config.generation
        with steady():
            covered = schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=config)
            bodies = [case.body for case in covered if case.method == contract.provider.method]
        yield from _cases(contract, mode, "schema-coverage", bodies)
        strategy = operation.as_strategy(generation_mode=mode).map(lambda case: case.body)
        count = max_examples // 4 if mode.is_positive else max_examples
        drawn = draw_examples(strategy, label=mode.value, seed=seed, max_examples=count)
        yield from _cases(contract, mode, "schema-fuzzing", _few_binary(drawn))


def _few_binary(drawn: Iterable[_Body]) -> list[_Body]:
    """Return all bodies but those of bytes, and a few of these: half of all are, and the judge reads them alike."""
    binary = dict.fromkeys(body for body in drawn if isinstance(body, bytes))
    return [*(body for body in drawn if not isinstance(body, bytes)), *list(binary)[:_MAX_BINARY]]


def _operation(contract: Contract, mode: GenerationMode) -> tuple[Any, Any]:
    """Load the contract's OpenAPI file, reduced to the request of its one operation."""
    # A fresh configuration: by default one is looked for in the working directory.
    source = schemathesis.openapi.from_path(contract.folder / "openapi.yaml", config=SchemathesisConfig())
    provider, document = contract.provider, json.loads(json.dumps(source.raw_schema))
    operation = document["paths"][provider.path][provider.method.lower()]
    body_schema = generation_schema(contract, positive=mode.is_positive)
    operation["requestBody"]["content"] = {_JSON: {"schema": body_schema}}
    operation["responses"] = {"default": {"description": "any"}}
    operation.pop("security", None)
    document.pop("components", None)
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    return schema, schema[provider.path][provider.method]


def generation_schema(contract: Contract, *, positive: bool) -> dict[str, Any]:
    """Return the request schema as a generator can follow it.

    Patterns that look ahead, and `not` with a pattern, refine doubtful values: a generator tries for
    seconds and gives up. Every result is read by the judge, with the full schema, before it is used.
    """
    schema: dict[str, Any] = _simplified(contract.request.schema)
    for role, field in contract.provider.fields.items():
        if positive and (values := _pseudonyms(contract.provider, role)):
            schema["properties"][field] = {"enum": list(values)}
    return schema


def _simplified(node: Any) -> Any:
    if isinstance(node, list):
        return [simple for item in node if (simple := _simplified(item)) != {}]
    if not isinstance(node, Mapping):
        return node
    kept = {key: _simplified(value) for key, value in node.items() if not _is_dropped(key, value)}
    if len(parts := kept.get("allOf", ["none"])) < 2:
        kept |= {key: value for part in kept.pop("allOf", ()) for key, value in part.items()} if parts else {}
        kept.pop("allOf", None)
    if kept.get("not") == {"type": "null"} and kept.get("type") == ["string", "null"]:
        del kept["not"]
        kept["type"] = "string"
    return kept


def _is_dropped(key: str, value: Any) -> bool:
    if key == "pattern":
        return "(?=" in value or "(?!" in value
    return key in _ANNOTATIONS or (key == "not" and "pattern" in value)


def _pseudonyms(provider: Provider, role: str) -> tuple[Any, ...]:
    """Return what stands for a made-up valid value of `role`; nothing where any value will do."""
    if role in _NUMBERS:
        return tuple(token(role, spelling) for spelling in provider.spellings)
    return {"media": (media_token(provider),), "idempotency": (NONCE,)}.get(role, ())


def _cases(contract: Contract, mode: GenerationMode, family: str, bodies: Any) -> Iterator[Case]:
    draft = MessageBuilder(provider=contract.provider, family=family)
    for body in bodies:
        for made in (body,) if mode.is_positive else _faults(contract, draft, body):
            if (data := _bytes(made)) is not None:
                yield draft.case(f"{mode.value}-{digest(data.decode('latin-1'))}", data)


def _bytes(body: _Body) -> bytes | None:
    """Return a body as it is sent, or None where it is none or holds a mark that is no token."""
    if isinstance(body, bytes):
        return None if MARK in body else body
    try:
        return compact(body)
    except (TypeError, UnicodeEncodeError):
        return None


def _faults(contract: Contract, draft: MessageBuilder, body: _Body) -> Iterator[_Body]:
    """Yield each fault of an invalid body alone, in the plain message, and several of them together."""
    if not isinstance(body, dict):
        yield body
        return
    roles = {field: role for role, field in contract.provider.fields.items()}
    at_fault = dict.fromkeys(breach.field for breach in contract.request.breaches(body) if breach.field)
    wrong = {field: body[field] for field in at_fault if field in body}
    if not all(_is_harmless(roles.get(field), value) for field, value in wrong.items()):
        return
    for field, value in wrong.items():
        yield _spliced(draft, roles.get(field), field, value)
    if extra := {name: value for name, value in body.items() if name not in roles}:
        yield {**draft.message(), **extra}
    if len(wrong) > 1 or len(at_fault) > len(wrong):
        yield {name: value if name in wrong else _made_safe(draft, roles, name, value) for name, value in body.items()}


def _spliced(draft: MessageBuilder, role: str | None, field: str, value: Any) -> dict[str, Any]:
    return draft.message(**{role: value}) if role else {**draft.message(), field: value}


def _made_safe(draft: MessageBuilder, roles: Mapping[str, str], field: str, value: Any) -> Any:
    pseudonyms = _pseudonyms(draft.provider, roles.get(field, ""))
    return pseudonyms[0] if pseudonyms else value


def _is_harmless(role: str | None, value: Any) -> bool:
    """Whether a wrong value of `role` can reach no telephone and no host, and is no key that was sent before."""
    if role in _NUMBERS:
        return not is_dialable(value)
    if role == "media":
        return "://" not in json.dumps(value)
    return role != "idempotency" or not isinstance(value, str) or value == ""
