"""Second readings of the two vendors' documents, as servers on loopback.

They keep every documented promise and use the freedom between the promises; each fault in
`FAULTS` breaks exactly one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from . import textflow_server, textingline_server
from .accounts import profile
from .faults import CONCERNS, FAULTS, PROVIDERS, Fault
from .web import running

__all__ = ["CONCERNS", "FAULTS", "PROVIDERS", "Fault", "profile", "serve"]


@contextmanager
def serve(provider: str, fault: str | None = None) -> Iterator[str]:
    """Run a fresh vendor for as long as the context lasts; the value is its base URL."""
    make = {"textingline": textingline_server.serve, "textflow": textflow_server.serve}
    with running(make[provider](fault=fault)) as base_url:
        yield base_url
