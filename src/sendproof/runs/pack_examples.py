"""The examples of a pack: documented or recorded answers, right and wrong ones, with what they must be judged as."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from sendproof.account import Account
from sendproof.contract.model import Contract
from sendproof.contract.outcome import Outcome
from sendproof.contract.typed_toml import converted
from sendproof.errors import ContractError
from sendproof.exchange import Credential, Exchange, Headers, Request, Response
from sendproof.judge.answered_exchange import Context
from sendproof.judge.single import judge_exchange
from sendproof.judge.verdicts import CONTRADICTED

FOLDER = "examples"


class _Request(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    body: str
    headers: dict[str, str] = {}


class _Response(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    body: str
    headers: dict[str, str] = {}


class _Expect(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    outcome: Outcome
    broken: list[str] = []


class Example(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An exchange with what it comes to, and the clauses that it breaks. `source` says where it is documented."""

    source: str
    request: _Request
    response: _Response
    expect: _Expect


def wrong_examples(contract: Contract) -> Iterator[str]:
    """Yield what is judged otherwise than an example says; ContractError where a file is none.

    An example is judged alone: nothing is known of the account, so only what one exchange shows can be broken.
    """
    for file in sorted((contract.folder / FOLDER).glob("*.toml")):
        where = f"{contract.provider.name}/{FOLDER}/{file.name}"
        example = _read(file, where)
        if unknown := [clause for clause in example.expect.broken if clause not in contract.clauses]:
            yield f"{where}: expect.broken: expected clauses of the pack, got {unknown[0]!r}. Correct it."
            continue
        judgement = judge_exchange(Context(contract=contract, account=Account()), _exchange(contract, example))
        outcome = contract.provider.outcome(
            example.response.status, judgement.answer, example.response.body.encode("utf-8")
        )
        if outcome is not example.expect.outcome:
            yield f"{where}: expected the outcome {example.expect.outcome}, got {outcome}. Correct one of the two."
        found = {item.clause for item in judgement.findings if item.kind == CONTRADICTED}
        for clause in sorted(found - set(example.expect.broken)):
            said = next(item for item in judgement.findings if item.kind == CONTRADICTED and item.clause == clause)
            told = f"expected {said.expected}, got {said.observed}"
            yield f"{where}: {clause}: {told}. The pack is too strict, or the example wrong."
        for clause in sorted(set(example.expect.broken) - found):
            told = "expected to be broken, got nothing against it"
            yield f"{where}: {clause}: {told}. The pack is too lenient, or the example right."


def count_examples(contract: Contract) -> int:
    """Return how many examples a pack has."""
    return len(tuple((contract.folder / FOLDER).glob("*.toml")))


def _read(file: Path, where: str) -> Example:
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{where}: {error}") from error
    return converted(data, Example, where=where)


def _exchange(contract: Contract, example: Example) -> Exchange:
    provider = contract.provider
    given = {name.lower() for name in example.request.headers}
    usual = {} if "content-type" in given else {"Content-Type": provider.body_format.media_type}
    return Exchange(
        id="example",
        request=Request(
            method=provider.method,
            path=provider.path,
            headers=_headers({**usual, **example.request.headers}),
            body=example.request.body.encode("utf-8"),
        ),
        response=Response(
            status=example.response.status,
            headers=_headers({"Content-Type": "application/json", **example.response.headers}),
            body=example.response.body.encode("utf-8"),
        ),
        credential=Credential(),
        started_s=0.0,
        elapsed_s=0.0,
    )


def _headers(given: dict[str, str]) -> Headers:
    return tuple(given.items())
