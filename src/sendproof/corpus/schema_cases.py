"""Cases from the request schema, made by Schemathesis: the only module that knows of it.

Only bodies are taken, never its headers, credentials or transport. Numbers, URLs and keys that it makes
up are replaced or left out: a random number is somebody's telephone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import schemathesis.openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.modes import GenerationMode

from sendproof.contract.model import Contract
from sendproof.contract.provider import Provider
from sendproof.contract.schema import CLAUSES_KEYWORD
from sendproof.corpus.case import Case
from sendproof.corpus.engine import draw, steady
from sendproof.corpus.message_builder import NONCE, MessageBuilder, compact, media_token
from sendproof.corpus.strategies import digest
from sendproof.corpus.tokens import MARK, is_dialable, token

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
        drawn = draw(strategy, label=mode.value, seed=seed, max_examples=count)
        yield from _cases(contract, mode, "schema-fuzzing", _few_binary(drawn))


def _few_binary(drawn: Iterable[_Body]) -> list[_Body]:
    """Return all bodies but those of bytes, and a few of these: half of all are, and they say the same."""
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
        data = compact(body)
    except (TypeError, UnicodeEncodeError):
        return None
    return data


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
    """Whether a wrong value of `role` reaches nobody: no telephone, no host, no key that was sent before."""
    if role in _NUMBERS:
        return not is_dialable(value)
    if role == "media":
        return "://" not in json.dumps(value)
    return role != "idempotency" or not isinstance(value, str) or value == ""
