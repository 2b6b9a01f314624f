"""Retries: what a service makes of an idempotency key that it was sent before, and the ids of messages.

A state for each key is all the model that this needs: not sent, sent with an id, failed. Refusing a retry, with or
without the id, and sending again what has failed are choices that may differ from answer to answer, so they are
branches of the step. There are no rivals to try: each retry that is recognised within the time that is promised rules
out all of them (the key is ignored, forgotten, or known for the last message alone), and each one that is not is a
contradiction by itself. Keys are segments: what is wrong with one says nothing of another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from sendproof.contract.model import Contract
from sendproof.contract.pointer import MISSING, at
from sendproof.exchange import NEVER_SENT
from sendproof.judge.refused import names_anything_documented
from sendproof.judge.verdicts import (
    ACCEPTED,
    CONTRADICTED,
    NO_ANSWER,
    REFUSED,
    SERVER_ERROR,
    UNDECIDED,
    UPHELD,
    Finding,
    Judgement,
    ReasonCode,
)
from sendproof.judge.worlds import Dimension, Timed, grouped, states_after

# Two keys that agree in so many characters are distinct only to who compares them whole: a column or an index that
# keeps part of a key keeps no fewer.
_LONG_PREFIX = 16
# So long after the first answer a retry is recognised. The document names no time, and few clients wait longer.
REMEMBERED_S = 30.0


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
        for item in judgements:
            if (identity := message_id(contract, item)) is None:
                continue
            first = owners.setdefault(identity, item)
            if first is item:
                yield item.finding(UPHELD, clause.id)
            elif idempotency_key(item) is None or idempotency_key(first) is None:
                observed = f"{identity}, as {first.exchange.id} has"
                yield item.finding(CONTRADICTED, clause.id, expected="an id of its own", observed=observed)


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
    """What a service knows of a key: as `outcome`, None is nothing, UNKNOWN a message whose id is unknown."""

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


class _Stage(NamedTuple):
    """Some attempts at once; `known` are the states of the key before them, `conforms` whether they may follow."""

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


def _stages(contract: Contract, items: Sequence[Judgement]) -> Iterator[_Stage]:
    """Go through the attempts with one key; after a contradiction the key has what it was given last."""
    asked = [(item, attempt) for item in items if (attempt := _attempt(contract, item))]
    timed = [Timed(event=attempt, sent_s=attempt.sent_s, answered_s=attempt.answered_s) for _, attempt in asked]
    states = frozenset(_start(DIMENSION.world))
    place = 0
    for group in grouped(timed):
        own = asked[place : place + len(group.events)]
        place += len(group.events)
        after = states_after(DIMENSION, DIMENSION.world, states, group)
        yield _Stage(tuple(item for item, _ in own), states, bool(after))
        given = [attempt for _, attempt in own if attempt.identity is not None]
        states = after or frozenset(KeyState(one.outcome, one.identity, one.answered_s) for one in given[-1:])


def _attempt(contract: Contract, item: Judgement) -> Try | None:
    """Return what became of an attempt; None where it says nothing of the key."""
    if item.outcome == ACCEPTED:
        failed = at(item.answer, contract.provider.answer["status"]) == contract.provider.failed_status
        outcome = Attempt.FAILED if failed else Attempt.ACCEPTED
    elif item.outcome == REFUSED:
        outcome = Attempt.REFUSED
    elif item.outcome == SERVER_ERROR or (item.outcome == NO_ANSWER and item.exchange.failure not in NEVER_SENT):
        outcome = Attempt.UNKNOWN
    else:
        return None
    sent_s = item.exchange.started_s
    return Try(outcome, message_id(contract, item), sent_s, sent_s + item.exchange.elapsed_s)


def recognised_retries(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the exchanges that ask again for a message that was accepted, and that made no other one."""
    found: set[str] = set()
    for used in _used_keys(judgements):
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
        mode = clause.params["mode"]
        if mode in _OF_ALL:
            yield from _OF_ALL[mode](contract, clause.id, judgements)
        else:
            for used in keys:
                yield from _OF_A_KEY[mode](contract, clause.id, used)


def _sequence(contract: Contract, clause: str, used: _Used) -> Iterator[Finding]:
    for stage in _stages(contract, used.same):
        if len(stage.items) > 1:
            # What becomes of the key then is decided by the clause of those at once.
            return
        known = {state.identity for state in stage.known if state.outcome == Attempt.ACCEPTED}
        if len(stage.known) == len(known) == 1:
            yield _retried(contract, clause, stage, known.pop())


def _retried(contract: Contract, clause: str, stage: _Stage, known: str | None) -> Finding:
    """Say what the retry of a message that was accepted shows."""
    item = stage.items[0]
    expected = f"the id {known}, or a refusal"
    if not stage.conforms:
        after_s = item.exchange.started_s - min(state.answered_s for state in stage.known)
        observed = f"{message_id(contract, item)}, {max(after_s, 0.0):.2f} s after the first answer"
        return item.finding(CONTRADICTED, clause, expected=expected, observed=observed)
    if item.outcome == REFUSED:
        return _of_refusal(contract, clause, item, expected)
    if item.outcome != ACCEPTED or message_id(contract, item) != known:
        return _undecided(clause, item, item.outcome)
    return item.finding(UPHELD, clause)


def _of_refusal(contract: Contract, clause: str, item: Judgement, expected: str) -> Finding:
    """Say what the refusal of a retry shows: a code that is documented for something else is a contradiction."""
    if item.of_the_account:
        return _undecided(clause, item, "refused for what may be a cause of the account")
    if names_anything_documented(contract, item.answer):
        body = item.exchange.response.body[:120].decode("utf-8", "replace") if item.exchange.response else ""
        return item.finding(CONTRADICTED, clause, expected=expected, observed=f"refused: {body}")
    return item.finding(UPHELD, clause)


def _undecided(clause: str, item: Judgement, why: str) -> Finding:
    return item.finding(UNDECIDED, clause, observed=why, reason=ReasonCode.UNDECIDED)


def _concurrent(contract: Contract, clause: str, used: _Used) -> Iterator[Finding]:
    at_once: frozenset[str] = frozenset()
    for stage in _stages(contract, used.same):
        given = [identity for item in stage.items if (identity := message_id(contract, item))]
        last = stage.items[-1]
        if len(stage.items) == 1:
            if at_once and not stage.conforms:
                observed = ", ".join((*sorted(at_once), *given))
                yield last.finding(CONTRADICTED, clause, expected="one id", observed=observed)
            continue
        at_once |= frozenset(given)
        if not stage.conforms:
            yield last.finding(CONTRADICTED, clause, expected="one id", observed=", ".join(dict.fromkeys(given)))
        elif given:
            yield last.finding(UPHELD, clause)
        else:
            yield _undecided(clause, last, "none of those that were sent at once was accepted")


def _replay_status(contract: Contract, clause: str, used: _Used) -> Iterator[Finding]:
    for stage in list(_stages(contract, used.same))[1:]:
        item = stage.items[0]
        if len(stage.items) == 1 and item.outcome in (ACCEPTED, REFUSED):
            yield item.observation(clause, str(item.status))


def _other_payload(contract: Contract, clause: str, used: _Used) -> Iterator[Finding]:
    for item in used.other:
        if item.outcome in (ACCEPTED, REFUSED):
            yield item.observation(clause, _relation(contract, used.same[0], item))


_OF_A_KEY: Mapping[str, Callable[[Contract, str, _Used], Iterator[Finding]]] = {
    "sequence": _sequence,
    "concurrent": _concurrent,
    "replay_status": _replay_status,
    "other_payload": _other_payload,
}


def _distinct(contract: Contract, clause: str, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    keyed = [(key, item) for item in judgements if (key := idempotency_key(item)) and _is_answered(contract, item)]
    for (key, item), (later, other) in pairwise(sorted(keyed, key=lambda pair: pair[0])):
        refusals = [item.outcome, other.outcome].count(REFUSED)
        # Which signs a key may have is not said, so one with others than letters and digits may be refused.
        if not agree_at_first(key, later) or refusals == 2 or (refusals and not (key + later).isalnum()):
            continue
        last = max(item, other, key=lambda one: one.exchange.started_s)
        observed = ""
        if refusals:
            observed = f"refused for the key of {item.exchange.id}"
        elif message_id(contract, item) == message_id(contract, other):
            observed = f"one id for {item.exchange.id} and {other.exchange.id}"
        if observed:
            yield last.finding(CONTRADICTED, clause, expected="two messages", observed=observed)
        else:
            yield other.finding(UPHELD, clause)


def agree_at_first(key: str, other: str) -> bool:
    """Whether two keys are distinct, but not in the characters that a short column keeps."""
    return key.lower() != other.lower() and key[:_LONG_PREFIX] == other[:_LONG_PREFIX]


def _is_answered(contract: Contract, item: Judgement) -> bool:
    """Whether a message was given an id, or was refused for no reason but perhaps its key."""
    refused = item.outcome == REFUSED and not item.analysis.reasons and not item.of_the_account
    return refused or message_id(contract, item) is not None


def _key_case(contract: Contract, clause: str, judgements: Sequence[Judgement]) -> Iterator[Finding]:
    firsts: dict[str, Judgement] = {}
    for item in judgements:
        if (key := idempotency_key(item)) is None or item.outcome not in (ACCEPTED, REFUSED):
            continue
        first = firsts.setdefault(key.lower(), item)
        if first is not item and idempotency_key(first) != key:
            yield item.observation(clause, _relation(contract, first, item))


def _relation(contract: Contract, first: Judgement, item: Judgement) -> str:
    if item.outcome == REFUSED:
        return f"refused {item.status}"
    return "the first message" if message_id(contract, item) == message_id(contract, first) else "another message"


_OF_ALL: Mapping[str, Callable[[Contract, str, Sequence[Judgement]], Iterator[Finding]]] = {
    "distinct": _distinct,
    "key_case": _key_case,
}
