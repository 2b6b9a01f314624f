"""A server for TextingLine's Send a Message and TextFlow's Send SMS on raw asyncio protocols.

Each provider's module lists the freedoms it takes where the documents are silent; `message`, `wire` and `protocol` list
those of the transport, `phone` and `limits` those of numbers and windows.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from .faults import FAULTS, TEXTFLOW, TEXTINGLINE
from .profiles import textflow_profile, textingline_profile
from .protocol import Application
from .runner import running
from .textflow import TextFlow
from .textingline import TextingLine

__all__ = ["FAULTS", "profile", "serve"]

_APPLICATIONS: dict[str, type[TextingLine | TextFlow]] = {TEXTINGLINE: TextingLine, TEXTFLOW: TextFlow}
_PROFILES = {TEXTINGLINE: textingline_profile, TEXTFLOW: textflow_profile}


def serve(provider: str, fault: str | None = None) -> AbstractContextManager[str]:
    """Serve *provider* on a free loopback port, with *fault* if one is named; the context yields the base URL."""
    application = _APPLICATIONS.get(provider)
    if application is None:
        raise ValueError(f"provider: expected one of {sorted(_APPLICATIONS)}, got {provider!r}")
    if fault is not None and FAULTS.get(fault, ("", ""))[0] != provider:
        raise ValueError(f"fault: expected one of {provider}'s, got {fault!r}")

    def build() -> Application:
        return application(fault)

    return running(build)


def profile(provider: str, base_url: str) -> dict[str, object]:
    """Return the target profile of *provider* at *base_url*, with credentials as plain strings."""
    return _PROFILES[provider](base_url)
