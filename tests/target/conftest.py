from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sendproof.contract.provider import Provider

from .support import PROVIDERS


@pytest.fixture
def textflow() -> Provider:
    return PROVIDERS["textflow"]


@pytest.fixture
def textingline() -> Provider:
    return PROVIDERS["textingline"]


@pytest.fixture
def minimal() -> Callable[..., dict[str, Any]]:
    def build(**changes: Any) -> dict[str, Any]:
        return {
            "provider": "textflow",
            "base_url": "https://api.example.com",
            "credentials": {"api_key": "sk_live_abcdef123456"},
            "account": {"senders": ["+12025550110"], "recipients": ["+12025550120"]},
            **changes,
        }

    return build
