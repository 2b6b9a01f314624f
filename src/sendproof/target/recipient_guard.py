"""The recipient guard: what may leave for a target at all, and what it may cost at most."""

from __future__ import annotations

from sendproof.contract.provider import Provider
from sendproof.corpus.case import Case
from sendproof.target.binding import BoundRequest, bind
from sendproof.target.profile import Profile
from sendproof.target.recipients import Withheld, refusal_of


class RecipientGuard:
    """Makes the requests of cases for one target and keeps back what might reach somebody else."""

    def __init__(self, profile: Profile, provider: Provider) -> None:
        self._profile, self._provider = profile, provider
        self._allowed, self._senders = profile.reachable, frozenset(profile.senders)
        self._media = provider.fields.get("media", "").lower().encode()
        self.withheld = 0

    def admit(self, case: Case, nonce: str) -> BoundRequest:
        """Return the request of a case, or raise `Unbindable` or `Withheld`."""
        bound = bind(case, self._profile, self._provider, nonce)
        # A form in the query may be read as well; what the credentials put there is no number.
        parts = (bound.body, case.query.encode()) if case.query else (bound.body,)
        refusals = (refusal_of(part, self._provider, self._allowed, self._senders) for part in parts)
        if refusal := next(filter(None, refusals), None):
            self.withheld += 1
            raise Withheld(f"case {case.id}: expected an allowed recipient, got none: {refusal}. It is not sent.")
        return bound

    def price(self, body: bytes) -> int:
        """Return the most credits that a request with this body may cost; 0 where the contract knows no price."""
        prices = self._provider.prices
        if not prices:
            return 0
        return prices["mms" if self._media and self._media in body.lower() else "sms"]
