"""Every fault of both vendors in one table."""

from .fault import CONCERNS, Fault
from .textflow_faults import FLOW_FAULTS
from .textflow_server import TextFlow
from .textingline_faults import LINE_FAULTS
from .textingline_server import TextingLine
from .web import Vendor

__all__ = ["CONCERNS", "FAULTS", "PROVIDERS", "Fault", "vendor"]

FAULTS: dict[str, Fault] = {**LINE_FAULTS, **FLOW_FAULTS}
PROVIDERS: dict[str, type[Vendor]] = {"textingline": TextingLine, "textflow": TextFlow}


def vendor(provider: str, fault: str | None = None) -> Vendor:
    """A fresh vendor, conforming unless a fault of that provider is named."""
    if fault is None:
        return PROVIDERS[provider]()
    if fault not in FAULTS or FAULTS[fault].provider != provider:
        raise ValueError(f"{provider} has no fault named {fault!r}")
    return FAULTS[fault].vendor()
