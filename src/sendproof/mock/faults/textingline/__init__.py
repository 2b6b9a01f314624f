"""Faults of TextingLine."""

from typing import Final

from sendproof.mock.faults.textingline import (
    auth,
    delivery,
    errors,
    idempotency,
    requests,
    responses,
    robustness,
    spending,
)

FAULTS: Final = (
    *auth.FAULTS,
    *requests.FAULTS,
    *responses.FAULTS,
    *delivery.FAULTS,
    *errors.FAULTS,
    *idempotency.FAULTS,
    *spending.FAULTS,
    *robustness.FAULTS,
)
