"""Implementations wrong on purpose: the faults of each mock."""

from collections.abc import Mapping
from typing import Any, Final

from sendproof.mock import textflow as _textflow
from sendproof.mock import textingline as _textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.faults import http, textflow, textingline
from sendproof.mock.faults.model import Fault, named, on_textflow, on_textingline

TEXTINGLINE: Final[tuple[Fault[_textingline.Rules], ...]] = (
    *textingline.FAULTS,
    *(fault.lifted(on_textingline(fault.change)) for fault in http.FAULTS),
)
TEXTFLOW: Final[tuple[Fault[_textflow.Rules], ...]] = (
    *textflow.FAULTS,
    *(fault.lifted(on_textflow(fault.change)) for fault in http.FAULTS),
)
FAULTS: Final[Mapping[Provider, tuple[Fault[Any], ...]]] = {
    "textingline": TEXTINGLINE,
    "textflow": TEXTFLOW,
}

__all__ = ["FAULTS", "TEXTFLOW", "TEXTINGLINE", "Fault", "named"]
