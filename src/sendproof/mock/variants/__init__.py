"""Implementations that differ from the mock in what the documents leave open."""

from collections.abc import Mapping
from typing import Any, Final

from sendproof.mock import textflow as _textflow
from sendproof.mock import textingline as _textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.faults.model import Variant, on_textflow, on_textingline
from sendproof.mock.variants import http, textflow, textingline

TEXTINGLINE: Final[tuple[Variant[_textingline.Rules], ...]] = (
    *textingline.VARIANTS,
    *(variant.lifted(on_textingline(variant.change)) for variant in http.VARIANTS),
)
TEXTFLOW: Final[tuple[Variant[_textflow.Rules], ...]] = (
    *textflow.VARIANTS,
    *(variant.lifted(on_textflow(variant.change)) for variant in http.VARIANTS),
)
VARIANTS: Final[Mapping[Provider, tuple[Variant[Any], ...]]] = {
    "textingline": TEXTINGLINE,
    "textflow": TEXTFLOW,
}

__all__ = ["TEXTFLOW", "TEXTINGLINE", "VARIANTS", "Variant"]
