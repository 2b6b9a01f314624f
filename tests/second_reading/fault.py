"""What a fault is, and how one is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .web import Vendor

CONCERNS = (
    "auth",
    "requests",
    "responses",
    "normalization",
    "delivery",
    "errors",
    "idempotency",
    "credits",
    "rate_limits",
    "robustness",
)
AnyVendor = TypeVar("AnyVendor", bound=Vendor)


@dataclass(frozen=True)
class Fault:
    """One broken promise; `vendor` makes the vendor that breaks it."""

    name: str
    provider: str
    concern: str
    promise: str
    vendor: Callable[[], Vendor]


class Catalogue(dict[str, Fault]):
    """The faults of one provider by name."""

    def __init__(self, provider: str) -> None:
        super().__init__()
        self.provider = provider

    def breaks(self, name: str, concern: str, promise: str) -> Callable[[type[AnyVendor]], type[AnyVendor]]:
        """Declare that the decorated vendor breaks this promise."""
        if name in self or concern not in CONCERNS:
            raise ValueError(name)

        def register(vendor: type[AnyVendor]) -> type[AnyVendor]:
            self[name] = Fault(name, self.provider, concern, promise, vendor)
            return vendor

        return register
