"""Retries: what a service makes of an idempotency key that it was sent before.

A state for each key is all the model that this needs: not sent, sent with an id, failed. Refusing a retry, with or
without the id, and sending again what has failed are choices that may differ from answer to answer, so they are
branches of the step. There are no rivals to try: each retry that is recognised within the time that is promised rules
out all of them (the key is ignored, forgotten, or known for the last message alone), and each one that is not is a
contradiction by itself. Keys are segments: what is wrong with one says nothing of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from sendproof.contract.clause import Clause
from sendproof.contract.model import Contract
from sendproof.exchange import NEVER_SENT
from sendproof.judge.parsing import MISSING, at
from sendproof.judge.refused import says
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    NO_ANSWER,
    OBSERVED,
    REFUSED,
    SERVER_ERROR,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
    ReasonCode,
)
from sendproof.judge.worlds import Dimension, Timed, grouped, states_after


def message_id(contract: Contract, judgement: Judgement) -> str | None:
    """Return the id that an accepted message was given, as text, or None."""
    value = at(judgement.answer, contract.provider.answer["id"])
    return json.dumps(value) if judgement.outcome == ACCEPTED and value not in (MISSING, None, "") else None


def idempotency_key(judgement: Judgement) -> str | None:
    """Return the idempotency key of a request, or None."""
    value = judgement.analysis.value("idempotency")
    return value if isinstance(value, str) and value else None


def unique_id_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Contradict the clause of unique ids where two messages have one id, replays aside."""
    for clause in contract.with_check("unique_id"):
        owners: dict[str, Judgement] = {}
        for judgement in judgements:
            if (identity := message_id(contract, judgement)) is None:
                continue
            first = owners.setdefault(identity, judgement)
            key, other = idempotency_key(judgement), idempotency_key(first)
            if first is judgement:
                yield Finding(clause=clause.id, exchange=judgement.exchange.id, kind=UPHELD)
            elif key is None or other is None:
                yield Finding(
                    clause=clause.id,
                    exchange=judgement.exchange.id,
                    kind=CONTRADICTED,
                    expected="an id of its own",
                    observed=f"{identity}, as {first.exchange.id} has",
                )


# Two keys that agree in so many characters are distinct only to who compares them whole.
_LONG_PREFIX = 16
# So long after the first answer a retry is recognised. The document names no time, and few clients wait longer.
REMEMBERED_S = 30.0


class Attempt(StrEnum):
    """What became of a message with an idempotency key."""

    ACCEPTED = "accepted"
    FAILED = "accepted as failed"
    REFUSED = "refused"
    UNKNOWN = "not answered"


class Try(NamedTuple):
    """One attempt with a key; `identity` is the id that it was given. Times are in seconds."""

    outcome: Attempt
    identity: str | None
    sent_s: float
    answered_s: float


class KeyState(NamedTuple):
    """What a service knows of a key: as `outcome`, None is nothing, UNKNOWN a message whose id nobody was told."""

    outcome: Attempt | None = None
    identity: str | None = None
    answered_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryWorld:
    """The one way in which a service may take a key: `remembered_s` from the first answer on."""

    remembered_s: float = REMEMBERED_S


def _start(world: RetryWorld) -> Iterable[KeyState]:
    return (KeyState(),)


def step(world: RetryWorld, state: KeyState, attempt: Try, first: bool) -> Iterator[KeyState]:  # noqa: FBT001 - of worlds.Dimension
    """Yield what may be known of a key after an attempt."""
    sent = KeyState(attempt.outcome, attempt.identity, attempt.answered_s)
    is_forgotten = attempt.sent_s > state.answered_s + world.remembered_s
    is_open = state.outcome in (None, Attempt.FAILED) or is_forgotten
    if attempt.outcome == Attempt.UNKNOWN:
        yield from (state, sent) if is_open else (state,)
    elif attempt.outcome == Attempt.REFUSED or (
        state.identity is not None and attempt.identity in (state.identity, None)
    ):
        yield state
    elif is_open:
        yield sent
    elif state.outcome == Attempt.UNKNOWN:
        yield sent._replace(answered_s=state.answered_s)


DIMENSION = Dimension(rows=(), world=RetryWorld(), start=_start, step=step)


class _Used(NamedTuple):
    """The exchanges of one key: with the same message as the first of them, and with another."""

    same: tuple[Judgement, ...]
    other: tuple[Judgement, ...]


class _Told(NamedTuple):
    """What some attempts at once show; `known` are the states of the key before them, `identity` the id that it has."""

    items: tuple[Judgement, ...]
    known: frozenset[KeyState]
    conforms: bool


def _used_keys(judgements: Sequence[Judgement]) -> list[_Used]:
    groups: dict[tuple[str | None, str], list[Judgement]] = {}
    for item in judgements:
        if (key := idempotency_key(item)) and not item.analysis.hard:
            groups.setdefault((item.exchange.credential.key, key), []).append(item)
    used = []
    for items in groups.values():
        message = items[0].analysis.instance
        same = tuple(item for item in items if item.analysis.instance == message)
        used.append(_Used(same, tuple(item for item in items if item.analysis.instance != message)))
    return used


def _told(contract: Contract, items: Sequence[Judgement]) -> Iterator[_Told]:
    """Go through the attempts with one key; after a contradiction the key has what it was given last."""
    asked = [(item, attempt) for item in items if (attempt := _attempt(contract, item))]
    timed = [Timed(event=attempt, sent_s=attempt.sent_s, answered_s=attempt.answered_s) for _, attempt in asked]
    states = frozenset(_start(DIMENSION.world))
    place = 0
    for group in grouped(timed):
        own = asked[place : place + len(group.events)]
        place += len(group.events)
        after = states_after(DIMENSION, DIMENSION.world, states, group)
        yield _Told(tuple(item for item, _ in own), states, bool(after))
        given = [attempt for _, attempt in own if attempt.identity is not None]
        states = after or frozenset(KeyState(one.outcome, one.identity, one.answered_s) for one in given[-1:])


def _attempt(contract: Contract, item: Judgement) -> Try | None:
    """Return what became of an attempt; None where it says nothing of the key."""
    sent_s = item.exchange.started_s
    identity = message_id(contract, item)
    if item.outcome == ACCEPTED:
        failed = at(item.answer, contract.provider.answer["status"]) == contract.provider.failed_status
        outcome = Attempt.FAILED if failed else Attempt.ACCEPTED
    elif item.outcome == REFUSED:
        outcome = Attempt.REFUSED
    elif item.outcome == SERVER_ERROR or (item.outcome == NO_ANSWER and item.exchange.failure not in NEVER_SENT):
        outcome = Attempt.UNKNOWN
    else:
        return None
    return Try(outcome, identity, sent_s, sent_s + item.exchange.elapsed_s)


def recognised_retries(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the exchanges that ask again for a message that was accepted, and that made no other one."""
    found: set[str] = set()
    for used in _used_keys(judgements):
        if len(used.same) < 2:
            continue
        given: str | None = None
        for item in used.same:
            identity = message_id(contract, item)
            if given is not None and identity in (given, None):
                found.add(item.exchange.id)
            given = identity or given
    return frozenset(found)


def retry_findings(contract: Contract, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Judge repeated idempotency keys: in sequence, at once, distinct, and what is left open."""
    keys = [used for used in _used_keys(judgements) if len(used.same) + len(used.other) > 1]
    for clause in contract.with_check("replay"):
        yield from _MODES[clause.params["mode"]](clause, contract, keys, judgements)


def _sequence(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for used in keys:
        for told in _told(contract, used.same):
            if len(told.items) > 1:
                # What becomes of the key then is the matter of those at once.
                break
            known = {state.identity for state in told.known if state.outcome == Attempt.ACCEPTED}
            if len(told.known) == len(known) == 1:
                yield _retried(clause, contract, told, known.pop())


def _retried(clause: Clause, contract: Contract, told: _Told, known: str | None) -> Finding:
    """Say what the retry of a message that was accepted shows."""
    item = told.items[0]
    expected = f"the id {known}, or a refusal"
    if not told.conforms:
        after_s = item.exchange.started_s - min(state.answered_s for state in told.known)
        identity = message_id(contract, item)
        return _contradiction(clause, item, expected, f"{identity}, {max(after_s, 0.0):.2f} s after the first answer")
    if item.outcome == REFUSED:
        return _of_refusal(clause, contract, item, expected)
    if item.outcome != ACCEPTED or message_id(contract, item) != known:
        return _undecided(clause, item, item.outcome)
    return Finding(clause=clause.id, exchange=item.exchange.id, kind=UPHELD)


def _of_refusal(clause: Clause, contract: Contract, item: Judgement, expected: str) -> Finding:
    """Say what the refusal of a retry shows: a code that is documented for something else is a contradiction."""
    if item.of_the_account:
        return _undecided(clause, item, "refused for what may be a cause of the account")
    documented = (*contract.with_check("documented_code"), *contract.with_check("documented_text"))
    if any(says(contract.provider, other, item.answer) for other in documented):
        body = item.exchange.response.body[:120].decode("utf-8", "replace") if item.exchange.response else ""
        return _contradiction(clause, item, expected, f"refused: {body}")
    return Finding(clause=clause.id, exchange=item.exchange.id, kind=UPHELD)


def _concurrent(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for used in keys:
        at_once: frozenset[str] = frozenset()
        for told in _told(contract, used.same):
            given = [identity for item in told.items if (identity := message_id(contract, item))]
            if len(told.items) == 1:
                if at_once and not told.conforms:
                    yield _contradiction(clause, told.items[0], "one id", ", ".join((*sorted(at_once), *given)))
                continue
            at_once |= frozenset(given)
            last = told.items[-1]
            if not told.conforms:
                yield _contradiction(clause, last, "one id", ", ".join(dict.fromkeys(given)))
            elif given:
                yield Finding(clause=clause.id, exchange=last.exchange.id, kind=UPHELD)
            else:
                yield _undecided(clause, last, "none of those that were sent at once was accepted")


def _undecided(clause: Clause, item: Judgement, why: str) -> Finding:
    reason = ReasonCode.UNDECIDED
    return Finding(clause=clause.id, exchange=item.exchange.id, kind=UNDECIDED, observed=why, reason=reason)


def _contradiction(clause: Clause, item: Judgement, expected: str, observed: str) -> Finding:
    identity = item.exchange.id
    return Finding(clause=clause.id, exchange=identity, kind=CONTRADICTED, expected=expected, observed=observed)


def _distinct(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    keyed = [(key, item) for item in judgements if (key := idempotency_key(item)) and _is_answered(contract, item)]
    for (key, item), (later, other) in pairwise(sorted(keyed, key=lambda pair: pair[0])):
        if not agree_at_first(key, later):
            continue
        last = max(item, other, key=lambda one: one.exchange.started_s)
        if item.outcome == other.outcome == REFUSED:
            continue
        if REFUSED in (item.outcome, other.outcome) and not (key + later).isalnum():
            # Which signs a key may have is not said.
            continue
        if REFUSED in (item.outcome, other.outcome):
            yield _contradiction(clause, last, "two messages", f"refused for the key of {item.exchange.id}")
        elif message_id(contract, item) == message_id(contract, other):
            yield _contradiction(clause, last, "two messages", f"one id for {item.exchange.id} and {other.exchange.id}")
        else:
            yield Finding(clause=clause.id, exchange=other.exchange.id, kind=UPHELD)


def agree_at_first(key: str, other: str) -> bool:
    """Whether two keys are distinct, but not in the characters that a short column keeps."""
    return key.lower() != other.lower() and key[:_LONG_PREFIX] == other[:_LONG_PREFIX]


def _is_answered(contract: Contract, item: Judgement) -> bool:
    """Whether a message was given an id, or was refused for no reason but perhaps its key."""
    refused = item.outcome == REFUSED and not item.analysis.reasons and not item.of_the_account
    return refused or message_id(contract, item) is not None


def _replay_status(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for used in keys:
        for told in list(_told(contract, used.same))[1:]:
            for item in told.items if len(told.items) == 1 else ():
                if item.exchange.response and item.outcome in (ACCEPTED, REFUSED):
                    yield _observation(clause, item, str(item.exchange.response.status))


def _other_payload(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    for used in keys:
        for item in used.other:
            if item.outcome in (ACCEPTED, REFUSED):
                yield _observation(clause, item, _relation(contract, used.same[0], item))


def _key_case(
    clause: Clause, contract: Contract, keys: Sequence[_Used], judgements: Sequence[Judgement]
) -> Iterator[Finding]:
    firsts: dict[str, Judgement] = {}
    for item in judgements:
        if (key := idempotency_key(item)) is None or item.outcome not in (ACCEPTED, REFUSED):
            continue
        first = firsts.setdefault(key.lower(), item)
        if first is not item and idempotency_key(first) != key:
            yield _observation(clause, item, _relation(contract, first, item))


def _relation(contract: Contract, first: Judgement, item: Judgement) -> str:
    if item.outcome == REFUSED:
        return f"refused {item.exchange.response.status}" if item.exchange.response else "refused"
    return "the first message" if message_id(contract, item) == message_id(contract, first) else "another message"


def _observation(clause: Clause, item: Judgement, value: str) -> Finding:
    return Finding(clause=clause.id, exchange=item.exchange.id, kind=OBSERVED, value=value)


_MODES: Mapping[str, Any] = {
    "sequence": _sequence,
    "concurrent": _concurrent,
    "distinct": _distinct,
    "replay_status": _replay_status,
    "other_payload": _other_payload,
    "key_case": _key_case,
}
