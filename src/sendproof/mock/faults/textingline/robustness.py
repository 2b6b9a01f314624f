"""Faults of TextingLine: what should never fail."""

from typing import Final

from sendproof.mock.faults.textingline.kit import fault, without_step
from sendproof.mock.textingline import (
    post_is_asked,
)

FAULTS: Final = (
    fault(
        "other-methods-taken",
        "Any method sends.",
        "A route registered for all methods.",
        without_step(post_is_asked),
        "http.robustness.method-not-allowed",
    ),
)
