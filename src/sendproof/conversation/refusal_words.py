"""Words of refusals: those that may be over when the same is asked again, a while later, and those that stay."""

from __future__ import annotations

from sendproof.contract.model import Contract
from sendproof.conversation.answers import is_refused, is_refused_for_its_moment
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange
from sendproof.judge.refusal_causes import Words, words
from sendproof.judge.refused import documenting

_OF_IDENTITY = (401, 403)


class RefusalWords:
    """Remembers the words of refusals: those that come and go, and those that are the service's own.

    `probe` is a request that was refused before, in words of its own: given others now, they are of the moment.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._passing: set[Words] = set()
        self._usual: set[Words] = set()
        self.probe: Case | None = None

    def is_passing(self, exchange: Exchange) -> bool:
        """Whether a request was refused in words that passed before."""
        return words(exchange) in self._passing

    def is_doubtful(self, case: Case, exchange: Exchange) -> bool:
        """Whether a request that is to be refused may have been so for something that passes.

        Its words are new and name nothing, though a document has words for the cause, or others were refused for their
        credentials in other words, or nothing is wrong with the credentials that they seem to be about.
        """
        if case.expects != "refuse" or not is_refused(self._contract.provider, exchange):
            return False
        said = words(exchange)
        if said is None or said in self._usual or said in self._passing:
            return False
        of_identity = self._is_of_identity(case)
        if self.probe is None or not is_refused_for_its_moment(self._contract, exchange):
            self._usual.add(said)
            # A lock-out may be one of the key: better a probe with the right one.
            if self.probe is None or (self._is_of_identity(self.probe) and not of_identity):
                self.probe = case
            return False
        if of_identity or case.method != self._contract.provider.method:
            return True
        if exchange.response is not None and exchange.response.status in _OF_IDENTITY:
            return True
        return any(set(case.breaks) <= set(clause.params["reasons"]) for clause in documenting(self._contract))

    def _is_of_identity(self, case: Case) -> bool:
        return all(self._contract.clauses[clause].concern == "auth" for clause in case.breaks)

    def passes(self, exchange: Exchange) -> None:
        """Take the words of a refusal for such as come and go."""
        if (said := words(exchange)) is not None:
            self._passing.add(said)
            self._usual.discard(said)

    def stays(self, exchange: Exchange) -> None:
        """Take the words of a refusal for the service's own."""
        if (said := words(exchange)) is not None:
            self._usual.add(said)


def has_same_words(exchange: Exchange, other: Exchange | None) -> bool:
    """Whether two answers say the same, but for ids and times."""
    return other is not None and words(exchange) == words(other)
