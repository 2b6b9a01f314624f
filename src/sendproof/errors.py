"""The errors of sendproof, split by who must act on them."""

from __future__ import annotations


class SendproofError(Exception):
    """Base of every error that sendproof raises on purpose.

    The text is one line: where: expected X, got Y. What to do.
    """

    exit_code = 3


class UsageError(SendproofError):
    """The user's words are off: an option, a profile, a waiver. Exit 4."""

    exit_code = 4


class ContractError(SendproofError):
    """A file of the contract is wrong: schema, clauses, provider. Exit 3."""


class TargetError(SendproofError):
    """The target could not be judged: unreachable, wrong key, no API there. Exit 11."""

    exit_code = 11
