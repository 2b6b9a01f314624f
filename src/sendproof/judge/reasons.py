"""Why a clause was not decided: one closed set of codes, each with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ReasonCode(StrEnum):
    """Why a verdict is neither a pass nor a failure. `SENTENCES` says each in words."""

    NO_FIXTURE = "no_fixture"
    BUDGET = "budget"
    FILTERED = "filtered"
    DEPENDENCY = "dependency"
    NO_TEST = "no_test"
    VOID = "void"
    SUSPECT = "suspect"
    NOT_DISTINGUISHED = "not_distinguished"
    ACCOUNT_DRY = "account_dry"
    THROTTLED = "throttled"
    NOT_RECORDED = "not_recorded"
    UNDECIDED = "undecided"


SENTENCES: Mapping[ReasonCode, str] = MappingProxyType(
    {
        ReasonCode.NO_FIXTURE: "the profile names nothing to show it with",
        ReasonCode.BUDGET: "the budget was spent before",
        ReasonCode.FILTERED: "the run was told not to ask",
        ReasonCode.DEPENDENCY: "what it rests on was not reached or does not hold",
        ReasonCode.NO_TEST: "no request of this run could show it",
        ReasonCode.VOID: "what the documents permit leaves nothing to look at",
        ReasonCode.SUSPECT: "the answers contradict it or the clause that fails, and do not tell which",
        ReasonCode.NOT_DISTINGUISHED: "a service that breaks it may answer in the same way",
        ReasonCode.ACCOUNT_DRY: "the account seems to have no credits left",
        ReasonCode.THROTTLED: "a limit of requests was in the way",
        ReasonCode.NOT_RECORDED: "the recording does not tell it",
        ReasonCode.UNDECIDED: "it was asked, and the answers do not decide it",
    }
)

# Nothing that a user of the tool could add to a run would decide these.
NEVER_GATE = frozenset({ReasonCode.VOID, ReasonCode.NOT_DISTINGUISHED})
# What the user chose not to ask, or has nothing to ask it with, gates only where everything is demanded.
EXCUSED = frozenset({ReasonCode.NO_FIXTURE, ReasonCode.FILTERED})

# Of several reasons of one clause the first of these is given. Those that never gate come last: where another
# reason left the clause undecided too, more of the same asking could have decided it.
PRECEDENCE = (
    ReasonCode.SUSPECT,
    ReasonCode.ACCOUNT_DRY,
    ReasonCode.THROTTLED,
    ReasonCode.DEPENDENCY,
    ReasonCode.NOT_RECORDED,
    ReasonCode.UNDECIDED,
    ReasonCode.BUDGET,
    ReasonCode.NO_TEST,
    ReasonCode.NO_FIXTURE,
    ReasonCode.FILTERED,
    ReasonCode.NOT_DISTINGUISHED,
    ReasonCode.VOID,
)
