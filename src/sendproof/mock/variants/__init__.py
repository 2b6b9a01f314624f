"""Implementations that differ from the mock in what the documents leave open."""

from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

from sendproof.mock import textflow as _textflow
from sendproof.mock import textingline as _textingline
from sendproof.mock.accounts import Provider
from sendproof.mock.faults.fault_model import Variant, on_textflow, on_textingline
from sendproof.mock.variants import http, textflow, textingline

_TEXTINGLINE: Final[tuple[Variant[_textingline.Rules], ...]] = (
    *textingline.VARIANTS,
    *(variant.lifted(on_textingline(variant.change)) for variant in http.VARIANTS),
)
_TEXTFLOW: Final[tuple[Variant[_textflow.Rules], ...]] = (
    *textflow.VARIANTS,
    *(variant.lifted(on_textflow(variant.change)) for variant in http.VARIANTS),
)


def _combined(provider: Provider, known: tuple[Variant[Any], ...], *names: str) -> Variant[Any]:
    """Return several variants as one."""
    parts = [next(variant for variant in known if variant.name == name) for name in names]

    def change(rules: Any) -> Any:
        return reduce(lambda changed, part: part.change(changed), parts, rules)

    return Variant(
        name="+".join(names),
        provider=provider,
        summary=" ".join(part.summary for part in parts),
        permission="Each of them is permitted.",
        change=change,
    )


TEXTINGLINE: Final[tuple[Variant[_textingline.Rules], ...]] = (
    *_TEXTINGLINE,
    *(
        _combined("textingline", _TEXTINGLINE, *names)
        for names in (
            ("faults-422", "code-as-text", "queued", "gzip"),
            ("problem-details", "microseconds-with-offset", "body-absent-in-mms", "chunked"),
            ("faults-403", "error-in-a-list", "seconds", "connection-close", "members-reversed"),
            ("body-before-authentication", "blank-refused", "null-is-absent", "busy"),
        )
    ),
)
TEXTFLOW: Final[tuple[Variant[_textflow.Rules], ...]] = (
    *_TEXTFLOW,
    *(
        _combined("textflow", _TEXTFLOW, *names)
        for names in (
            ("accepted-202", "queued", "refusals-403-409-422", "gzip"),
            ("body-before-authentication", "details", "sliding-window", "chunked"),
            ("other-separators-refused", "blank-refused", "json-indented", "connection-close"),
            ("busy-with-retry-after", "other-text", "more-members", "members-reversed"),
        )
    ),
)
VARIANTS: Final[Mapping[Provider, tuple[Variant[Any], ...]]] = {
    "textingline": TEXTINGLINE,
    "textflow": TEXTFLOW,
}

__all__ = ["TEXTFLOW", "TEXTINGLINE", "VARIANTS", "Variant"]
