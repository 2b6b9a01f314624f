"""Faults of TextFlow."""

from typing import Final

from sendproof.mock.faults.textflow import auth, errors, limits, numbers, requests, responses, robustness

FAULTS: Final = (
    *auth.FAULTS,
    *requests.FAULTS,
    *responses.FAULTS,
    *numbers.FAULTS,
    *errors.FAULTS,
    *limits.FAULTS,
    *robustness.FAULTS,
)
