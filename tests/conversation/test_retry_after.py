"""How long a 429 asks to wait, whatever it says."""

from __future__ import annotations

import pytest

from sendproof.conversation.waiting import retry_after_s
from sendproof.exchange import Credential, Exchange, Request, Response

DATE = "Sun, 22 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("3", 3, 4),
        ("36000", 36_000, 36_001),
        ("9" * 400, 31_622_400, 31_622_401),
        ("Sun, 22 Nov 2026 08:00:05 GMT", 5, 7),
        ("Sun, 22 Nov 2026 08:00:05 -0000", 5, 7),
        ("Sat, 21 Nov 2026 08:00:05 GMT", 0, 2),
        ("\u00b2", 42, 42),
        ("soon", 42, 42),
        ("-1", 42, 42),
        (None, 42, 42),
    ],
)
def test_retry_after_is_read_or_the_profiles(value: str | None, least: float, most: float) -> None:
    headers = (("Date", DATE), *((("Retry-After", value),) if value is not None else ()))
    exchange = Exchange(
        id="x1",
        request=Request(method="POST", path="/"),
        response=Response(status=429, headers=headers),
        credential=Credential(key="main"),
        started_s=0.0,
        elapsed_s=0.1,
    )
    assert least <= retry_after_s(exchange, 42.0) <= most
