"""What only other exchanges decide of a refusal: its control, its moment, and which clause is to blame for it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from sendproof.contract.model import Contract
from sendproof.contract.samples import without_serial
from sendproof.exchange import Exchange
from sendproof.judge.refused import documenting, says
from sendproof.judge.request_analysis import IDENTITY, WHOLE_BODY
from sendproof.judge.verdicts import ACCEPTED, CONTRADICTED, REFUSED, UNDECIDED, UPHELD, Finding, Judgement, ReasonCode

Words = tuple[int, bytes]
"""The status code and the body of a refusal, without what is another each time."""

OF_ITS_MOMENT = "refused for what no document names, perhaps for its moment"
# Ids and times; codes are shorter, and limits and seconds count as words.
_VOLATILE = re.compile(rb"[0-9A-Fa-f-]{12,}+|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]++")
_LONGEST = 2_000


def words(exchange: Exchange) -> Words | None:
    """Return the words of an answer; None where there is none."""
    response = exchange.response
    return None if response is None else (response.status, _VOLATILE.sub(b"#", response.body[:_LONGEST]))


def of_a_moment(contract: Contract, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals whose words come and go.

    Such words name nothing that is documented, and another exchange shows that they were no matter of the request: the
    same valid message was accepted at another time, or the same request refused in words that are documented for it, or
    in which its like had been refused before.
    """
    refused = [
        (item, said)
        for item in judgements
        if item.outcome == REFUSED and (said := words(item.exchange)) and not _names_anything(contract, item)
    ]
    passing = _of_valid_messages(contract, judgements, refused) | _between_others(contract, judgements)
    return frozenset(item.exchange.id for item, said in refused if said in passing)


def _names_anything(contract: Contract, item: Judgement) -> bool:
    return any(says(contract.provider, clause, item.answer) for clause in documenting(contract))


def _of_valid_messages(
    contract: Contract, judgements: Sequence[Judgement], refused: Sequence[tuple[Judgement, Words]]
) -> set[Words]:
    nonce = contract.provider.fields.get("idempotency", "")
    accepted = {_message(item, nonce) for item in judgements if item.outcome == ACCEPTED}
    return {said for item, said in refused if item.unexplained and _message(item, nonce) in accepted}


def _between_others(contract: Contract, judgements: Sequence[Judgement]) -> set[Words]:
    """Return the words in whose place the same request was given others later: documented ones, or usual before."""
    found: set[Words] = set()
    usual: dict[tuple[str, ...], dict[Words, int]] = {}
    last: dict[Any, tuple[Words, int]] = {}
    for number, item in enumerate(judgements):
        said = words(item.exchange)
        if item.outcome != REFUSED or said is None or not item.analysis.reasons:
            continue
        reasons = tuple(reason.clause for reason in item.analysis.reasons)
        request = item.exchange.request
        asked = (request.method, request.path, request.headers, request.body, item.exchange.credential)
        first = usual.setdefault(reasons, {}).setdefault(said, number)
        before = last.get(asked)
        if before and before[0] != said and (first < before[1] or _names_anything(contract, item)):
            found.add(before[0])
        last[asked] = (said, number)
    return found


_THROTTLED = ReasonCode.THROTTLED


class Controls:
    """What was let in, to be compared with what was refused but for the fields at fault.

    Idempotency keys never count: they are never the same.
    """

    def __init__(self, contract: Contract, judgements: Sequence[Judgement]) -> None:
        self.nonce = contract.provider.fields.get("idempotency")
        self._let_in = [
            (one.exchange.credential.key, _fields(one))
            for one in judgements
            if one.outcome == ACCEPTED and not one.analysis.hard
        ]
        self._known: dict[tuple[str, ...], dict[_Likeness, list[frozenset[str]]]] = {}

    def has(self, judgement: Judgement, fields: tuple[str, ...], given: frozenset[str] | None = None) -> bool:
        """Whether a message that is the same but for `fields` was let in.

        With `given`, one that has all of those, and an idempotency key only if that is one of them.
        """
        without = (*fields, *([self.nonce] if self.nonce else []))
        if without not in self._known:
            known = self._known.setdefault(without, {})
            for key, let_in in self._let_in:
                names = frozenset(name for name, _ in let_in or ()).intersection(without)
                known.setdefault(_likeness(key, let_in, without), []).append(names)
        likeness = _likeness(judgement.exchange.credential.key, _fields(judgement), without)
        found = self._known[without].get(likeness, ())
        if given is None:
            return bool(found)
        return any(given <= names and (self.nonce in names) == (self.nonce in given) for names in found)


_Fields = tuple[tuple[str, str], ...] | None
_Likeness = tuple[str | None, _Fields]


def _fields(judgement: Judgement) -> _Fields:
    """Return the fields of a request with their values as text, in order; None where there are none to compare."""
    instance: Any = judgement.analysis.instance
    if not isinstance(instance, dict):
        return None
    return tuple(
        sorted(
            (name, f"={without_serial(value)}" if isinstance(value, str) else json.dumps(value))
            for name, value in instance.items()
        )
    )


def _likeness(key: str | None, fields: _Fields, without: tuple[str, ...]) -> _Likeness:
    identity = None if IDENTITY in without else key
    if WHOLE_BODY in without or fields is None:
        return identity, None
    return identity, tuple(item for item in fields if item[0] not in without)


def control_findings(
    controls: Controls, judgements: Sequence[Judgement], passing: Collection[str] = ()
) -> Iterator[Finding]:
    """Uphold a clause by a refusal for it alone, where the same request without the fault was let in."""
    for judgement in judgements:
        if judgement.sole_reason is None:
            yield from _shared(judgement)
            continue
        reason = judgement.analysis.reasons[0]
        if reason.level == "open":
            continue
        if judgement.exchange.id in passing:
            yield Finding(
                clause=reason.clause,
                exchange=judgement.exchange.id,
                kind=UNDECIDED,
                observed=OF_ITS_MOMENT,
                reason=_THROTTLED,
            )
            continue
        controlled = controls.has(judgement, reason.fields)
        yield Finding(
            clause=reason.clause,
            exchange=judgement.exchange.id,
            kind=UPHELD if controlled else UNDECIDED,
            observed="" if controlled else "the same request without the fault was not seen to be accepted",
        )


def uncontrolled(controls: Controls, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals for known reasons where the same request without them was never seen to be let in.

    The request that was let in has every field that the refused one has.
    """
    found = []
    for item in judgements:
        if item.outcome != REFUSED or not item.analysis.reasons:
            continue
        fields = sorted({field for reason in item.analysis.reasons for field in reason.fields})
        names = (*fields, *([controls.nonce] if controls.nonce else []))
        given = frozenset(name for name, _ in _fields(item) or ()).intersection(names)
        if not controls.has(item, tuple(fields), given):
            found.append(item.exchange.id)
    return frozenset(found)


def _shared(judgement: Judgement) -> Iterator[Finding]:
    if judgement.outcome != REFUSED:
        return
    for reason in judgement.analysis.hard:
        yield Finding(
            clause=reason.clause,
            exchange=judgement.exchange.id,
            kind=UNDECIDED,
            observed="refused, for any of several reasons",
        )


def blame_findings(
    contract: Contract, judgements: Sequence[Judgement], of_a_moment: Collection[str] = ()
) -> Iterator[Finding]:
    """Blame a clause for each refusal without a reason.

    What was accepted elsewhere is no cause. Of the other features of the refused
    requests the one that explains most of them is contradicted, then the next; what
    is left is blamed on two features that were never accepted together, and then
    stands against the clause that any valid request is accepted, unless the answer names nothing that is
    documented: it may have met a limit of requests, a lock-out or a filter of duplicates, of which a document need not
    tell, but for a request that was refused each time, while others were accepted in between.
    """
    accepted = {feature for item in judgements if item.outcome == ACCEPTED for feature in item.analysis.features}
    catch_all = _catch_all(contract)
    fetched = any(item.outcome == ACCEPTED and item.analysis.has_media for item in judgements)
    left = [item for item in judgements if item.unexplained and (fetched or not item.analysis.has_media)]
    for item in judgements:
        if item.unexplained and item.analysis.has_media and not fetched:
            yield from _set_aside(item, "no media was ever let in: its URL may not be to be had")
    repeated = _repeated(judgements)
    filtered = [item for item in left if item.exchange.id in of_a_moment and item.exchange.id in repeated]
    for item in filtered:
        yield from _set_aside(item, OF_ITS_MOMENT, _THROTTLED)
    left = [item for item in left if item not in filtered]
    random = [_status(item) for item in left if set(item.analysis.features) <= accepted]
    # One refusal of what was asked once tells nothing of it where others are refused at random, in the same way.
    chance = frozenset(status for status in random if random.count(status) > 1)
    while best := _most_refused(left, {*accepted, *catch_all}, chance):
        yield from _contradict(contract, best, [item for item in left if best in item.analysis.features])
        left = [item for item in left if best not in item.analysis.features]
    nonce = contract.provider.fields.get("idempotency", "")
    standing = _refused_each_time(judgements, nonce)
    together = _never_together(judgements)
    of_the_moment = _statuses_of_the_moment(judgements, nonce)
    passing = [
        item
        for item in left
        if _may_pass(contract, item, accepted)
        and not together.intersection(_pairs(item))
        and (
            item.exchange.id in repeated
            or (
                (_message(item, nonce) not in standing or item.exchange.id in of_a_moment)
                and _status(item) in of_the_moment
            )
        )
    ]
    for item in passing:
        yield from _set_aside(item, OF_ITS_MOMENT, _THROTTLED)
    left = [item for item in left if item not in passing]
    while pair := _most_common(pair for item in _plainest(left) for pair in together.intersection(_pairs(item))):
        of_it = [item for item in left if pair in _pairs(item)]
        yield from _contradict(contract, _telling(contract, pair, judgements), of_it)
        left = [item for item in left if item not in of_it]
    each_time = [item for item in left if _message(item, nonce) in standing]
    for clause in _least_usual(contract, each_time, judgements):
        yield from _contradict(contract, clause, [item for item in left if clause in item.analysis.features])
        left = [item for item in left if clause not in item.analysis.features]
    said = [(item, _said_by_answer(contract, item)) for item in left]
    for feature in dict.fromkeys(feature for _, feature in said if feature is not None):
        yield from _contradict(contract, feature, [item for item, other in said if other == feature])
    for clause in catch_all:
        yield from _contradict(contract, clause, [item for item, feature in said if feature is None])


def _said_by_answer(contract: Contract, item: Judgement) -> str | None:
    """Return the feature of a valid message that its refusal itself names: the key, or the sender."""
    response = item.exchange.response
    concerns = {"auth"} if response is not None and response.status == 401 else set()
    for clause in documenting(contract):
        reasons = [contract.clauses[reason] for reason in clause.params["reasons"]]
        if says(contract.provider, clause, item.answer):
            concerns |= {"sender" if reason.check == "sender_state" else reason.concern for reason in reasons}
    wanted = {"auth": "key", "sender": "sender_active"}.get(concerns.pop() if len(concerns) == 1 else "")
    features = (clause for clause in contract.with_check("accepted") if clause.id in item.analysis.features)
    return next((clause.id for clause in features if clause.params["feature"] == wanted), None)


def _message(item: Judgement, nonce: str) -> _Likeness:
    """Return what a message is but for its idempotency key, in the field `nonce`: asked again it has another."""
    return _likeness(item.exchange.credential.key, _fields(item), (nonce,))


def _refused_each_time(judgements: Sequence[Judgement], nonce: str) -> frozenset[_Likeness]:
    """Return the messages that were refused, and refused again after another one was accepted, and never accepted."""
    refused: dict[_Likeness, int] = {}
    accepted: set[_Likeness] = set()
    standing: set[_Likeness] = set()
    passed = 0
    for item in judgements:
        message = _message(item, nonce)
        if item.outcome == ACCEPTED:
            accepted.add(message)
            passed += 1
        elif item.unexplained and passed > refused.setdefault(message, passed):
            standing.add(message)
    return frozenset(standing - accepted)


# What so many accepted messages have is usual: in a large run half of them have texts of other scripts.
_USUAL = 0.6


def _least_usual(contract: Contract, standing: Sequence[Judgement], judgements: Sequence[Judgement]) -> Iterator[str]:
    """Yield the feature of each plainest refusal that fewest accepted messages have.

    Every feature was accepted, but not as it is here: one script of many, one sign. What the first accepted message
    has, the plainest of a run, tells nothing of that.
    """
    accepted = [item.analysis.features for item in judgements if item.outcome == ACCEPTED]
    plain = frozenset(accepted[0] if accepted else ())
    seen = Counter(feature for features in accepted for feature in features)
    left = [item for item in standing if _said_by_answer(contract, item) is None]
    while left:
        plainest = min(left, key=lambda item: len(item.analysis.features))
        own = (feature for feature in plainest.analysis.features if feature not in plain)
        rarest = min(own, key=lambda feature: seen[feature], default=None)
        if rarest is None or seen[rarest] > _USUAL * len(accepted):
            return
        yield rarest
        left = [item for item in left if rarest not in item.analysis.features]


def _repeated(judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the exchanges whose text was accepted for the same recipient before: a filter may know it still."""
    accepted: set[tuple[str | None, str | None]] = set()
    found = []
    for item in judgements:
        message = item.analysis.recipient, item.analysis.text
        if item.outcome == ACCEPTED:
            accepted.add(message)
        elif item.analysis.text and message in accepted:
            found.append(item.exchange.id)
    return frozenset(found)


_Pair = tuple[str, str]


def _pairs(item: Judgement) -> frozenset[_Pair]:
    return frozenset(combinations(sorted(item.analysis.features), 2))


def _plainest(items: Sequence[Judgement]) -> list[Judgement]:
    """Return the refusals of which no other has a part of the features alone: that one says more of the cause."""
    features = {frozenset(item.analysis.features) for item in items}
    return [item for item in items if not any(other < set(item.analysis.features) for other in features)]


def _never_together(judgements: Sequence[Judgement]) -> frozenset[_Pair]:
    """Return the pairs of features that were refused, again after another message was accepted, and never let in."""
    accepted = {pair for item in judgements if item.outcome == ACCEPTED for pair in _pairs(item)}
    refused: dict[_Pair, int] = {}
    standing: set[_Pair] = set()
    passed = 0
    for item in judgements:
        passed += item.outcome == ACCEPTED
        if item.unexplained:
            fresh = _pairs(item) - accepted
            standing.update(pair for pair in fresh if passed > refused.setdefault(pair, passed))
    return frozenset(standing)


def _most_common(pairs: Iterable[_Pair]) -> _Pair | None:
    counts = Counter(pairs)
    return max(sorted(counts), key=lambda pair: counts[pair], default=None)


def _telling(contract: Contract, pair: _Pair, judgements: Sequence[Judgement]) -> str:
    """Return which of two features says more of a refusal: that of another concern than most, then the rarer one."""
    seen = Counter(feature for item in judgements if item.outcome == ACCEPTED for feature in item.analysis.features)
    usual = {contract.clauses[clause].concern for clause in _catch_all(contract)}
    return min(pair, key=lambda clause: (contract.clauses[clause].concern in usual, seen[clause], clause))


def _most_refused(left: Sequence[Judgement], but: Collection[str], chance: Collection[int]) -> str | None:
    """Return the feature that most refusals have, `but` for some; not one refusal by `chance` alone."""
    having: dict[str, list[Judgement]] = {}
    for item in left:
        for feature in item.analysis.features:
            having.setdefault(feature, []).append(item)
    counts = {
        feature: len(items)
        for feature, items in having.items()
        if feature not in but and not (len(items) == 1 and _status(items[0]) in chance)
    }
    return max(counts, key=lambda feature: counts[feature], default=None)


def _status(item: Judgement) -> int:
    return item.exchange.response.status if item.exchange.response else 0


def _statuses_of_the_moment(judgements: Sequence[Judgement], nonce: str) -> frozenset[int]:
    """Return the status codes of refusals that a limit, a lock-out or a filter may have given.

    Such a thing lasts: what is asked again at once meets it again. One refusal alone may be anything, but refusals here
    and there, each accepted when it is asked again, are a service that refuses at random.
    """
    count: dict[int, int] = {}
    lasting: set[int] = set()
    last: dict[_Likeness, int] = {}
    for item in judgements:
        message, status = _message(item, nonce), _status(item)
        if item.outcome == ACCEPTED:
            last.pop(message, None)
        elif item.outcome == REFUSED and not item.analysis.reasons:
            count[status] = count.get(status, 0) + item.unexplained
            lasting |= {status} if last.get(message) == status else set()
            last[message] = status
    return frozenset(status for status in count if count[status] == 1 or status in lasting)


def _may_pass(contract: Contract, item: Judgement, accepted: Collection[str]) -> bool:
    """Whether a refusal may be of its moment: nothing that is documented, for what was accepted at other times."""
    documented = (*contract.with_check("documented_text"), *contract.with_check("documented_code"))
    named = any(says(contract.provider, clause, item.answer) for clause in documented)
    return not named and set(item.analysis.features) <= set(accepted)


def _set_aside(item: Judgement, why: str, reason: ReasonCode = ReasonCode.UNDECIDED) -> Iterator[Finding]:
    for feature in item.analysis.features:
        yield Finding(clause=feature, exchange=item.exchange.id, kind=UNDECIDED, observed=why, reason=reason)


def _catch_all(contract: Contract) -> tuple[str, ...]:
    return tuple(clause.id for clause in contract.with_check("accepted") if clause.params["feature"] == "any")


def _letters(text: str | None) -> str:
    """Name the first kinds of characters outside ASCII in a text of the suite's own."""
    kinds = dict.fromkeys(unicodedata.name(char, "").split(" ")[0] for char in text or "" if not char.isascii())
    named = [kind.lower() for kind in kinds if kind][:_MOST_KINDS]
    return f"; characters outside ASCII: {', '.join(named)}" if named else ""


_MOST_KINDS = 4


def _contradict(contract: Contract, clause: str, items: Iterable[Judgement]) -> Iterator[Finding]:
    for item in items:
        assert item.exchange.response is not None, "an unexplained refusal has an answer"
        body = item.exchange.response.body[:160].decode("utf-8", "replace")
        yield Finding(
            clause=clause,
            exchange=item.exchange.id,
            kind=CONTRADICTED,
            expected="an accepted message",
            observed=f"refused with {item.exchange.response.status}: {body}{_letters(item.analysis.text)}",
        )
        for feature in item.analysis.features:
            if feature != clause:
                yield Finding(
                    clause=feature,
                    exchange=item.exchange.id,
                    kind=UNDECIDED,
                    observed=f"refused, as it seems for {clause}",
                )
