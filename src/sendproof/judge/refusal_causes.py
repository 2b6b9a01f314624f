"""What only other exchanges decide of a refusal: its control, whether it will pass, and which clause is to blame.

A refusal upholds a clause if the same request without the fault, its control, was accepted. A refusal *of its moment*
comes from a limit, a lock-out or a filter of which no document speaks: it is known by its words, which come and go. For
a refusal of a valid message the clause is blamed that explains most of them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from sendproof.contract.model import Contract
from sendproof.contract.pointer import at
from sendproof.contract.provider import Provider
from sendproof.contract.samples import without_serial
from sendproof.exchange import Exchange
from sendproof.judge.parsing import answer_of
from sendproof.judge.refused import documenting, names_anything_documented, says
from sendproof.judge.request_analysis import IDENTITY, WHOLE_BODY
from sendproof.judge.verdicts import ACCEPTED, CONTRADICTED, REFUSED, UNDECIDED, UPHELD, Finding, Judgement, ReasonCode

UNCONTROLLED = "the same request without the fault was not seen to be accepted"
OF_ITS_MOMENT = "refused for what no document names, perhaps for its moment"

_Fields = tuple[tuple[str, str], ...] | None
Likeness = tuple[str | None, _Fields]
"""What two messages that are alike share: the key, unless that is left out, and the fields that are not left out."""


class Messages:
    """The messages of a run, to find those that are alike but for some fields.

    Idempotency keys never count: they are never the same.
    """

    def __init__(self, contract: Contract, judgements: Sequence[Judgement]) -> None:
        self.nonce = contract.provider.fields.get("idempotency")
        self._fields = {item.exchange.id: _fields(item) for item in judgements}
        self._accepted = [item for item in judgements if item.outcome == ACCEPTED and not item.analysis.hard]
        self._alike: dict[tuple[str, ...], dict[Likeness, list[frozenset[str]]]] = {}

    def likeness(self, item: Judgement, without: tuple[str, ...] = ()) -> Likeness:
        """Return what a message is but for its idempotency key, with which it is not asked twice, and other fields."""
        fields = self._fields[item.exchange.id]
        key = None if IDENTITY in without else item.exchange.credential.key
        if WHOLE_BODY in without or fields is None:
            return key, None
        return key, tuple(field for field in fields if field[0] != self.nonce and field[0] not in without)

    def has_control(self, item: Judgement, without: tuple[str, ...]) -> bool:
        """Whether a message that is the same but for some fields was accepted."""
        return bool(self._controls(item, without))

    def has_whole_control(self, item: Judgement, without: tuple[str, ...]) -> bool:
        """Whether such a message was accepted that has all of those fields which this one has.

        An idempotency key it has only if this one does.
        """
        given = self._given(item, without)
        return any(
            given <= names and (self.nonce in names) == (self.nonce in given) for names in self._controls(item, without)
        )

    def _controls(self, item: Judgement, without: tuple[str, ...]) -> Sequence[frozenset[str]]:
        """Return, for each message that is alike, which of the fields left out it has."""
        if without not in self._alike:
            alike = self._alike.setdefault(without, {})
            for one in self._accepted:
                alike.setdefault(self.likeness(one, without), []).append(self._given(one, without))
        return self._alike[without].get(self.likeness(item, without), ())

    def _given(self, item: Judgement, without: tuple[str, ...]) -> frozenset[str]:
        return frozenset(
            name for name, _ in self._fields[item.exchange.id] or () if name == self.nonce or name in without
        )


def _fields(item: Judgement) -> _Fields:
    """Return the fields of a request with their values as text, in order; None where there are none to compare."""
    instance: Any = item.analysis.instance
    if not isinstance(instance, dict):
        return None
    return tuple(
        sorted(
            (name, f"={without_serial(value)}" if isinstance(value, str) else json.dumps(value))
            for name, value in instance.items()
        )
    )


def control_findings(
    messages: Messages, judgements: Sequence[Judgement], passing: Collection[str] = ()
) -> Iterator[Finding]:
    """Uphold a clause by a refusal for it alone, where the same request without the fault was accepted."""
    for item in judgements:
        if item.sole_reason is None:
            for reason in item.analysis.hard if item.outcome == REFUSED else ():
                yield item.finding(UNDECIDED, reason.clause, observed="refused, for any of several reasons")
            continue
        reason = item.analysis.reasons[0]
        if reason.level == "open":
            continue
        if item.exchange.id in passing:
            throttled = ReasonCode.THROTTLED
            yield item.finding(UNDECIDED, reason.clause, observed=OF_ITS_MOMENT, reason=throttled)
        elif messages.has_control(item, reason.fields):
            yield item.finding(UPHELD, reason.clause)
        else:
            yield item.finding(UNDECIDED, reason.clause, observed=UNCONTROLLED)


def uncontrolled(messages: Messages, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals for known reasons where the same request without them was never seen to be accepted."""
    found = []
    for item in judgements:
        if item.outcome == REFUSED and item.analysis.reasons:
            fields = sorted({field for reason in item.analysis.reasons for field in reason.fields})
            if not messages.has_whole_control(item, tuple(fields)):
                found.append(item.exchange.id)
    return frozenset(found)


Words = tuple[int, bytes]
"""The status code of a refusal with its error code, or its body without what is another each time."""
# Ids and times; codes are shorter, and limits and seconds count as words.
_VOLATILE = re.compile(rb"[0-9A-Fa-f-]{12,}+|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]++")
# Bytes of a body that are compared: more than any refusal says, so that a hostile answer takes no time.
_MOST_WORDS = 2_000


def words(provider: Provider, exchange: Exchange) -> Words | None:
    """Return the words of an answer; None where there is none. An error code at the pack's pointer says enough."""
    response = exchange.response
    if response is None:
        return None
    if provider.refusal_code is not None:
        code = at(answer_of(response), provider.refusal_code)
        if isinstance(code, str | int):
            return response.status, str(code)[:_MOST_WORDS].encode("utf-8", "surrogatepass")
    return response.status, _VOLATILE.sub(b"#", response.body[:_MOST_WORDS])


def of_a_moment(contract: Contract, messages: Messages, judgements: Sequence[Judgement]) -> frozenset[str]:
    """Return the refusals whose words come and go.

    Such words name nothing that is documented, and another exchange shows that they do not depend on the request: the
    same valid message was accepted at another time, or the same request refused in words that are documented for it, or
    in which its like had been refused before.
    """
    refused = [
        (item, said)
        for item in judgements
        if item.outcome == REFUSED
        and (said := words(contract.provider, item.exchange))
        and not _names_anything(contract, item)
    ]
    accepted = {messages.likeness(item) for item in judgements if item.outcome == ACCEPTED}
    of_valid = {said for item, said in refused if item.unexplained and messages.likeness(item) in accepted}
    passing = of_valid | _replaced_words(contract, judgements)
    return frozenset(item.exchange.id for item, said in refused if said in passing)


def _names_anything(contract: Contract, item: Judgement) -> bool:
    return any(says(contract.provider, clause, item.answer) for clause in documenting(contract))


def _replaced_words(contract: Contract, judgements: Sequence[Judgement]) -> set[Words]:
    """Return the words in whose place the same request was given others later: documented ones, or usual before."""
    found: set[Words] = set()
    usual: dict[tuple[str, ...], dict[Words, int]] = {}
    last: dict[Any, tuple[Words, int]] = {}
    for number, item in enumerate(judgements):
        said = words(contract.provider, item.exchange)
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


def blame_findings(
    contract: Contract, messages: Messages, judgements: Sequence[Judgement], of_its_moment: Collection[str] = ()
) -> Iterator[Finding]:
    """Blame a clause for each refusal without a reason.

    What was accepted elsewhere is no cause. Of the other features of the refused
    requests the one that explains most of them is contradicted, then the next; what
    is left is blamed on two features that were never accepted together, and then
    stands against the clause that any valid request is accepted, unless the answer names nothing that is
    documented: it may have met a limit of requests, a lock-out or a filter of duplicates, of which a document need not
    speak, but for a request that was refused each time, while others were accepted in between.
    """
    accepted_items = [item for item in judgements if item.outcome == ACCEPTED]
    accepted = {feature for item in accepted_items for feature in item.analysis.features}
    catch_all = _catch_all(contract)
    left = [item for item in judgements if item.unexplained]
    fetched = any(item.analysis.has_media for item in accepted_items)
    for item in [item for item in left if item.analysis.has_media and not fetched]:
        yield from _set_aside(item, "no media was ever accepted: its URL may not be available")
    left = [item for item in left if fetched or not item.analysis.has_media]

    repeated = _repeated(judgements)
    filtered = [item for item in left if item.exchange.id in of_its_moment and item.exchange.id in repeated]
    for item in filtered:
        yield from _set_aside(item, OF_ITS_MOMENT, ReasonCode.THROTTLED)
    left = [item for item in left if item not in filtered]

    random = [item.status for item in left if set(item.analysis.features) <= accepted]
    # One refusal of what was asked once says nothing of it where others are refused at random, in the same way.
    chance = frozenset(status for status in random if random.count(status) > 1)
    while best := _most_refused(left, {*accepted, *catch_all}, chance):
        yield from _contradict(contract, best, [item for item in left if best in item.analysis.features])
        left = [item for item in left if best not in item.analysis.features]

    refused_each_time = _refused_each_time(messages, judgements)
    together = _never_together(judgements)
    momentary = _momentary_statuses(messages, judgements)
    passing = [
        item
        for item in left
        if not names_anything_documented(contract, item.answer)
        and set(item.analysis.features) <= accepted
        and not together.intersection(_pairs(item))
        and (
            item.exchange.id in repeated
            or (
                (messages.likeness(item) not in refused_each_time or item.exchange.id in of_its_moment)
                and item.status in momentary
            )
        )
    ]
    for item in passing:
        yield from _set_aside(item, OF_ITS_MOMENT, ReasonCode.THROTTLED)
    left = [item for item in left if item not in passing]

    while pair := _most_common(pair for item in _plainest(left) for pair in together.intersection(_pairs(item))):
        clause = _rarer_of(contract, pair, accepted_items)
        yield from _contradict(contract, clause, [item for item in left if pair in _pairs(item)])
        left = [item for item in left if pair not in _pairs(item)]

    each_time = [item for item in left if messages.likeness(item) in refused_each_time]
    for clause in _least_usual(contract, each_time, accepted_items):
        yield from _contradict(contract, clause, [item for item in left if clause in item.analysis.features])
        left = [item for item in left if clause not in item.analysis.features]

    named = [(item, _named_by_answer(contract, item)) for item in left]
    for feature in dict.fromkeys(feature for _, feature in named if feature is not None):
        yield from _contradict(contract, feature, [item for item, other in named if other == feature])
    for clause in catch_all:
        yield from _contradict(contract, clause, [item for item, feature in named if feature is None])


def _catch_all(contract: Contract) -> tuple[str, ...]:
    return tuple(clause.id for clause in contract.with_check("accepted") if clause.params["feature"] == "any")


def _set_aside(item: Judgement, why: str, reason: ReasonCode = ReasonCode.UNDECIDED) -> Iterator[Finding]:
    for feature in item.analysis.features:
        yield item.finding(UNDECIDED, feature, observed=why, reason=reason)


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


def _most_refused(left: Sequence[Judgement], but: Collection[str], chance: Collection[int | None]) -> str | None:
    """Return the feature that most refusals have, `but` for some; not one refusal by `chance` alone."""
    having: dict[str, list[Judgement]] = {}
    for item in left:
        for feature in item.analysis.features:
            having.setdefault(feature, []).append(item)
    counts = {
        feature: len(items)
        for feature, items in having.items()
        if feature not in but and not (len(items) == 1 and items[0].status in chance)
    }
    return max(counts, key=lambda feature: counts[feature], default=None)


def _refused_each_time(messages: Messages, judgements: Sequence[Judgement]) -> frozenset[Likeness]:
    """Return the messages that were refused, and refused again after another one was accepted, and never accepted."""
    refused: dict[Likeness, int] = {}
    accepted: set[Likeness] = set()
    found: set[Likeness] = set()
    accepted_so_far = 0
    for item in judgements:
        message = messages.likeness(item)
        if item.outcome == ACCEPTED:
            accepted.add(message)
            accepted_so_far += 1
        elif item.unexplained and accepted_so_far > refused.setdefault(message, accepted_so_far):
            found.add(message)
    return frozenset(found - accepted)


_Pair = tuple[str, str]


def _pairs(item: Judgement) -> frozenset[_Pair]:
    return frozenset(combinations(sorted(item.analysis.features), 2))


def _never_together(judgements: Sequence[Judgement]) -> frozenset[_Pair]:
    """Return the pairs of features that were refused, again after another message was accepted, and never accepted."""
    accepted = {pair for item in judgements if item.outcome == ACCEPTED for pair in _pairs(item)}
    refused: dict[_Pair, int] = {}
    found: set[_Pair] = set()
    accepted_so_far = 0
    for item in judgements:
        accepted_so_far += item.outcome == ACCEPTED
        if item.unexplained:
            fresh = _pairs(item) - accepted
            found.update(pair for pair in fresh if accepted_so_far > refused.setdefault(pair, accepted_so_far))
    return frozenset(found)


def _momentary_statuses(messages: Messages, judgements: Sequence[Judgement]) -> frozenset[int | None]:
    """Return the status codes of refusals that a limit, a lock-out or a filter may have given.

    Such a thing lasts: what is asked again at once meets it again. One refusal alone may be anything, but refusals here
    and there, each accepted when it is asked again, are a service that refuses at random.
    """
    count: Counter[int | None] = Counter()
    lasting: set[int | None] = set()
    last: dict[Likeness, int | None] = {}
    for item in judgements:
        message = messages.likeness(item)
        if item.outcome == ACCEPTED:
            last.pop(message, None)
        elif item.outcome == REFUSED and not item.analysis.reasons:
            count[item.status] += item.unexplained
            lasting |= {item.status} if last.get(message) == item.status else set()
            last[message] = item.status
    return frozenset(status for status in count if count[status] == 1 or status in lasting)


def _plainest(items: Sequence[Judgement]) -> list[Judgement]:
    """Return the refusals of which no other has a part of the features alone: that one says more of the cause."""
    features = {frozenset(item.analysis.features) for item in items}
    return [item for item in items if not any(other < set(item.analysis.features) for other in features)]


def _most_common(pairs: Iterable[_Pair]) -> _Pair | None:
    counts = Counter(pairs)
    return max(sorted(counts), key=lambda pair: counts[pair], default=None)


def _rarer_of(contract: Contract, pair: _Pair, accepted: Sequence[Judgement]) -> str:
    """Return which of two features says more of a refusal: that of another concern than most, then the rarer one."""
    seen = Counter(feature for item in accepted for feature in item.analysis.features)
    usual = {contract.clauses[clause].concern for clause in _catch_all(contract)}
    return min(pair, key=lambda clause: (contract.clauses[clause].concern in usual, seen[clause], clause))


# What so many accepted messages have is usual: in a large run half of them have texts of other scripts.
_USUAL = 0.6


def _least_usual(contract: Contract, refused: Sequence[Judgement], accepted: Sequence[Judgement]) -> Iterator[str]:
    """Yield the feature of each plainest refusal that fewest accepted messages have.

    Every feature was accepted, but not as it is here: one script of many, one sign. What the first accepted message
    has, the plainest of a run, says nothing of that.
    """
    plain = frozenset(accepted[0].analysis.features if accepted else ())
    seen = Counter(feature for item in accepted for feature in item.analysis.features)
    left = [item for item in refused if _named_by_answer(contract, item) is None]
    while left:
        plainest = min(left, key=lambda item: len(item.analysis.features))
        own = (feature for feature in plainest.analysis.features if feature not in plain)
        rarest = min(own, key=lambda feature: seen[feature], default=None)
        if rarest is None or seen[rarest] > _USUAL * len(accepted):
            return
        yield rarest
        left = [item for item in left if rarest not in item.analysis.features]


def _named_by_answer(contract: Contract, item: Judgement) -> str | None:
    """Return the feature of a valid message that its refusal itself names: the key, or the sender."""
    concerns = {"auth"} if item.status == 401 else set()
    for clause in documenting(contract):
        reasons = [contract.clauses[reason] for reason in clause.params["reasons"]]
        if says(contract.provider, clause, item.answer):
            concerns |= {"sender" if reason.check == "sender_state" else reason.concern for reason in reasons}
    wanted = {"auth": "key", "sender": "sender_active"}.get(concerns.pop() if len(concerns) == 1 else "")
    features = (clause for clause in contract.with_check("accepted") if clause.id in item.analysis.features)
    return next((clause.id for clause in features if clause.params["feature"] == wanted), None)


# As much of a body, and as many kinds of characters, as one line of a report takes.
_SHOWN_BYTES, _SHOWN_KINDS = 160, 4


def _contradict(contract: Contract, clause: str, items: Iterable[Judgement]) -> Iterator[Finding]:
    for item in items:
        assert item.exchange.response is not None, "an unexplained refusal has an answer"
        body = item.exchange.response.body[:_SHOWN_BYTES].decode("utf-8", "replace")
        observed = f"refused with {item.status}: {body}{_letters(item.analysis.text)}"
        yield item.finding(CONTRADICTED, clause, expected="an accepted message", observed=observed)
        for feature in item.analysis.features:
            if feature != clause:
                yield item.finding(UNDECIDED, feature, observed=f"refused, as it seems for {clause}")


def _letters(text: str | None) -> str:
    """Name the first kinds of characters outside ASCII in a text of the suite's own."""
    kinds = dict.fromkeys(unicodedata.name(char, "").split(" ")[0] for char in text or "" if not char.isascii())
    named = [kind.lower() for kind in kinds if kind][:_SHOWN_KINDS]
    return f"; characters outside ASCII: {', '.join(named)}" if named else ""
