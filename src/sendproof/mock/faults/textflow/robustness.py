"""Faults of TextFlow: what should never fail."""

from dataclasses import replace
from typing import Final

from sendproof.mock.faults.edits import (
    crash,
)
from sendproof.mock.faults.textflow.kit import fault, without_step
from sendproof.mock.textflow import (
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
    fault(
        "sent-message-answered-500",
        "A message with a line break ends in a 500.",
        "A header of the carrier's API is built from the text.",
        lambda r: replace(
            r,
            http=replace(r.http, before=(*r.http.before, crash(lambda call: b"\\n" in call.body))),
        ),
        "http.robustness.no-server-error",
    ),
)
