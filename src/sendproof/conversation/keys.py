"""Idempotency keys for messages that have none: what a gateway sends twice is one message then."""

from __future__ import annotations

from dataclasses import replace

from sendproof.contract.provider import Provider
from sendproof.conversation.answers import is_accepted
from sendproof.conversation.plan import CONTROLS
from sendproof.corpus.case import Case
from sendproof.exchange import Exchange

# By the plain ones a key is told from none; of the others every byte counts.
_WITHOUT = frozenset({CONTROLS, "json_forms", "hostile", "unknown_fields"})


class Keys:
    """Gives messages a key once the target has been seen to take one."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        name = provider.fields.get("idempotency")
        self._name = f'"{name}"'.encode() if name else None
        self._are_taken = False

    def note(self, case: Case, exchange: Exchange) -> None:
        """Take an answer into account."""
        if self._name is not None and self._name in case.body:
            self._are_taken |= is_accepted(self._provider, exchange)

    def has_its_own(self, case: Case) -> bool:
        """Whether a message has a key that is another in each sending, so that the same may be sent again."""
        return self._are_taken and self._name is not None and self._name + b':"@{nonce}"' in case.body

    def applied(self, case: Case) -> Case:
        """Return a message that ought to be accepted with a key of its own, if it has none."""
        if not self._are_taken or case.expects != "accept" or case.family in _WITHOUT:
            return case
        return keyed(case, self._name or b"")


def keyed(case: Case, name: bytes) -> Case:
    """Return a case with the field `name`, in quotes, at the end of its message, if it has none and is one."""
    if name in case.body or not case.body.endswith(b'"}') or not case.body.startswith(b"{"):
        return case
    return replace(case, body=case.body[:-1] + b"," + name + b':"@{nonce}"}')
